import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { checkConvertible, convertedSlide } from '../converted-slide.ts';
import { asRgb, checkSamples, hasInkProfile, openImage, profileIn, reason, unreadable } from '../image-file.ts';
import { omePixels } from '../ome-xml.ts';
import type { Reader } from '../readers.ts';
import type { Recognized } from '../recognize.ts';
import { tiffMpp, tiffObjective } from '../resolution.ts';
import type { SlideHeader, TiffLevel } from '../slide.ts';
import { tiffAssociated } from '../tiff-associated.ts';
import { compressionProblem } from '../tiff-compression.ts';
import { readTiffDirectories, type TiffDirectory } from '../tiff-directories.ts';
import { colourPlaneLevels, hasOverview, mainPage, tiffLevels } from '../tiff-levels.ts';
import { hasOtherSamples, planesOf, samplesProblem } from '../tiff-samples.ts';
import { tiffSource } from '../tiff-source.ts';
import { servedTileSize } from '../tile-grid.ts';
import { createTileReader } from '../tile-reader.ts';

/** Pixels along a side of a tile: no slide has longer ones, and libvips has no words for them. */
const LONGEST_TILE = 65_536;

/** libvips does not read them, so nothing can be made of them. */
const PLANES_IN_TILES =
  'its samples lie apart, in tiles; red, green and blue without alpha were expected, tiles of up to 2048 pixels a side, and smaller levels where it is large';

/**
 * TIFF and BigTIFF: pyramids of pages or SubIFDs, Aperio's slides, OME-TIFF. Of a tiled one regions are read as they are;
 * one in strips or in huge tiles, or a large one without a level for overviews, is turned into a lossless tiled pyramid in
 * the store first, once for each version of the file.
 */
export const tiffReader: Reader = {
  header: async (recognized) => (await inspect(recognized)).header,

  async describe(recognized, options) {
    const { header, page, levels, tileSize, ...samples } = await inspect(recognized);
    const fingerprint = readingFingerprint(options.fingerprint, levels, samples);
    if (!hasOverview(levels)) {
      return await convertedSlide(header, { page, turned: false, ...samples }, { ...options, fingerprint });
    }
    const { file, format, reader, width, height, mpp } = header;
    const { version } = options;
    const shared = { file, format, reader, width, height, mpp, fingerprint, version };
    const description = { ...shared, regionFile: file, levels, tileSize };
    // One pixel, so that tiles that cannot be decoded are found now and not with every one of them.
    const pixel = { x: 0, y: 0, width: 1, height: 1, data: new Uint8Array(3) };
    await tiffSource(description, createTileReader()).fill(0, [pixel]);
    return description;
  },

  open: (description, { tiles }) => tiffSource(description, tiles),

  profile: async ({ file }) => profileIn(file, mainPage(await readTiffDirectories(file))),

  associated: {
    list: async (recognized) => tiffAssociated(recognized).map(({ name, width, height }) => ({ name, width, height })),
    async read(recognized, { name }) {
      const { file } = recognized;
      const found = tiffAssociated(recognized).find((each) => each.name === name);
      if (found === undefined) throw unreadable(file, `it has no image ${name}`);
      const { data, info } = await asRgb(
        openImage(file, { page: found.page }),
        hasOtherSamples(recognized.directories[found.page]),
      )
        .raw()
        .toBuffer({ resolveWithObject: true })
        .catch((error: unknown) => {
          throw unreadable(file, `its image ${name} cannot be decoded (${reason(error)})`, error);
        });
      return { width: info.width, height: info.height, data };
    },
  },
};

interface Inspected {
  header: SlideHeader;
  page: number;
  hasOthers: boolean;
  hasInkProfile: boolean;
  /** Empty where regions cannot be read from the file itself. */
  levels: TiffLevel[];
  tileSize: number;
}

async function inspect({ file, format, directories }: Recognized): Promise<Inspected> {
  const page = mainPage(directories);
  const main = directories[page];
  checkDirectory(file, main);
  const ome = omePixels(directories[0].description, main);
  const hasOthers = hasOtherSamples(main);
  const found = (ome?.hasColourPlanes ? colourPlaneLevels(directories) : null) ?? tiffLevels(directories);
  const plain = hasOthers ? found.map((level) => ({ ...level, hasOthers })) : found;
  if (main.isPlanar && main.tile !== null && (planesOf(main) === null || !hasOverview(plain))) {
    throw unreadable(file, PLANES_IN_TILES);
  }
  const hasInk = hasInkProfile(await checkSamples(file, page));
  const levels = hasInk ? plain.map((level) => ({ ...level, hasInkProfile: hasInk })) : plain;
  const { size } = await stat(file);
  if (main.dataEnd > size) {
    throw unreadable(file, `it is truncated: ${main.dataEnd} bytes were expected, ${size} were found`);
  }
  const { width, height } = main;
  if (!hasOverview(levels)) await checkConvertible(file, main, false);
  const header: SlideHeader = {
    file,
    format,
    reader: 'tiff',
    width,
    height,
    mpp: tiffMpp(directories[0], main),
    objective: tiffObjective(directories[0]),
    channels: ome === null || ome.channels.length < 2 ? [] : ome.channels,
    levels:
      levels.length > 0 ? levels.map((level) => ({ width: level.width, height: level.height })) : [{ width, height }],
  };
  return { header, page, hasOthers, hasInkProfile: hasInk, levels, tileSize: servedTileSize(main.tile) };
}

/** Finds what libvips would stumble over later, or find no words for. */
function checkDirectory(file: string, directory: TiffDirectory): void {
  const { width, height, tile, parts, compression } = directory;
  if (!(width > 0 && height > 0)) {
    throw unreadable(file, `its size is ${width} x ${height}, at least one pixel on each side was expected`);
  }
  if (tile !== null && !(tile.width > 0 && tile.height > 0)) {
    throw unreadable(
      file,
      `its tiles are ${tile.width} x ${tile.height}, at least one pixel on each side was expected`,
    );
  }
  if (tile !== null && Math.max(tile.width, tile.height) > LONGEST_TILE) {
    throw unreadable(
      file,
      `its tiles are ${tile.width} x ${tile.height}, at most ${LONGEST_TILE} pixels a side were expected`,
    );
  }
  if (parts.found < parts.expected) {
    const kind = tile === null ? 'strips' : 'tiles';
    throw unreadable(
      file,
      `a picture of ${width} x ${height} pixels has ${parts.expected} ${kind}, its directory tells of ${parts.found}`,
    );
  }
  const problem = compressionProblem(compression) ?? samplesProblem(directory);
  if (problem !== null) throw unreadable(file, problem);
}

/**
 * Another slide than its first plane alone, which is what it was when the others were not looked at, and than what it was when
 * any fourth sample was taken for alpha, or CMYK was converted by a profile that was not its own.
 */
function readingFingerprint(
  fingerprint: string,
  levels: readonly TiffLevel[],
  { hasOthers, hasInkProfile }: Pick<Inspected, 'hasInkProfile' | 'hasOthers'>,
): string {
  const how = [
    ...(levels[0]?.planes ? ['colour planes'] : []),
    ...(hasOthers ? ['colours alone'] : []),
    ...(hasInkProfile ? ['ink profile'] : []),
  ];
  if (how.length === 0) return fingerprint;
  return createHash('sha256')
    .update([fingerprint, ...how].join(' '))
    .digest('hex')
    .slice(0, 16);
}

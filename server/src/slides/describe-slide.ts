import { stat } from 'node:fs/promises';
import type { Metadata } from 'sharp';
import { fileVersion } from './file-version.ts';
import { slideFingerprint } from './fingerprint.ts';
import { fileProblem, type ImageFormat, imageFormat, openImage, reason, unreadable } from './image-file.ts';
import { losslessPyramid, type OnProgress, PYRAMID_TILE_SIZE } from './lossless-pyramid.ts';
import { openSlide } from './open-slide.ts';
import { densityMpp, tiffMpp } from './resolution.ts';
import type { SlideDescription, SlideLevel } from './slide.ts';
import { readTiffDirectories, type TiffDirectory } from './tiff-directories.ts';
import { hasOverview, mainPage, tiffLevels } from './tiff-levels.ts';

export interface DescribeOptions {
  /** Folder of the server's data; the pyramids that had to be made lie in its `slides`. */
  store: string;
  /** Called, 0 to 1, while a pyramid is made. */
  onProgress?: OnProgress;
  /** Ends the wait for a pyramid. */
  signal?: AbortSignal;
}

/** What a file's header tells; reads no pixels. */
export type SlideHeader = Pick<SlideDescription, 'file' | 'format' | 'width' | 'height' | 'mpp'>;

interface Inspected extends SlideHeader {
  page: number;
  /** Empty where regions cannot be read from the file itself. */
  levels: SlideLevel[];
  tileSize: number;
}

/**
 * Size, format and resolution of a slide: enough for a listing, at the cost of reading its header.
 * @throws Problem `not-found`, `unreadable-slide`
 */
export async function readSlideHeader(file: string): Promise<SlideHeader> {
  const { format, width, height, mpp } = await inspect(file);
  return { file, format, width, height, mpp };
}

/**
 * Everything that is needed to read a slide. Of a tiled TIFF regions are read as they are; anything else (JPEG, PNG, WebP,
 * TIFF in strips or in huge tiles, tiled TIFF that is large and has no level for overviews) is turned into a lossless
 * tiled pyramid in the store first, once for each version of the file.
 * @throws Problem `not-found`, `unreadable-slide`, or `failed` where the store cannot be written
 */
export async function describeSlide(
  file: string,
  { store, onProgress, signal }: DescribeOptions,
): Promise<SlideDescription> {
  const version = await fileVersion(file);
  const { page, levels, tileSize, ...header } = await inspect(file);
  const fingerprint = await slideFingerprint(file);
  if (hasOverview(levels))
    return await checked({ ...header, regionFile: file, levels, tileSize, fingerprint, version });
  const regionFile = await losslessPyramid({ file, page, size: header, fingerprint }, store, { onProgress, signal });
  const made = await directoriesOf(regionFile);
  return {
    ...header,
    regionFile,
    levels: tiffLevels(made),
    tileSize: PYRAMID_TILE_SIZE,
    fingerprint,
    version: await fileVersion(regionFile),
  };
}

async function inspect(file: string): Promise<Inspected> {
  const found = await stat(file).catch((error: unknown) => {
    throw fileProblem(file, error);
  });
  if (!found.isFile()) throw unreadable(file, 'it is a folder or a device, a file was expected');
  const format = await imageFormat(file);
  return format === 'TIFF' ? inspectTiff(file) : inspectPicture(file, format);
}

async function inspectTiff(file: string): Promise<Inspected> {
  const directories = await directoriesOf(file);
  const page = mainPage(directories);
  const main = directories[page];
  await headerOf(file, page);
  const { size } = await stat(file);
  if (main.dataEnd > size) {
    throw unreadable(file, `it is truncated: ${main.dataEnd} bytes were expected, ${size} were found`);
  }
  const square = main.tile !== null && main.tile.width === main.tile.height ? main.tile.width : 0;
  return {
    file,
    format: 'TIFF',
    width: main.width,
    height: main.height,
    mpp: tiffMpp(main),
    page,
    levels: tiffLevels(directories),
    tileSize: square >= 256 && square <= 1024 ? square : PYRAMID_TILE_SIZE,
  };
}

async function inspectPicture(file: string, format: ImageFormat): Promise<Inspected> {
  const { width, height, density } = await headerOf(file, 0);
  return { file, format, width, height, mpp: densityMpp(density), page: 0, levels: [], tileSize: PYRAMID_TILE_SIZE };
}

async function directoriesOf(file: string): Promise<TiffDirectory[]> {
  try {
    return await readTiffDirectories(file);
  } catch (error) {
    throw unreadable(file, reason(error), error);
  }
}

async function headerOf(file: string, page: number): Promise<Metadata> {
  const metadata = await openImage(file, { page })
    .metadata()
    .catch((error: unknown) => {
      throw unreadable(file, reason(error), error);
    });
  if (metadata.depth !== 'uchar' && metadata.depth !== 'ushort') {
    throw unreadable(file, `8 or 16 bits per channel were expected, its samples are of type ${metadata.depth}`);
  }
  return metadata;
}

/** Reads one pixel, so that a compression that libvips does not know is found now and not in every tile. */
async function checked(description: SlideDescription): Promise<SlideDescription> {
  await openSlide(description).readRegion(0, { x: 0, y: 0, width: 1, height: 1 });
  return description;
}

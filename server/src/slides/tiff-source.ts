import { copyOverlap, emptyPixels, type RegionPixels } from './copy-pixels.ts';
import { asRgb, openImage, reason, unreadable } from './image-file.ts';
import type { RegionSource } from './readers.ts';
import { regionBlocks } from './region-blocks.ts';
import type { SlideDescription, TiffLevel } from './slide.ts';
import type { TileReader } from './tile-reader.ts';
import { encodedTile, storedTile } from './whole-tile.ts';

/**
 * Pixels of a tiled TIFF, the user's or a lossless pyramid. Each read decodes the tiles under its regions alone.
 */
export function tiffSource(description: SlideDescription, tiles: TileReader): RegionSource {
  const { regionFile } = description;
  const fillPlane = async (level: TiffLevel, number: number, regions: readonly RegionPixels[]) => {
    // What the tiles do not tell, and what is damaged, is libvips' to read or to refuse.
    const isFilled = await tiles.fill(regionFile, level, regions).catch((error: unknown) => {
      if (level.plane === undefined) return false;
      throw unreadable(regionFile, `its pixels of level ${number} cannot be decoded (${reason(error)})`, error);
    });
    if (!isFilled) await fillFromFile(regionFile, level, number, regions);
  };
  return {
    async fill(number, regions) {
      const { planes, ...level } = tiffLevel(description, number);
      await fillPlane(level, number, regions);
      for (const [index, place] of (planes ?? []).entries()) {
        const copies = regions.map(emptyPixels);
        await fillPlane({ ...level, ...place }, number, copies);
        copies.forEach((copy, i) => {
          copySample(copy, regions[i], index + 1);
        });
      }
    },
    async storedJpeg(number, region) {
      const level = tiffLevel(description, number);
      if (level.planes !== undefined) return null;
      // What is damaged is found out again, and told, when it is decoded.
      return await storedTile(regionFile, level, region).catch(() => null);
    },
    async encoded(number, region, coding) {
      const level = tiffLevel(description, number);
      if (level.planes !== undefined) return null;
      return await encodedTile(regionFile, level, region, coding).catch(() => null);
    },
    close: async () => {},
  };
}

/** Copies one of the three samples of every pixel. */
function copySample(source: RegionPixels, target: RegionPixels, sample: number): void {
  for (let at = sample; at < source.data.length; at += 3) target.data[at] = source.data[at];
}

function tiffLevel({ levels }: SlideDescription, number: number): TiffLevel {
  const level = levels[number];
  if (!('page' in level)) throw new TypeError(`level ${number} is not one of a TIFF`);
  return level;
}

/** Every read opens the whole file, which takes about 1 ms, and 4 ms or more where it has 10^10 pixels. */
async function fillFromFile(
  file: string,
  level: TiffLevel,
  number: number,
  regions: readonly RegionPixels[],
): Promise<void> {
  await Promise.all(
    regionBlocks(regions).map(async ({ region, members }) => {
      const block = { ...region, data: await readFromFile(file, level, number, region) };
      for (const member of members) copyOverlap(block, member);
    }),
  );
}

async function readFromFile(
  file: string,
  { page, subifd, hasOthers, hasInkProfile }: TiffLevel,
  number: number,
  { x, y, width, height }: Omit<RegionPixels, 'data'>,
): Promise<Uint8Array> {
  try {
    const place = subifd < 0 ? { page } : { page, tiff: { subifd } };
    const image = openImage(file, { ...place, ignoreIcc: !hasInkProfile });
    return await asRgb(image.extract({ left: x, top: y, width, height }), hasOthers)
      .raw()
      .toBuffer();
  } catch (error) {
    throw unreadable(file, `its pixels at ${x}, ${y} of level ${number} cannot be decoded (${reason(error)})`, error);
  }
}

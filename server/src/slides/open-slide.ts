import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';
import { copyOverlap, emptyPixels, type RegionPixels } from './copy-pixels.ts';
import { asRgb, openImage, reason, unreadable } from './image-file.ts';
import { regionBlocks } from './region-blocks.ts';
import type { SlideDescription, SlideReader } from './slide.ts';
import { createTileReader, type TileReader } from './tile-reader.ts';

/** For those who never read a tile twice. */
const keepingNothing = createTileReader();

/**
 * A reader of a described slide; any process that sees its `regionFile` can have one. Opening costs nothing, and reads
 * may run concurrently: each opens the file by itself and decodes the tiles under its regions alone.
 * @param tiles may be shared by the readers of many slides
 */
export function openSlide(description: SlideDescription, tiles: TileReader = keepingNothing): SlideReader {
  const fill: SlideReader['fill'] = async (level, regions) => {
    for (const region of regions) check(description, level, region);
    // What the tiles do not tell, and what is damaged, is libvips' to read or to refuse.
    const isFilled = await tiles.fill(description.regionFile, description.levels[level], regions).catch(() => false);
    if (!isFilled) await fillFromFile(description, level, regions);
  };
  return {
    description,
    fill,
    async readRegion(level, region) {
      const target = emptyPixels(region);
      await fill(level, [target]);
      return target.data;
    },
  };
}

function check({ levels }: SlideDescription, level: number, { x, y, width, height }: Rectangle): void {
  const stored = levels[level];
  if (stored === undefined) throw new RangeError(`level ${level} of ${levels.length}`);
  if (!(x >= 0 && y >= 0 && width > 0 && height > 0 && x + width <= stored.width && y + height <= stored.height)) {
    throw new RangeError(`region ${x},${y},${width},${height} of level ${stored.width} x ${stored.height}`);
  }
}

/** Every read opens the whole file, which takes about 1 ms, and 4 ms or more where it has 10^10 pixels. */
async function fillFromFile(
  description: SlideDescription,
  level: number,
  regions: readonly RegionPixels[],
): Promise<void> {
  await Promise.all(
    regionBlocks(regions).map(async ({ region, members }) => {
      const block = { ...region, data: await readFromFile(description, level, region) };
      for (const member of members) copyOverlap(block, member);
    }),
  );
}

async function readFromFile(
  { regionFile, levels }: SlideDescription,
  level: number,
  { x, y, width, height }: Rectangle,
): Promise<Uint8Array> {
  const { page, subifd } = levels[level];
  try {
    return await asRgb(
      openImage(regionFile, subifd < 0 ? { page } : { page, tiff: { subifd } }).extract({
        left: x,
        top: y,
        width,
        height,
      }),
    )
      .raw()
      .toBuffer();
  } catch (error) {
    throw unreadable(
      regionFile,
      `its pixels at ${x}, ${y} of level ${level} cannot be decoded (${reason(error)})`,
      error,
    );
  }
}

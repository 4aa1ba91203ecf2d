import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';
import { emptyPixels } from './copy-pixels.ts';
import { type RegionSource, readerNamed } from './readers.ts';
import type { OpenedSlide, SlideDescription } from './slide.ts';
import { createTileReader, type TileReader } from './tile-reader.ts';

/** For those who never read a tile twice. */
const keepingNothing = createTileReader();

/**
 * A reader of a described slide; any process that sees its `regionFile` can have one. Opening costs nothing, and reads
 * may run concurrently.
 * @param tiles may be shared by the readers of many slides
 */
export function openSlide(description: SlideDescription, tiles: TileReader = keepingNothing): OpenedSlide {
  let opening: Promise<RegionSource> | undefined;
  const opened = () => {
    opening ??= readerNamed(description.reader).then((reader) => reader.open(description, { tiles }));
    return opening;
  };
  const fill: OpenedSlide['fill'] = async (level, regions) => {
    for (const region of regions) check(description, level, region);
    await (await opened()).fill(level, regions);
  };
  return {
    description,
    fill,
    async readRegion(level, region) {
      const target = emptyPixels(region);
      await fill(level, [target]);
      return target.data;
    },
    storedJpeg: async (level, region) => (await (await opened()).storedJpeg?.(level, region)) ?? null,
    encoded: async (level, region, coding) => (await (await opened()).encoded?.(level, region, coding)) ?? null,
    close: async () => void (await (await opening)?.close()),
  };
}

function check({ levels }: SlideDescription, level: number, { x, y, width, height }: Rectangle): void {
  const stored = levels[level];
  if (stored === undefined) throw new RangeError(`level ${level} of ${levels.length}`);
  if (!(x >= 0 && y >= 0 && width > 0 && height > 0 && x + width <= stored.width && y + height <= stored.height)) {
    throw new RangeError(`region ${x},${y},${width},${height} of level ${stored.width} x ${stored.height}`);
  }
}

import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';
import { asRgb, openImage, reason, unreadable } from './image-file.ts';
import type { SlideDescription, SlideReader } from './slide.ts';

/**
 * A reader of a described slide; any process that sees its `regionFile` can have one. Opening costs nothing, and reads
 * may run concurrently: each opens the file by itself and decodes the tiles under its region alone.
 */
export function openSlide(description: SlideDescription): SlideReader {
  return {
    description,
    readRegion: (level, region) => readRegion(description, level, region),
  };
}

async function readRegion(
  { regionFile, levels }: SlideDescription,
  level: number,
  { x, y, width, height }: Rectangle,
): Promise<Uint8Array> {
  const stored = levels[level];
  if (stored === undefined) throw new RangeError(`level ${level} of ${levels.length}`);
  if (!(x >= 0 && y >= 0 && width > 0 && height > 0 && x + width <= stored.width && y + height <= stored.height)) {
    throw new RangeError(`region ${x},${y},${width},${height} of level ${stored.width} x ${stored.height}`);
  }
  const where = stored.subifd < 0 ? { page: stored.page } : { page: stored.page, tiff: { subifd: stored.subifd } };
  try {
    return await asRgb(openImage(regionFile, where).extract({ left: x, top: y, width, height }))
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

import type { Size } from '../../../shared/geometry/deep-zoom.ts';
import { resampleArea } from '../../../shared/resample-area.ts';
import type { SlideReader } from '../slides/slide.ts';
import { levelFor, levelScales } from '../slides/stored-level.ts';

/**
 * Size of a picture of the slide at a scale, above 0 and up to 1. Its pixel i covers slide pixels [i / scale, (i + 1) /
 * scale), so sides are rounded up; what remains of a side below a thousandth of a pixel is float noise.
 */
export function renderedSize({ width, height }: Size, scale: number): Size {
  const side = (length: number) => Math.max(1, Math.ceil(length * scale - 1e-3));
  return { width: side(width), height: side(height) };
}

/**
 * Rows [y, y + height) of the picture of the slide at a scale, in full width: shape [height, width, 3]. They are resampled
 * from the nearest stored level, and the exact pixels where that level has the scale itself.
 */
export async function readStrip(reader: SlideReader, scale: number, y: number, height: number): Promise<Uint8Array> {
  const { description } = reader;
  const { width } = renderedSize(description, scale);
  const scales = levelScales(description);
  const level = levelFor(scales, 1 / scale);
  const stored = description.levels[level];
  const factor = 1 / scale / scales[level];
  const top = Math.min(Math.floor(y * factor), stored.height - 1);
  const bottom = Math.min(stored.height, Math.max(top + 1, Math.ceil((y + height) * factor)));
  const region = { x: 0, y: top, width: stored.width, height: bottom - top };
  const data = await reader.readRegion(level, region);
  if (factor === 1 && stored.width === width && region.height === height) return data;
  return resampleArea({ ...region, data }, { x: 0, y: y * factor, scale: factor }, { width, height });
}

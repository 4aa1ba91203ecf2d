import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';
import { resampleArea } from '../../../shared/resample-area.ts';
import { copyOverlap, emptyPixels } from './copy-pixels.ts';
import type { SlideReader } from './slide.ts';
import { levelFor, levelScales } from './stored-level.ts';

/**
 * Pixels of a stored level that are read at once, along a side: a tile of an overview may lie over far more of them, where
 * the slide has no level in between.
 */
const BLOCK = 4096;

/**
 * RGB pixels of a rectangle of the slide as it looks when `scale` slide pixels, 1 or more, become one along a side,
 * each the mean of those it covers, taken from the nearest stored level above.
 * @param bounds in pixels of that size
 * @returns shape [height, width, 3]
 * @throws Problem `unreadable-slide` where the file is damaged there
 */
export async function scaledPixels(reader: SlideReader, bounds: Rectangle, scale: number): Promise<Uint8Array> {
  const { width, height } = bounds;
  const scales = levelScales(reader.description);
  const stored = levelFor(scales, scale);
  const factor = scale / scales[stored];
  const step = Math.max(1, Math.floor(BLOCK / factor));
  if (width <= step && height <= step) return pixelsOf(reader, stored, bounds, factor);
  const whole = emptyPixels(bounds);
  for (let y = 0; y < height; y += step) {
    for (let x = 0; x < width; x += step) {
      const size = { width: Math.min(step, width - x), height: Math.min(step, height - y) };
      const block = { x: bounds.x + x, y: bounds.y + y, ...size };
      copyOverlap({ ...block, data: await pixelsOf(reader, stored, block, factor) }, whole);
    }
  }
  return whole.data;
}

/** The same at once, from a stored level that has `factor` pixels for each along a side. */
async function pixelsOf(
  reader: SlideReader,
  stored: number,
  { x, y, width, height }: Rectangle,
  factor: number,
): Promise<Uint8Array> {
  const { width: storedWidth, height: storedHeight } = reader.description.levels[stored];
  // Stored levels may be rounded down: then their last pixels stand in for what lies beyond.
  const left = Math.min(Math.floor(x * factor), storedWidth - 1);
  const top = Math.min(Math.floor(y * factor), storedHeight - 1);
  const right = Math.max(left + 1, Math.min(Math.ceil((x + width) * factor), storedWidth));
  const bottom = Math.max(top + 1, Math.min(Math.ceil((y + height) * factor), storedHeight));
  const region = { x: left, y: top, width: right - left, height: bottom - top };
  const data = await reader.readRegion(stored, region);
  if (factor === 1 && region.width === width && region.height === height) return data;
  const window = { x: x * factor, y: y * factor, scale: factor };
  return resampleArea({ ...region, data }, window, { width, height });
}

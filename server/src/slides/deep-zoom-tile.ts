import sharp from 'sharp';
import {
  hasTile,
  levelScale,
  type Rectangle,
  type TileAddress,
  tileBounds,
} from '../../../shared/geometry/deep-zoom.ts';
import { resampleArea } from '../../../shared/resample-area.ts';
import { Problem } from '../errors.ts';
import { copyOverlap, emptyPixels } from './copy-pixels.ts';
import type { SlideReader } from './slide.ts';
import { levelFor, levelScales } from './stored-level.ts';

export type SlideTileFormat = 'jpeg' | 'png';

/** Looks like the original at a fifth of PNG's size. */
const JPEG_QUALITY = 85;

/**
 * Pixels of a stored level that are read at once, along a side: a tile of an overview may lie over far more of them, where
 * the slide has no level in between.
 */
const BLOCK = 4096;

/**
 * A tile of the slide's own Deep Zoom pyramid (Overlap 0, the slide's `tileSize`), encoded. Pixel i of a level that is d
 * below full resolution is the mean of slide pixels [i 2^d, (i + 1) 2^d), or of those of them that the slide has, taken
 * from the nearest stored level; at full resolution a PNG has the exact pixels.
 * @throws Problem `not-found` where the pyramid has no such tile, `unreadable-slide` where the file is damaged there
 */
export async function deepZoomTile(
  reader: SlideReader,
  level: number,
  column: number,
  row: number,
  format: SlideTileFormat,
): Promise<Buffer> {
  const { width, height, data } = await deepZoomPixels(reader, { level, column, row });
  const image = sharp(data, { raw: { width, height, channels: 3 } });
  return format === 'png'
    ? image.png({ compressionLevel: 3 }).toBuffer()
    : image.jpeg({ quality: JPEG_QUALITY }).toBuffer();
}

/** The tile's RGB pixels, shape [height, width, 3]. */
async function deepZoomPixels(
  reader: SlideReader,
  address: TileAddress,
): Promise<{ width: number; height: number; data: Uint8Array }> {
  const { description } = reader;
  const pyramid = { width: description.width, height: description.height, tileSize: description.tileSize, overlap: 0 };
  if (!hasTile(pyramid, address)) {
    const { level, column, row } = address;
    throw new Problem('not-found', `the slide has no tile ${level}/${column}_${row}`);
  }
  const bounds = tileBounds(pyramid, address);
  const { width, height } = bounds;
  const scales = levelScales(description);
  const scale = levelScale(pyramid, address.level);
  const stored = levelFor(scales, scale);
  const factor = scale / scales[stored];
  const step = Math.max(1, Math.floor(BLOCK / factor));
  if (width <= step && height <= step) return { width, height, data: await pixelsOf(reader, stored, bounds, factor) };
  const whole = emptyPixels(bounds);
  for (let y = 0; y < height; y += step) {
    for (let x = 0; x < width; x += step) {
      const size = { width: Math.min(step, width - x), height: Math.min(step, height - y) };
      const block = { x: bounds.x + x, y: bounds.y + y, ...size };
      copyOverlap({ ...block, data: await pixelsOf(reader, stored, block, factor) }, whole);
    }
  }
  return { width, height, data: whole.data };
}

/** RGB pixels of a rectangle of a Deep Zoom level, from a stored level that has `factor` pixels for each along a side. */
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

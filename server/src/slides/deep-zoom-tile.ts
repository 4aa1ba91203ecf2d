import sharp from 'sharp';
import { hasTile, levelScale, type TileAddress, tileBounds } from '../../../shared/geometry/deep-zoom.ts';
import { Problem } from '../errors.ts';
import { scaledPixels } from './scaled-pixels.ts';
import type { RgbImage, SlideReader } from './slide.ts';

export type SlideTileFormat = 'jpeg' | 'png';

/** Looks like the original at a fifth of PNG's size. */
const JPEG_QUALITY = 85;

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
  return encodeImage(await deepZoomPixels(reader, { level, column, row }), format);
}

/** RGB pixels, shape [height, width, 3], as a file. */
export function encodeImage({ width, height, data }: RgbImage, format: SlideTileFormat): Promise<Buffer> {
  const image = sharp(data, { raw: { width, height, channels: 3 } });
  return format === 'png'
    ? image.png({ compressionLevel: 3 }).toBuffer()
    : image.jpeg({ quality: JPEG_QUALITY }).toBuffer();
}

/** The tile's RGB pixels, shape [height, width, 3]. */
async function deepZoomPixels(reader: SlideReader, address: TileAddress): Promise<RgbImage> {
  const { description } = reader;
  const pyramid = { width: description.width, height: description.height, tileSize: description.tileSize, overlap: 0 };
  if (!hasTile(pyramid, address)) {
    const { level, column, row } = address;
    throw new Problem('not-found', `the slide has no tile ${level}/${column}_${row}`);
  }
  const bounds = tileBounds(pyramid, address);
  const data = await scaledPixels(reader, bounds, levelScale(pyramid, address.level));
  return { width: bounds.width, height: bounds.height, data };
}

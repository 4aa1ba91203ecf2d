import sharp, { type Sharp } from 'sharp';
import {
  hasTile,
  levelScale,
  type Rectangle,
  type TileAddress,
  tileBounds,
} from '../../../shared/geometry/deep-zoom.ts';
import { Problem } from '../errors.ts';
import { type DisplayColours, displayColours } from './display-colours.ts';
import { scaledPixels } from './scaled-pixels.ts';
import type { RgbImage, SlideReader } from './slide.ts';
import { levelFor, levelScales } from './stored-level.ts';

export type SlideTileFormat = 'jpeg' | 'png';

/** Looks like the original at a fifth of PNG's size. */
const JPEG_QUALITY = 85;

/** Looked for once, with the first tile of a slide. */
const coloursOf = new WeakMap<SlideReader, Promise<DisplayColours | null>>();

/**
 * A tile of the slide's own Deep Zoom pyramid (Overlap 0, the slide's `tileSize`), encoded. Pixel i of a level that is d
 * below full resolution is the mean of slide pixels [i 2^d, (i + 1) 2^d), or of those of them that the slide has, taken
 * from the nearest stored level; at full resolution a PNG has the exact pixels. Colours of a profile in the file become sRGB.
 * @param options `quality` of a JPEG, 1 to 100: unless it is given, a JPEG tile that the file has is handed out as it is stored,
 *   and others have 85
 * @throws Problem `not-found` where the pyramid has no such tile, `unreadable-slide` where the file is damaged there
 */
export async function deepZoomTile(
  reader: SlideReader,
  level: number,
  column: number,
  row: number,
  format: SlideTileFormat,
  { quality }: { quality?: number } = {},
): Promise<Uint8Array> {
  const { bounds, scale } = placeOf(reader, { level, column, row });
  if (format === 'jpeg' && quality === undefined) {
    const stored = await storedTile(reader, bounds, scale);
    if (stored !== null) return stored;
  }
  const data = await scaledPixels(reader, bounds, scale);
  return encodeShown(reader, { width: bounds.width, height: bounds.height, data }, format, { quality });
}

/** RGB pixels, shape [height, width, 3], as a file. */
export function encodeImage({ width, height, data }: RgbImage, format: SlideTileFormat): Promise<Buffer> {
  return encode(sharp(data, { raw: { width, height, channels: 3 } }), format);
}

/** Pixels of a slide as a file to look at: in sRGB, where the slide's own file says which colours they are. */
export async function encodeShown(
  reader: SlideReader,
  { width, height, data }: RgbImage,
  format: SlideTileFormat,
  options: { quality?: number } = {},
): Promise<Buffer> {
  const colours = await shownColours(reader);
  const image = colours?.convert({ width, height, data }) ?? sharp(data, { raw: { width, height, channels: 3 } });
  return encode(image, format, options);
}

function encode(
  image: Sharp,
  format: SlideTileFormat,
  { quality = JPEG_QUALITY }: { quality?: number } = {},
): Promise<Buffer> {
  if (format === 'png') return image.png({ compressionLevel: 3 }).toBuffer();
  // Codes made for each picture take a third of its time, and save 4 % of its bytes.
  return image.jpeg({ quality, optimiseCoding: false }).toBuffer();
}

function shownColours(reader: SlideReader): Promise<DisplayColours | null> {
  const found = coloursOf.get(reader) ?? displayColours(reader.description);
  coloursOf.set(reader, found);
  return found;
}

/** The tile that the slide's file has, where it may be shown as it is. */
async function storedTile(reader: SlideReader, bounds: Rectangle, scale: number): Promise<Uint8Array | null> {
  const scales = levelScales(reader.description);
  const stored = levelFor(scales, scale);
  if (scales[stored] !== scale || reader.storedJpeg === undefined || (await shownColours(reader)) !== null) return null;
  return reader.storedJpeg(stored, bounds);
}

/** In pixels of the tile's level, and slide pixels along a side of one of them. */
function placeOf({ description }: SlideReader, address: TileAddress): { bounds: Rectangle; scale: number } {
  const pyramid = { width: description.width, height: description.height, tileSize: description.tileSize, overlap: 0 };
  if (!hasTile(pyramid, address)) {
    const { level, column, row } = address;
    throw new Problem('not-found', `the slide has no tile ${level}/${column}_${row}`);
  }
  return { bounds: tileBounds(pyramid, address), scale: levelScale(pyramid, address.level) };
}

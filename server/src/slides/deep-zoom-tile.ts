import sharp from 'sharp';
import {
  hasTile,
  levelScale,
  type Rectangle,
  type TileAddress,
  tileBounds,
} from '../../../shared/geometry/deep-zoom.ts';
import { Problem } from '../errors.ts';
import { type DisplayColours, displayColours } from './display-colours.ts';
import { encode, type PictureCoding, type PictureFormat, pictureCoding } from './picture-coding.ts';
import { scaledPixels } from './scaled-pixels.ts';
import type { RgbImage, SlideReader } from './slide.ts';
import { levelFor, levelScales } from './stored-level.ts';

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
  format: PictureFormat,
  { quality }: { quality?: number } = {},
): Promise<Uint8Array> {
  const { bounds, scale } = placeOf(reader, { level, column, row });
  const coding = pictureCoding(format, quality);
  const made = await madeByReader(reader, bounds, scale, {
    coding,
    asStored: format === 'jpeg' && quality === undefined,
  });
  if (made !== null) return made;
  const data = await scaledPixels(reader, bounds, scale);
  return encodeShown(reader, { width: bounds.width, height: bounds.height, data }, coding);
}

/** RGB pixels, shape [height, width, 3], as a file. */
export function encodeImage({ width, height, data }: RgbImage, coding: PictureCoding): Promise<Buffer> {
  return encode(sharp(data, { raw: { width, height, channels: 3 } }), coding).toBuffer();
}

/** Pixels of a slide as a file to look at: in sRGB, where the slide's own file says which colours they are. */
export async function encodeShown(reader: SlideReader, pixels: RgbImage, coding: PictureCoding): Promise<Buffer> {
  const colours = await shownColours(reader);
  return colours === null ? encodeImage(pixels, coding) : encode(colours.convert(pixels), coding).toBuffer();
}

function shownColours(reader: SlideReader): Promise<DisplayColours | null> {
  const found = coloursOf.get(reader) ?? displayColours(reader.description);
  coloursOf.set(reader, found);
  return found;
}

/** The tile as the slide's reader has it or makes it, where a stored level has its pixels and they may be shown as they are. */
async function madeByReader(
  reader: SlideReader,
  bounds: Rectangle,
  scale: number,
  { coding, asStored }: { coding: PictureCoding; asStored: boolean },
): Promise<Uint8Array | null> {
  const scales = levelScales(reader.description);
  const stored = levelFor(scales, scale);
  if (scales[stored] !== scale || (await shownColours(reader)) !== null) return null;
  // Stored levels may be rounded down.
  const { width, height } = reader.description.levels[stored];
  if (bounds.x + bounds.width > width || bounds.y + bounds.height > height) return null;
  const jpeg = asStored ? await reader.storedJpeg?.(stored, bounds) : undefined;
  return jpeg ?? (await reader.encoded?.(stored, bounds, coding)) ?? null;
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

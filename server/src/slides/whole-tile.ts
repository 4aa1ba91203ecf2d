import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';
import { encode, type PictureCoding } from './picture-coding.ts';
import type { TiffLevel } from './slide.ts';
import { hasStoredJpegs, jpegOfTile } from './stored-jpeg.ts';
import type { TileLayout } from './tile-layout.ts';
import { readTile, withLevel } from './tile-layouts.ts';
import { stripImage } from './tile-strip.ts';

/**
 * The JPEG file of the one tile that has exactly the pixels of a region, as it is stored, or null where there is none.
 * @throws Error where the file is damaged
 */
export async function storedTile(file: string, level: TiffLevel, region: Rectangle): Promise<Uint8Array | null> {
  // Tiles at the picture's edges are stored whole, with what lies beyond.
  const found = await wholeTile(file, level, region, (layout) => hasStoredJpegs(layout) && isWhole(layout, region));
  return found === null ? null : jpegOfTile(found.layout, found.coded);
}

/**
 * A picture file of a region of which one tile has exactly the pixels, decoded and encoded in one step, or null where
 * there is none.
 * @throws Error where the tile or the file is damaged
 */
export async function encodedTile(
  file: string,
  level: TiffLevel,
  region: Rectangle,
  coding: PictureCoding,
): Promise<Uint8Array | null> {
  const found = await wholeTile(file, level, region);
  if (found === null) return null;
  const { width, height } = region;
  const { layout, coded } = found;
  const tile = stripImage(layout, [coded]);
  const image = isWhole(layout, region) ? tile : tile.extract({ left: 0, top: 0, width, height });
  const { data, info } = await encode(image, coding).toBuffer({ resolveWithObject: true });
  if (info.width !== width || info.height !== height)
    throw new Error('the tile is of another size than the directory says');
  return data;
}

function isWhole({ tile }: TileLayout, { width, height }: Rectangle): boolean {
  return width === tile.width && height === tile.height;
}

/**
 * The one tile that has a region, and nothing else of its level; null where there is none.
 * @param isWanted by the layout; a tile that is not wanted is not read
 */
async function wholeTile(
  file: string,
  level: TiffLevel,
  { x, y, width, height }: Rectangle,
  isWanted: (layout: TileLayout) => boolean = () => true,
): Promise<{ layout: TileLayout; coded: Uint8Array } | null> {
  return withLevel(file, level, async ({ handle, layout }) => {
    if (!isWanted(layout)) return null;
    const { tile, columns } = layout;
    const [column, row] = [x / tile.width, y / tile.height];
    if (!Number.isInteger(column) || !Number.isInteger(row)) return null;
    if (width !== Math.min(tile.width, level.width - x) || height !== Math.min(tile.height, level.height - y))
      return null;
    return { layout, coded: await readTile(handle, layout, row * columns + column) };
  });
}

/** Deep Zoom pyramid arithmetic (Microsoft Deep Zoom file format; the same numbers as libvips `dzsave --layout dz`). */

export interface Size {
  width: number;
  height: number;
}

/** Left, top and size; the unit is said where one is used. */
export interface Rectangle extends Size {
  x: number;
  y: number;
}

export interface TilePyramid extends Size {
  tileSize: number;
  /** Pixels that a tile has beyond its own square on each inner side. */
  overlap: number;
}

/** Position of a tile: `level` 0 is one pixel, `maxLevel` is full resolution. */
export interface TileAddress {
  level: number;
  column: number;
  row: number;
}

/** The level of full resolution: the smallest n with 2^n >= the longer side. Sides are integers from 1 to 2^31. */
export function maxLevel({ width, height }: Size): number {
  return 32 - Math.clz32(Math.max(width, height) - 1);
}

/** Slide pixels, along one side, that one pixel of `level` covers: a power of two. */
export function levelScale(size: Size, level: number): number {
  return 2 ** (maxLevel(size) - level);
}

/** Pixels of `level`, rounded up as Deep Zoom does. */
export function levelSize(size: Size, level: number): Size {
  const scale = levelScale(size, level);
  return { width: Math.ceil(size.width / scale), height: Math.ceil(size.height / scale) };
}

/** Columns and rows of tiles at `level`. */
export function tileCount(pyramid: TilePyramid, level: number): { columns: number; rows: number } {
  const { width, height } = levelSize(pyramid, level);
  return { columns: Math.ceil(width / pyramid.tileSize), rows: Math.ceil(height / pyramid.tileSize) };
}

/** Whether the pyramid has such a tile: integers within its levels, columns and rows. */
export function hasTile(pyramid: TilePyramid, { level, column, row }: TileAddress): boolean {
  if (![level, column, row].every(Number.isInteger)) return false;
  if (level < 0 || level > maxLevel(pyramid) || column < 0 || row < 0) return false;
  const { columns, rows } = tileCount(pyramid, level);
  return column < columns && row < rows;
}

/** A tile's pixels in the coordinates of its level, overlap included and clipped to the level. */
export function tileBounds(pyramid: TilePyramid, { level, column, row }: TileAddress): Rectangle {
  const { width, height } = levelSize(pyramid, level);
  const [x, right] = tileInterval(pyramid, column, width);
  const [y, bottom] = tileInterval(pyramid, row, height);
  return { x, y, width: right - x, height: bottom - y };
}

/** First pixel and end (exclusive) of tile `index` along a side of `length` pixels. */
function tileInterval({ tileSize, overlap }: TilePyramid, index: number, length: number): [number, number] {
  const start = Math.max(0, index * tileSize - overlap);
  const end = Math.min(length, (index + 1) * tileSize + overlap);
  return [start, end];
}

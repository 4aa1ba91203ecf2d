import type { Score } from '../heatmap-descriptor.ts';
import { levelScale, type Rectangle, type TileAddress, type TilePyramid, tileBounds } from './deep-zoom.ts';
import { cellRaster, gridExtent, type PatchGrid, type PatchRange, patchPitch } from './patch-grid.ts';

/**
 * A raster of score values: `'cells'` has one value per cell, a number k one value per block of 2^k x 2^k patches
 * (so 0 is one value per patch).
 */
export type RasterLevel = 'cells' | number;

/** The finest raster that a score has: `patch` has no values of cells. */
export function finestRaster(score: Score): 'cells' | 0 {
  return score === 'patch' ? 0 : 'cells';
}

/**
 * A raster's extent in values, the size of one value, and where the first one begins, in slide pixels (floats). Of
 * overlapping patches a value stands for the middle of its patch, so that the raster begins within the first one.
 */
export interface ScoreRaster {
  rows: number;
  columns: number;
  valueWidth: number;
  valueHeight: number;
  originX: number;
  originY: number;
}

/** Which values of which raster a tile carries: those under its bounds and one beyond on each side. */
export interface TileWindow {
  rasterLevel: RasterLevel;
  rowStart: number;
  columnStart: number;
  /** 0 where the tile lies wholly in the remainder, as `columns`. */
  rows: number;
  columns: number;
}

export function scoreRaster(grid: PatchGrid, rasterLevel: RasterLevel): ScoreRaster {
  const { width, height, stepWidth, stepHeight } = patchPitch(grid);
  if (rasterLevel === 'cells') {
    return {
      ...cellRaster(grid),
      valueWidth: width / grid.cellColumns,
      valueHeight: height / grid.cellRows,
      originX: 0,
      originY: 0,
    };
  }
  const block = 2 ** rasterLevel;
  return {
    rows: Math.ceil(grid.rows / block),
    columns: Math.ceil(grid.columns / block),
    valueWidth: stepWidth * block,
    valueHeight: stepHeight * block,
    originX: (width - stepWidth) / 2,
    originY: (height - stepHeight) / 2,
  };
}

/**
 * The finest raster whose values are at least one pixel on both sides, but no finer than `finest`: `'cells'` for scores
 * of cells, 0 for the score `patch`, which has no finer values.
 * @param scale slide pixels that one pixel covers, above 0
 */
export function rasterLevelFor(grid: PatchGrid, scale: number, finest: 'cells' | 0): RasterLevel {
  const atLeastOnePixel = (candidate: RasterLevel) => {
    const { valueWidth, valueHeight } = scoreRaster(grid, candidate);
    return Math.min(valueWidth, valueHeight) >= scale;
  };
  if (finest === 'cells' && atLeastOnePixel('cells')) return 'cells';
  let power = 0;
  while (!atLeastOnePixel(power)) power++;
  return power;
}

/** The values that a heatmap tile carries; a pure function that server and plugin share. */
export function tileWindow(
  pyramid: TilePyramid,
  grid: PatchGrid,
  address: TileAddress,
  finest: 'cells' | 0,
): TileWindow {
  return areaWindow(grid, tileBounds(pyramid, address), levelScale(pyramid, address.level), finest);
}

/**
 * The values under a rectangle of pixels that cover `scale` slide pixels each, and one beyond on each side.
 * @param area in those pixels
 */
export function areaWindow(
  grid: PatchGrid,
  { x, y, width, height }: Rectangle,
  scale: number,
  finest: 'cells' | 0,
): TileWindow {
  const rasterLevel = rasterLevelFor(grid, scale, finest);
  const raster = scoreRaster(grid, rasterLevel);
  const extent = gridExtent(grid);
  const [columnStart, columnEnd] = windowInterval(
    [x, x + width],
    { scale, valueSize: raster.valueWidth, origin: raster.originX, end: extent.width },
    raster.columns,
  );
  const [rowStart, rowEnd] = windowInterval(
    [y, y + height],
    { scale, valueSize: raster.valueHeight, origin: raster.originY, end: extent.height },
    raster.rows,
  );
  return { rasterLevel, rowStart, columnStart, rows: rowEnd - rowStart, columns: columnEnd - columnStart };
}

/** Values under pixels [start, end) and one beyond on each side, clipped to the raster; half-open. */
function windowInterval(
  [start, end]: [number, number],
  { scale, valueSize, origin, end: gridEnd }: { scale: number; valueSize: number; origin: number; end: number },
  length: number,
): [number, number] {
  const valuesPerPixel = scale / valueSize;
  const first = Math.floor(start * valuesPerPixel - origin / valueSize) - 1;
  const last = Math.ceil(end * valuesPerPixel - origin / valueSize) + 1;
  // Before the first value's own area and behind the last one's those two extend.
  const reaches = length > 0 && start * scale < gridEnd;
  const clippedFirst = Math.min(reaches ? length - 1 : length, Math.max(0, first));
  return [clippedFirst, Math.max(reaches ? clippedFirst + 1 : clippedFirst, Math.min(length, last))];
}

/** The patches behind a window's values. */
export function patchesOfWindow(grid: PatchGrid, window: TileWindow): PatchRange {
  const { rasterLevel, rowStart, columnStart, rows, columns } = window;
  if (rows === 0 || columns === 0) return { rowStart: 0, rowEnd: 0, columnStart: 0, columnEnd: 0 };
  if (rasterLevel === 'cells') {
    const { stepRows, stepColumns, cellRows, cellColumns } = grid;
    return {
      rowStart: Math.max(0, Math.floor((rowStart - cellRows) / stepRows) + 1),
      rowEnd: Math.min(grid.rows, Math.ceil((rowStart + rows) / stepRows)),
      columnStart: Math.max(0, Math.floor((columnStart - cellColumns) / stepColumns) + 1),
      columnEnd: Math.min(grid.columns, Math.ceil((columnStart + columns) / stepColumns)),
    };
  }
  const block = 2 ** rasterLevel;
  return {
    rowStart: rowStart * block,
    rowEnd: Math.min(grid.rows, (rowStart + rows) * block),
    columnStart: columnStart * block,
    columnEnd: Math.min(grid.columns, (columnStart + columns) * block),
  };
}

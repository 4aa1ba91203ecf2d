import type { Score } from '../heatmap-descriptor.ts';
import { levelScale, type Rectangle, type TileAddress, type TilePyramid, tileBounds } from './deep-zoom.ts';
import type { PatchGrid, PatchRange } from './patch-grid.ts';

/**
 * A raster of score values: `'cells'` has one value per cell, a number k one value per block of 2^k x 2^k patches
 * (so 0 is one value per patch).
 */
export type RasterLevel = 'cells' | number;

/** The finest raster that a score has: `patch` has no values of cells. */
export function finestRaster(score: Score): 'cells' | 0 {
  return score === 'patch' ? 0 : 'cells';
}

/** A raster's extent in values, and the size of one value in slide pixels (floats). */
export interface ScoreRaster {
  rows: number;
  columns: number;
  valueWidth: number;
  valueHeight: number;
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
  const patchWidth = grid.patchWidth * grid.downsample;
  const patchHeight = grid.patchHeight * grid.downsample;
  if (rasterLevel === 'cells') {
    return {
      rows: grid.rows * grid.cellRows,
      columns: grid.columns * grid.cellColumns,
      valueWidth: patchWidth / grid.cellColumns,
      valueHeight: patchHeight / grid.cellRows,
    };
  }
  const block = 2 ** rasterLevel;
  return {
    rows: Math.ceil(grid.rows / block),
    columns: Math.ceil(grid.columns / block),
    valueWidth: patchWidth * block,
    valueHeight: patchHeight * block,
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
  const [columnStart, columnEnd] = windowInterval([x, x + width], scale / raster.valueWidth, raster.columns);
  const [rowStart, rowEnd] = windowInterval([y, y + height], scale / raster.valueHeight, raster.rows);
  return { rasterLevel, rowStart, columnStart, rows: rowEnd - rowStart, columns: columnEnd - columnStart };
}

/** Values under pixels [start, end) and one beyond on each side, clipped to the raster; half-open. */
function windowInterval([start, end]: [number, number], valuesPerPixel: number, length: number): [number, number] {
  const first = Math.floor(start * valuesPerPixel) - 1;
  const last = Math.ceil(end * valuesPerPixel) + 1;
  const clippedFirst = Math.min(length, Math.max(0, first));
  return [clippedFirst, Math.max(clippedFirst, Math.min(length, last))];
}

/** The patches behind a window's values. */
export function patchesOfWindow(grid: PatchGrid, window: TileWindow): PatchRange {
  const { rasterLevel, rowStart, columnStart, rows, columns } = window;
  if (rows === 0 || columns === 0) return { rowStart: 0, rowEnd: 0, columnStart: 0, columnEnd: 0 };
  if (rasterLevel === 'cells') {
    return {
      rowStart: Math.floor(rowStart / grid.cellRows),
      rowEnd: Math.ceil((rowStart + rows) / grid.cellRows),
      columnStart: Math.floor(columnStart / grid.cellColumns),
      columnEnd: Math.ceil((columnStart + columns) / grid.cellColumns),
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

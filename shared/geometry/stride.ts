import { levelSize, maxLevel, type TilePyramid, tileCount } from './deep-zoom.ts';
import type { PatchGrid, PatchRange } from './patch-grid.ts';
import { patchesOfWindow, tileWindow } from './score-raster.ts';

/** No tile below `maxLevel` asks for more patches than this: a view stays bounded at every zoom. */
export const MAX_BLOCKS_PER_TILE = 36;

/**
 * The sampling stride of every level, index = level: the smallest power of two for which no tile of the level touches
 * more than `MAX_BLOCKS_PER_TILE` blocks, never finer than the level above needs (so strides are nested), and 1 at
 * `maxLevel`, whatever that costs, so that looking closely ends exact.
 */
export function levelStrides(pyramid: TilePyramid, grid: PatchGrid): number[] {
  const top = maxLevel(pyramid);
  const strides = new Array<number>(top + 1).fill(1);
  let stride = 1;
  for (let level = top - 1; level >= 0; level--) {
    while (mostBlocks(pyramid, grid, level, stride) > MAX_BLOCKS_PER_TILE) stride *= 2;
    strides[level] = stride;
  }
  return strides;
}

/** Blocks of `stride x stride` patches that the tile of `level` with the most of them touches. */
export function mostBlocks(pyramid: TilePyramid, grid: PatchGrid, level: number, stride: number): number {
  const { columns, rows } = tileCount(pyramid, level);
  // Scores of cells have the same or a narrower window than the score `patch`, so the latter bounds both.
  let mostAcross = 0;
  let mostDown = 0;
  for (const finest of ['cells', 0] as const) {
    for (let column = 0; column < columns; column++) {
      const patches = patchesOfWindow(grid, tileWindow(pyramid, grid, { level, column, row: 0 }, finest));
      mostAcross = Math.max(mostAcross, blockCount(patches.columnStart, patches.columnEnd, stride));
    }
    for (let row = 0; row < rows; row++) {
      const patches = patchesOfWindow(grid, tileWindow(pyramid, grid, { level, column: 0, row }, finest));
      mostDown = Math.max(mostDown, blockCount(patches.rowStart, patches.rowEnd, stride));
    }
  }
  return mostAcross * mostDown;
}

function blockCount(start: number, end: number, stride: number): number {
  return end > start ? Math.floor((end - 1) / stride) - Math.floor(start / stride) + 1 : 0;
}

/** The sample, its top-left patch, of every block of `stride x stride` patches that a range touches, row by row. */
export function samplesOfRange(range: PatchRange, stride: number): { row: number; column: number }[] {
  const samples: { row: number; column: number }[] = [];
  for (let row = Math.floor(range.rowStart / stride) * stride; row < range.rowEnd; row += stride) {
    for (let column = Math.floor(range.columnStart / stride) * stride; column < range.columnEnd; column += stride) {
      samples.push({ row, column });
    }
  }
  return samples;
}

/** The stride at which the whole slide is sampled for an overview: that of the largest level that is a single tile. */
export function overviewStride(pyramid: TilePyramid, strides: readonly number[]): number {
  let level = 0;
  while (level < strides.length - 1) {
    const next = levelSize(pyramid, level + 1);
    if (Math.max(next.width, next.height) > pyramid.tileSize) break;
    level++;
  }
  return strides[level];
}

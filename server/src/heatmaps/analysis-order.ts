import { type PatchGrid, type PatchRange, patchIndex, patchPitch } from '../../../shared/geometry/patch-grid.ts';
import { BLOCK_SIDE } from '../values/known-patches.ts';

/** The finest stride of the pass over the whole range; 1/64 of the patches. Finer ones would cost isolated reads. */
const FINEST_SPREAD_STRIDE = 8;

/** Slide pixels along a side of what is read at once, at the least cost. */
const READ_PIXELS = 1024;

/**
 * The order in which an analysis classifies a range of patches, as row-major patch numbers, each once: coarse to fine
 * down to stride 8, so that an estimate of the whole is there early, then block by block as they are stored, because
 * neighbouring patches are read ten times faster than isolated ones and a block is written once it is complete.
 */
export function* analysisOrder(grid: PatchGrid, range: PatchRange): Generator<number> {
  let coarsest = FINEST_SPREAD_STRIDE;
  while (coarsest < Math.max(range.rowEnd - range.rowStart, range.columnEnd - range.columnStart)) coarsest *= 2;
  for (let stride = coarsest; stride >= FINEST_SPREAD_STRIDE; stride /= 2) {
    for (let row = Math.ceil(range.rowStart / stride) * stride; row < range.rowEnd; row += stride) {
      for (let column = Math.ceil(range.columnStart / stride) * stride; column < range.columnEnd; column += stride) {
        const isCoarser = stride < coarsest && row % (2 * stride) === 0 && column % (2 * stride) === 0;
        if (!isCoarser) yield patchIndex(grid, { row, column });
      }
    }
  }
  const { stepWidth, stepHeight } = patchPitch(grid);
  const rows = patchesAtOnce(stepHeight);
  const columns = patchesAtOnce(stepWidth);
  for (const block of parts(range, BLOCK_SIDE, BLOCK_SIDE)) {
    for (const { rowStart, rowEnd, columnStart, columnEnd } of parts(block, rows, columns)) {
      for (let row = rowStart; row < rowEnd; row++) {
        for (let column = columnStart; column < columnEnd; column++) {
          const isSpread = row % FINEST_SPREAD_STRIDE === 0 && column % FINEST_SPREAD_STRIDE === 0;
          if (!isSpread) yield patchIndex(grid, { row, column });
        }
      }
    }
  }
}

/** Numbers the squares that the chunk-by-chunk part of the order goes through, which are read at once. */
export function readAreas(grid: PatchGrid): (index: number) => number {
  const { stepWidth, stepHeight } = patchPitch(grid);
  const rows = patchesAtOnce(stepHeight);
  const columns = patchesAtOnce(stepWidth);
  const across = Math.ceil(grid.columns / columns);
  return (index) =>
    Math.floor(Math.floor(index / grid.columns) / rows) * across + Math.floor((index % grid.columns) / columns);
}

/** Patches along a side of a read: a power of two, so that reads fill a block. */
function patchesAtOnce(step: number): number {
  return Math.min(BLOCK_SIDE, 2 ** Math.max(0, Math.floor(Math.log2(READ_PIXELS / step))));
}

/** A range cut into parts along multiples of so many rows and columns, row by row. */
function* parts(range: PatchRange, rows: number, columns: number): Generator<PatchRange> {
  for (let top = Math.floor(range.rowStart / rows) * rows; top < range.rowEnd; top += rows) {
    for (let left = Math.floor(range.columnStart / columns) * columns; left < range.columnEnd; left += columns) {
      yield {
        rowStart: Math.max(range.rowStart, top),
        rowEnd: Math.min(range.rowEnd, top + rows),
        columnStart: Math.max(range.columnStart, left),
        columnEnd: Math.min(range.columnEnd, left + columns),
      };
    }
  }
}

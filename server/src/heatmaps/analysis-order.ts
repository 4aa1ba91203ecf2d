import { type PatchGrid, type PatchRange, patchIndex } from '../../../shared/geometry/patch-grid.ts';
import { samplesOfRange } from '../../../shared/geometry/stride.ts';

/** The finest stride of the pass over the whole range; 1/64 of the patches. Finer ones would cost isolated reads. */
const FINEST_SPREAD_STRIDE = 8;

/** Slide pixels along a side of the chunks in which the rest is classified: what is read at once, at the least cost. */
const CHUNK_PIXELS = 1024;

/**
 * The order in which an analysis classifies a range of patches, as row-major patch numbers: coarse to fine down to
 * stride 8, so that an estimate of the whole is there early, then chunk by chunk, because neighbouring patches are read
 * ten times faster than isolated ones.
 */
export function analysisOrder(grid: PatchGrid, range: PatchRange): Int32Array {
  const total = (range.rowEnd - range.rowStart) * (range.columnEnd - range.columnStart);
  const order = new Int32Array(total);
  const listed = new Set<number>();
  let length = 0;
  const list = (row: number, column: number) => {
    order[length++] = patchIndex(grid, { row, column });
  };

  let stride = FINEST_SPREAD_STRIDE;
  while (stride < Math.max(range.rowEnd - range.rowStart, range.columnEnd - range.columnStart)) stride *= 2;
  for (; stride >= FINEST_SPREAD_STRIDE; stride /= 2) {
    for (const { row, column } of samplesOfRange(range, stride)) {
      const isInside = row >= range.rowStart && column >= range.columnStart;
      const index = patchIndex(grid, { row, column });
      if (!isInside || listed.has(index)) continue;
      listed.add(index);
      list(row, column);
    }
  }

  const chunkRows = Math.max(1, Math.round(CHUNK_PIXELS / (grid.patchHeight * grid.downsample)));
  const chunkColumns = Math.max(1, Math.round(CHUNK_PIXELS / (grid.patchWidth * grid.downsample)));
  for (let top = range.rowStart; top < range.rowEnd; top += chunkRows) {
    for (let left = range.columnStart; left < range.columnEnd; left += chunkColumns) {
      for (let row = top; row < Math.min(range.rowEnd, top + chunkRows); row++) {
        for (let column = left; column < Math.min(range.columnEnd, left + chunkColumns); column++) {
          if (!listed.has(patchIndex(grid, { row, column }))) list(row, column);
        }
      }
    }
  }
  return order;
}

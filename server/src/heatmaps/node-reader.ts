import type { PatchRange } from '../../../shared/geometry/patch-grid.ts';
import { patchesOfWindow, type TileWindow } from '../../../shared/geometry/score-raster.ts';
import { BLOCK_LEVEL, BLOCK_SIDE } from '../values/known-patches.ts';
import { blockNumbers } from '../values/value-block.ts';
import type { BlockSum } from '../values/value-pyramid.ts';
import type { Heatmap } from './heatmap.ts';

/** The sums of a node of level `k`, or of the smallest one around it that knows anything. */
export type NodeReader = (k: number, row: number, column: number) => BlockSum | undefined;

/** Nodes of a window that are read together: a range of them, and the patches under them. */
export interface NodePart extends PatchRange {
  patches: PatchRange;
  /** Whether blocks have to be loaded for them. */
  isLoaded: boolean;
}

/** Memory for blocks that are held at a time: a block of a model of 200 classes has 1.6 MB, and a tile may show 4,096. */
const BLOCK_BYTES_AT_ONCE = 16 * 1024 ** 2;

/** The nodes of level `k` in a window, in parts whose blocks are few enough to be held at a time. */
export function* nodeParts({ grid, scores, model }: Heatmap, window: TileWindow, k: number): Generator<NodePart> {
  const all = {
    rowStart: window.rowStart,
    rowEnd: window.rowStart + window.rows,
    columnStart: window.columnStart,
    columnEnd: window.columnStart + window.columns,
  };
  if (k >= BLOCK_LEVEL) {
    yield { ...all, patches: patchesOfWindow(grid, window), isLoaded: false };
    return;
  }
  const bytes = 8 * blockNumbers(scores.length * model.classes.length);
  /** Nodes along a block, and along a row of as many blocks as may be held. */
  const high = BLOCK_SIDE >> k;
  const wide = high * Math.max(1, Math.floor(BLOCK_BYTES_AT_ONCE / bytes));
  for (let top = all.rowStart; top < all.rowEnd; top = (Math.floor(top / high) + 1) * high) {
    const bottom = Math.min(all.rowEnd, (Math.floor(top / high) + 1) * high);
    for (let left = all.columnStart; left < all.columnEnd; left = (Math.floor(left / wide) + 1) * wide) {
      const right = Math.min(all.columnEnd, (Math.floor(left / wide) + 1) * wide);
      const patches = {
        rowStart: top << k,
        rowEnd: Math.min(grid.rows, bottom << k),
        columnStart: left << k,
        columnEnd: Math.min(grid.columns, right << k),
      };
      yield { rowStart: top, rowEnd: bottom, columnStart: left, columnEnd: right, patches, isLoaded: true };
    }
  }
}

/** Reads nodes of the pyramid from level `k` on over a range of patches, whose blocks are loaded first. */
export async function nodeReader({ values }: Heatmap, range: PatchRange, k: number): Promise<NodeReader> {
  if (k >= BLOCK_LEVEL) return (level, row, column) => values.pyramid.nearestSum(level, row, column);
  const blockOf = await values.blocks(range);
  return (level, row, column) => values.pyramid.nearestSum(level, row, column, blockOf);
}

import { BLOCK_LEVEL, BLOCK_SIDE, type KnownPatches } from './known-patches.ts';
import { addFour, nodeOf, type ValueBlock } from './value-block.ts';

/** What is known of a block of patches, or of the smallest one around it that knows anything. */
export interface BlockMean {
  /** Mean over the known patches that are no background, a fresh array; null where all that is known is background. */
  mean: Float64Array | null;
  /** Known patches of the block that supplied it, and all of them. */
  known: number;
  total: number;
  /** Share of background, 0 to 1. */
  background: number;
}

/** As `BlockMean`, without dividing or copying: the mean is `sums[start + i] / valued`. */
export interface BlockSum {
  /** Not to be written to. */
  sums: Float64Array;
  start: number;
  /** Known patches that are no background; 0 where there is no mean. */
  valued: number;
  known: number;
  total: number;
  background: number;
}

/** Gives the block of values that a patch lies in, which must have been loaded. */
export type BlockOf = (blockRow: number, blockColumn: number) => ValueBlock;

/**
 * Sums over blocks of 2^k x 2^k patches. Those of 16 patches a side and more stay in memory; the finer ones are kept and
 * stored block by block, and handed in.
 */
export interface ValuePyramid {
  readonly known: KnownPatches;
  /** Numbers kept for each node. */
  readonly values: number;
  /** Rows and columns of nodes, and sums [rows, columns, values], of a level from `BLOCK_LEVEL` to `known.top`. */
  level(k: number): { rows: number; columns: number; sums: Float64Array };
  /** Takes over the sum of a block that has changed. */
  settle(blockRow: number, blockColumn: number, block: ValueBlock): void;
  /** Sums every level above `BLOCK_LEVEL` anew, after its nodes were filled in. */
  resum(): void;
  /**
   * The mean of the smallest block around a node that knows anything (pull-push), or undefined where nothing at all is
   * known.
   * @param blockOf needed below `BLOCK_LEVEL` only
   */
  nearestMean(k: number, row: number, column: number, blockOf?: BlockOf): BlockMean | undefined;
  /** The same for those who read thousands of nodes. */
  nearestSum(k: number, row: number, column: number, blockOf?: BlockOf): BlockSum | undefined;
}

/** @param masked whether what is background is known beforehand, and not from what was classified */
export function valuePyramid(known: KnownPatches, values: number, masked: boolean): ValuePyramid {
  const { top } = known;
  const levels = Array.from({ length: top - BLOCK_LEVEL + 1 }, (_, index) => {
    const side = 2 ** (index + BLOCK_LEVEL);
    const rows = Math.ceil(known.rows / side);
    const columns = Math.ceil(known.columns / side);
    return { rows, columns, sums: new Float64Array(rows * columns * values) };
  });
  const level = (k: number) => levels[k - BLOCK_LEVEL];

  const sumInto = (k: number, row: number, column: number) => {
    const below = level(k - 1);
    const { columns, sums } = level(k);
    const at = (row * columns + column) * values;
    // The last row and column of an odd level have no second child.
    const children = [0, 1, 2, 3].map((child) => [2 * row + (child >> 1), 2 * column + (child & 1)]);
    for (let i = 0; i < values; i++) sums[at + i] = 0;
    for (const [childRow, childColumn] of children) {
      if (childRow >= below.rows || childColumn >= below.columns) continue;
      const start = (childRow * below.columns + childColumn) * values;
      for (let i = 0; i < values; i++) sums[at + i] += below.sums[start + i];
    }
  };

  const nearestSum = (k: number, row: number, column: number, blockOf: BlockOf | undefined): BlockSum | undefined => {
    const total = known.total(k, row, column);
    const background = known.background(k, row, column);
    if (background === total) return { sums: NO_SUMS, start: 0, valued: 0, known: total, total, background: 1 };
    for (let upper = k; upper <= top; upper++) {
      const upperRow = row >> (upper - k);
      const upperColumn = column >> (upper - k);
      const count = known.count(upper, upperRow, upperColumn);
      const upperBackground = known.background(upper, upperRow, upperColumn);
      const valued = count - upperBackground;
      if (masked ? valued === 0 : count === 0) continue;
      const share = masked ? background / total : upperBackground / count;
      const upperTotal = known.total(upper, upperRow, upperColumn);
      if (upper >= BLOCK_LEVEL) {
        const { sums, columns } = level(upper);
        const start = (upperRow * columns + upperColumn) * values;
        return { sums, start, valued, known: count, total: upperTotal, background: share };
      }
      if (!blockOf) throw new Error(`level ${upper} of a value pyramid is read without its blocks`);
      const shift = BLOCK_LEVEL - upper;
      const mask = (BLOCK_SIDE >> upper) - 1;
      const sums = blockOf(upperRow >> shift, upperColumn >> shift)[upper];
      const start = nodeOf(upper, upperRow & mask, upperColumn & mask) * values;
      return { sums, start, valued, known: count, total: upperTotal, background: share };
    }
    return undefined;
  };

  return {
    known,
    values,
    level,
    settle(blockRow, blockColumn, block) {
      const { columns, sums } = level(BLOCK_LEVEL);
      addFour(block[BLOCK_LEVEL - 1], 0, 2, sums, blockRow * columns + blockColumn, values);
      for (let k = BLOCK_LEVEL + 1; k <= top; k++) {
        sumInto(k, blockRow >> (k - BLOCK_LEVEL), blockColumn >> (k - BLOCK_LEVEL));
      }
    },
    resum() {
      for (let k = BLOCK_LEVEL + 1; k <= top; k++) {
        const { rows, columns } = level(k);
        for (let node = 0; node < rows * columns; node++) sumInto(k, Math.floor(node / columns), node % columns);
      }
    },
    nearestSum,
    nearestMean(k, row, column, blockOf) {
      const found = nearestSum(k, row, column, blockOf);
      if (!found) return undefined;
      const { sums, start, valued, ...shares } = found;
      const mean = valued === 0 ? null : sums.slice(start, start + values).map((sum) => sum / valued);
      return { mean, ...shares };
    },
  };
}

const NO_SUMS = new Float64Array(0);

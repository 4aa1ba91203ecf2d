import { BLOCK_SIDE, type KnownPatches } from './known-patches.ts';
import { nodeOf, type ValueBlock } from './value-block.ts';

/** Strides whose samples are summed block by block: 2, 4, 8, 16. That of 1 is the value pyramid's own. */
export const SUMMED_STRIDES = [2, 4, 8, 16] as const;

/**
 * What the samples of one stride say, background left out: the sum of their weights, which are the patches that they
 * stand for, of the weights' squares, and of each class's probability times the weight.
 */
export interface SampleSum {
  weight: number;
  squares: number;
  /** [classes] */
  sums: Float64Array;
}

/**
 * Sums over the samples of strides 2 to 16 within each block of 16 x 16 patches, so that the estimate of a whole slide
 * never reads its patches: for each block [4 strides, weight + squares + classes].
 */
export interface SampleSums {
  readonly rows: number;
  readonly columns: number;
  /** Shape [rows, columns, 4, 2 + classes]. */
  readonly sums: Float64Array;
  readonly width: number;
  /** Takes over the samples of a block that has changed. */
  settle(blockRow: number, blockColumn: number, block: ValueBlock): void;
  /** The sum over the whole slide for a stride of 2 or more, in one order of blocks. */
  ofSlide(stride: number): SampleSum;
}

/**
 * @param masked whether background is known beforehand; a sample then stands for the others alone
 * @param values numbers of a patch in a block @param start of the class probabilities among them
 */
export function sampleSums(
  known: KnownPatches,
  classes: number,
  { masked, values, start }: { masked: boolean; values: number; start: number },
): SampleSums {
  const rows = Math.ceil(known.rows / BLOCK_SIDE);
  const columns = Math.ceil(known.columns / BLOCK_SIDE);
  const width = SUMMED_STRIDES.length * (2 + classes);
  const sums = new Float64Array(rows * columns * width);

  const weightOf = (k: number, row: number, column: number) =>
    known.total(k, row, column) - (masked ? known.background(k, row, column) : 0);

  return {
    rows,
    columns,
    sums,
    width,
    settle(blockRow, blockColumn, block) {
      const at = (blockRow * columns + blockColumn) * width;
      sums.fill(0, at, at + width);
      for (const index of SUMMED_STRIDES.keys()) {
        const target = at + index * (2 + classes);
        const k = index + 1;
        const side = BLOCK_SIDE >> k;
        for (let row = blockRow * side; row < (blockRow + 1) * side && row << k < known.rows; row++) {
          for (
            let column = blockColumn * side;
            column < (blockColumn + 1) * side && column << k < known.columns;
            column++
          ) {
            const sample = known.sampleOf(k, row, column);
            if (!sample || !known.isKnown(sample.row, sample.column)) continue;
            if (known.isBackground(sample.row, sample.column)) continue;
            const weight = weightOf(k, row, column);
            const from = nodeOf(0, sample.row % BLOCK_SIDE, sample.column % BLOCK_SIDE) * values + start;
            sums[target] += weight;
            sums[target + 1] += weight ** 2;
            for (let i = 0; i < classes; i++) sums[target + 2 + i] += weight * block[0][from + i];
          }
        }
      }
    },
    ofSlide(stride) {
      const result: SampleSum = { weight: 0, squares: 0, sums: new Float64Array(classes) };
      const k = Math.log2(stride);
      const index = Math.min(SUMMED_STRIDES.length, k) - 1;
      const add = (block: number, weight: number | undefined) => {
        const from = block * width + index * (2 + classes);
        const own = sums[from];
        if (own === 0) return;
        const counted = weight ?? own;
        result.weight += counted;
        result.squares += weight === undefined ? sums[from + 1] : weight ** 2;
        for (let i = 0; i < classes; i++) result.sums[i] += (counted / own) * sums[from + 2 + i];
      };
      if (stride <= BLOCK_SIDE) {
        for (let block = 0; block < rows * columns; block++) add(block, undefined);
        return result;
      }
      // Beyond 16 the sample of one block stands for its neighbours' patches too.
      for (let row = 0; row << k < known.rows; row++) {
        for (let column = 0; column << k < known.columns; column++) {
          const sample = known.sampleOf(k, row, column);
          if (!sample) continue;
          const block = Math.floor(sample.row / BLOCK_SIDE) * columns + Math.floor(sample.column / BLOCK_SIDE);
          add(block, weightOf(k, row, column));
        }
      }
      return result;
    },
  };
}

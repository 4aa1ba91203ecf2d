import { BLOCK_LEVEL, BLOCK_SIDE } from '../values/known-patches.ts';
import { SUMMED_STRIDES } from '../values/sample-sums.ts';

/** Sizes that a heatmap's stored results have. */
export interface ResultShape {
  /** Of the patch grid. */
  rows: number;
  columns: number;
  cellRows: number;
  cellColumns: number;
  classes: number;
  /** Numbers of a node of the value pyramid: scores times classes. */
  values: number;
  /** Level of the pyramid's one node. */
  top: number;
}

/** What is kept of one patch: its cells (CAM + bias), shape [cellRows, cellColumns, classes], then its probabilities. */
export type PatchRecord = Float32Array;

export function recordLength({ cellRows, cellColumns, classes }: ResultShape): number {
  return (cellRows * cellColumns + 1) * classes;
}

/** Patches along a side of the chunks of `known`: one byte each, rewritten with every block. */
export const KNOWN_SIDE = 256;

/** Largest chunk of cells, and of the pyramid's upper levels; what a tile reads, and what a flipped bit costs. */
const CELLS_CHUNK_BYTES = 512 * 1024;
const UPPER_CHUNK_BYTES = 256 * 1024;

/** Patches along a side of a chunk of cells: a power of two, the block's own where that is no larger than 512 KiB. */
export function cellsSide(shape: ResultShape): number {
  const bytes = shape.cellRows * shape.cellColumns * shape.classes * 4;
  return powerOfTwoWithin(BLOCK_SIDE, bytes, CELLS_CHUNK_BYTES);
}

/** Nodes along a side of a chunk of level k of the pyramid: those of one block, or more where they stay in memory. */
export function pyramidSide(shape: ResultShape, k: number): number {
  return k < BLOCK_LEVEL ? BLOCK_SIDE >> k : powerOfTwoWithin(64, (1 + shape.values) * 8, UPPER_CHUNK_BYTES);
}

/**
 * Numbers that are kept of a block of 16 x 16 patches: the number of the set of patches behind them, the sums over its
 * samples of each stride, the sums over its patches.
 */
export function blockSumsWidth({ classes, values }: ResultShape): number {
  return 1 + SUMMED_STRIDES.length * (2 + classes) + values;
}

/** Blocks along a side of a chunk of `block_sums`. */
export function blockSumsSide(shape: ResultShape): number {
  return powerOfTwoWithin(64, blockSumsWidth(shape) * 8, UPPER_CHUNK_BYTES);
}

function powerOfTwoWithin(most: number, bytes: number, limit: number): number {
  let side = most;
  while (side > 1 && side * side * bytes > limit) side /= 2;
  return side;
}

/** The arrays of a heatmap's Zarr group; docs/store.md describes them. */
export function resultArrays(shape: ResultShape) {
  const { rows, columns, cellRows, cellColumns, classes, values, top } = shape;
  const side = cellsSide(shape);
  return [
    {
      name: 'cells',
      shape: [rows, columns, cellRows, cellColumns, classes],
      chunkShape: [side, side, cellRows, cellColumns, classes],
      dtype: 'float32',
      dimensionNames: ['row', 'column', 'cell_row', 'cell_column', 'class'],
    },
    {
      name: 'probabilities',
      shape: [rows, columns, classes],
      chunkShape: [BLOCK_SIDE, BLOCK_SIDE, classes],
      dtype: 'float32',
      dimensionNames: ['row', 'column', 'class'],
    },
    {
      name: 'known',
      shape: [rows, columns],
      chunkShape: [KNOWN_SIDE, KNOWN_SIDE],
      dtype: 'uint8',
      dimensionNames: ['row', 'column'],
    },
    ...Array.from({ length: top + 1 }, (_, k) => ({
      name: `pyramid/${k}`,
      shape: [Math.ceil(rows / 2 ** k), Math.ceil(columns / 2 ** k), 1 + values],
      chunkShape: [pyramidSide(shape, k), pyramidSide(shape, k), 1 + values],
      dtype: 'float64' as const,
      dimensionNames: ['row', 'column', 'value'],
    })),
    {
      name: 'block_sums',
      shape: [Math.ceil(rows / BLOCK_SIDE), Math.ceil(columns / BLOCK_SIDE), blockSumsWidth(shape)],
      chunkShape: [blockSumsSide(shape), blockSumsSide(shape), blockSumsWidth(shape)],
      dtype: 'float64',
      dimensionNames: ['block_row', 'block_column', 'number'],
    },
  ] as const;
}

import { BLOCK_LEVEL, BLOCK_SIDE } from '../values/known-patches.ts';
import { patchSetNumber } from '../values/patch-set.ts';
import type { SampleSums } from '../values/sample-sums.ts';
import type { ValuePyramid } from '../values/value-pyramid.ts';
import type { DiskResults } from './disk-results.ts';
import { DamagedChunk } from './heatmap-arrays.ts';
import { blockSumsSide, blockSumsWidth, pyramidSide, type ResultShape } from './result-layout.ts';

/**
 * Writes the levels of the pyramid that stay in memory, for other programs, and `block_sums`, from which they and the
 * sums over samples are there at once when the heatmap is opened again. All can be computed anew, so they are not written
 * with every block.
 * @param blocks numbers of the blocks of 16 x 16 patches that have changed, row-major
 * @throws Error of the file system
 */
export async function writeUpperLevels(
  disk: DiskResults,
  shape: ResultShape,
  pyramid: ValuePyramid,
  samples: SampleSums,
  blocks: Iterable<number>,
): Promise<void> {
  const changed = [...blocks].map((block) => ({
    row: Math.floor(block / samples.columns),
    column: block % samples.columns,
  }));
  const chunksOf = (shift: number, side: number) => {
    const chunkOf = (block: number) => Math.floor((block >> shift) / side);
    const chunks = changed.map(({ row, column }): [number, number] => [chunkOf(row), chunkOf(column)]);
    return new Map(chunks.map((chunk) => [chunk.join(), chunk])).values();
  };
  for (const chunk of chunksOf(0, blockSumsSide(shape))) {
    const { rows, columns } = samples;
    const data = chunkData({ rows, columns, width: blockSumsWidth(shape) }, blockSumsSide(shape), chunk, (node, at) => {
      putBlockSums(node, at, pyramid, samples);
    });
    await disk.arrays.writeChunk('block_sums', [...chunk, 0], data);
  }
  for (let k = BLOCK_LEVEL; k <= pyramid.known.top; k++) {
    const { rows, columns, sums } = pyramid.level(k);
    const width = pyramid.values;
    const side = pyramidSide(shape, k);
    for (const chunk of chunksOf(k - BLOCK_LEVEL, side)) {
      const data = chunkData({ rows, columns, width: 1 + width }, side, chunk, (node, { row, column }) => {
        node[0] = pyramid.known.valued(k, row, column);
        const from = (row * columns + column) * width;
        node.set(sums.subarray(from, from + width), 1);
      });
      await disk.arrays.writeChunk(`pyramid/${k}`, [...chunk, 0], data);
    }
  }
}

/** What is stored of a block's sums. */
export interface BlockSums {
  /** Number of the set of patches that have values, as `patchSetNumber` gives it. */
  set: number;
  /** As a block's of `SampleSums`. */
  samples: Float64Array;
  /** As a node's of the pyramid's level of blocks. */
  sums: Float64Array;
}

/** Reads all of `block_sums`. @returns the sums of a block by its number; zeros where none were written */
export async function readBlockSums(
  disk: DiskResults,
  shape: ResultShape,
  { rows, columns, width: samplesWidth }: SampleSums,
): Promise<(block: number) => BlockSums> {
  const side = blockSumsSide(shape);
  const width = blockSumsWidth(shape);
  const chunkColumns = Math.ceil(columns / side);
  const chunks: (Float64Array | undefined)[] = [];
  for (let chunkRow = 0; chunkRow * side < rows; chunkRow++) {
    for (let chunkColumn = 0; chunkColumn < chunkColumns; chunkColumn++) {
      const chunk = await disk.arrays.readChunk('block_sums', [chunkRow, chunkColumn, 0]).catch((error) => {
        // Computed anew from the blocks.
        if (!(error instanceof DamagedChunk)) throw error;
      });
      chunks.push(chunk instanceof Float64Array ? chunk : undefined);
    }
  }
  const none = new Float64Array(width);
  return (block) => {
    const [row, column] = [Math.floor(block / columns), block % columns];
    const chunk = chunks[Math.floor(row / side) * chunkColumns + Math.floor(column / side)];
    const from = ((row % side) * side + (column % side)) * width;
    const numbers = chunk?.subarray(from, from + width) ?? none;
    return {
      set: numbers[0],
      samples: numbers.subarray(1, 1 + samplesWidth),
      sums: numbers.subarray(1 + samplesWidth),
    };
  };
}

/** The chunk of a level, filled node by node; nodes beyond its edge stay 0. */
function chunkData(
  { rows, columns, width }: { rows: number; columns: number; width: number },
  side: number,
  [chunkRow, chunkColumn]: readonly [number, number],
  put: (node: Float64Array, at: { row: number; column: number }) => void,
): Float64Array {
  const chunk = new Float64Array(side * side * width);
  for (let node = 0; node < side * side; node++) {
    const [row, column] = [chunkRow * side + Math.floor(node / side), chunkColumn * side + (node % side)];
    if (row < rows && column < columns) put(chunk.subarray(node * width, (node + 1) * width), { row, column });
  }
  return chunk;
}

function putBlockSums(
  node: Float64Array,
  { row, column }: { row: number; column: number },
  pyramid: ValuePyramid,
  samples: SampleSums,
): void {
  const { known, values } = pyramid;
  const block = row * samples.columns + column;
  node[0] = patchSetNumber((y, x) => {
    const [patchRow, patchColumn] = [row * BLOCK_SIDE + y, column * BLOCK_SIDE + x];
    const isInside = patchRow < known.rows && patchColumn < known.columns;
    return isInside && known.isKnown(patchRow, patchColumn) && !known.isBackground(patchRow, patchColumn);
  });
  node.set(samples.sums.subarray(block * samples.width, (block + 1) * samples.width), 1);
  const { sums } = pyramid.level(BLOCK_LEVEL);
  node.set(sums.subarray(block * values, (block + 1) * values), 1 + samples.width);
}

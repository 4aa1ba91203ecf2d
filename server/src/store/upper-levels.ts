import { BLOCK_LEVEL } from '../values/known-patches.ts';
import type { SampleSums } from '../values/sample-sums.ts';
import type { ValuePyramid } from '../values/value-pyramid.ts';
import { type DiskResults, isDamage } from './disk-results.ts';
import { pyramidSide, type ResultShape } from './result-layout.ts';

/** A level as it is stored: nodes of [count, numbers...], in square chunks. */
interface StoredLevel {
  name: string;
  rows: number;
  columns: number;
  /** Numbers of a node besides its count, shape [rows, columns, width]. */
  numbers: Float64Array;
  width: number;
}

/**
 * Writes the levels of the pyramid that stay in memory, and the sums over samples, as far as they have changed. They can
 * be computed anew, so they are not written with every block. The samples go first: a node's count says whether it is
 * of use.
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
  for (let k = pyramid.known.top; k >= BLOCK_LEVEL; k--) {
    const side = pyramidSide(shape, k);
    const chunks = new Set(
      changed.map(
        ({ row, column }) => `${((row >> (k - BLOCK_LEVEL)) / side) | 0},${((column >> (k - BLOCK_LEVEL)) / side) | 0}`,
      ),
    );
    const { rows, columns, sums } = pyramid.level(k);
    const level = { name: `pyramid/${k}`, rows, columns, numbers: sums, width: pyramid.values };
    for (const chunk of chunks) {
      const [chunkRow, chunkColumn] = chunk.split(',').map(Number);
      if (k === BLOCK_LEVEL) await writeChunk(disk, sampleLevel(samples), side, [chunkRow, chunkColumn], pyramid, k);
      await writeChunk(disk, level, side, [chunkRow, chunkColumn], pyramid, k);
    }
  }
}

/**
 * Fills in the pyramid's level of blocks and the sums over samples from what is stored, where that counts the patches
 * which are known now.
 * @returns numbers of the blocks for which it does not
 */
export async function readUpperLevels(
  disk: DiskResults,
  shape: ResultShape,
  pyramid: ValuePyramid,
  samples: SampleSums,
): Promise<Set<number>> {
  const { known } = pyramid;
  const side = pyramidSide(shape, BLOCK_LEVEL);
  const { rows, columns, sums } = pyramid.level(BLOCK_LEVEL);
  const blocks = { name: `pyramid/${BLOCK_LEVEL}`, rows, columns, numbers: sums, width: pyramid.values };
  const stale = new Set<number>();
  for (let chunkRow = 0; chunkRow * side < rows; chunkRow++) {
    for (let chunkColumn = 0; chunkColumn * side < columns; chunkColumn++) {
      const [ofBlocks, ofSamples] = await Promise.all(
        [blocks, sampleLevel(samples)].map(({ name }) => readChunk(disk, name, [chunkRow, chunkColumn, 0])),
      );
      for (let node = 0; node < side * side; node++) {
        const [row, column] = [chunkRow * side + Math.floor(node / side), chunkColumn * side + (node % side)];
        if (row >= rows || column >= columns) continue;
        const count = known.valued(BLOCK_LEVEL, row, column);
        const isCurrent = [
          [ofBlocks, blocks.width],
          [ofSamples, samples.width],
        ] as const;
        if (isCurrent.every(([chunk, width]) => (chunk?.[node * (1 + width)] ?? 0) === count)) {
          for (const [level, chunk] of [
            [blocks, ofBlocks],
            [sampleLevel(samples), ofSamples],
          ] as const) {
            const start = node * (1 + level.width) + 1;
            if (chunk)
              level.numbers.set(chunk.subarray(start, start + level.width), (row * columns + column) * level.width);
          }
        } else stale.add(row * columns + column);
      }
    }
  }
  return stale;
}

function sampleLevel({ rows, columns, sums, width }: SampleSums): StoredLevel {
  return { name: 'samples', rows, columns, numbers: sums, width };
}

async function readChunk(disk: DiskResults, name: string, coordinates: number[]): Promise<Float64Array | undefined> {
  try {
    const chunk = await disk.arrays.readChunk(name, coordinates);
    return chunk instanceof Float64Array ? chunk : undefined;
  } catch (error) {
    // Computed anew from the blocks.
    if (isDamage(error)) return undefined;
    throw error;
  }
}

async function writeChunk(
  disk: DiskResults,
  { name, rows, columns, numbers, width }: StoredLevel,
  side: number,
  [chunkRow, chunkColumn]: [number, number] | number[],
  { known }: ValuePyramid,
  k: number,
): Promise<void> {
  const chunk = new Float64Array(side * side * (1 + width));
  for (let node = 0; node < side * side; node++) {
    const [row, column] = [chunkRow * side + Math.floor(node / side), chunkColumn * side + (node % side)];
    if (row >= rows || column >= columns) continue;
    const from = (row * columns + column) * width;
    chunk[node * (1 + width)] = known.valued(k, row, column);
    chunk.set(numbers.subarray(from, from + width), node * (1 + width) + 1);
  }
  await disk.arrays.writeChunk(name, [chunkRow, chunkColumn, 0], chunk);
}

import { BLOCK_SIDE } from '../values/known-patches.ts';
import { patchesOfBlock } from './block-chunks.ts';
import { DamagedChunk, type HeatmapArrays } from './heatmap-arrays.ts';
import { KNOWN_SIDE, type ResultShape } from './result-layout.ts';

/** What `known` says of a patch: classified, or background, with or without having been classified. */
export const STORED = 1;
export const STORED_BACKGROUND = 2;

/**
 * The array `known` as a whole, [rows, columns]. A damaged chunk is made up from the pyramid, whose nodes count what is
 * stored; what it does not count, background, is computed anew.
 */
export async function readKnown(
  arrays: HeatmapArrays,
  shape: ResultShape,
  onDamage: (message: string) => void,
): Promise<Uint8Array> {
  const { rows, columns } = shape;
  const stored = new Uint8Array(rows * columns);
  for (let chunkRow = 0; chunkRow * KNOWN_SIDE < rows; chunkRow++) {
    for (let chunkColumn = 0; chunkColumn * KNOWN_SIDE < columns; chunkColumn++) {
      try {
        const chunk = await arrays.readChunk('known', [chunkRow, chunkColumn]);
        if (chunk) takeChunk(stored, shape, [chunkRow, chunkColumn], chunk);
      } catch (error) {
        if (!(error instanceof DamagedChunk)) throw error;
        onDamage(`${error.message}; it is made anew from pyramid/0`);
        await countAnew(arrays, shape, [chunkRow, chunkColumn], stored);
        await writeChunk(arrays, shape, stored, [chunkRow, chunkColumn]);
      }
    }
  }
  return stored;
}

/** Writes the chunk of `known` that a block lies in. */
export async function writeKnown(
  arrays: HeatmapArrays,
  shape: ResultShape,
  stored: Uint8Array,
  [blockRow, blockColumn]: readonly [number, number],
): Promise<void> {
  const chunkOf = (block: number) => Math.floor((block * BLOCK_SIDE) / KNOWN_SIDE);
  await writeChunk(arrays, shape, stored, [chunkOf(blockRow), chunkOf(blockColumn)]);
}

async function writeChunk(
  arrays: HeatmapArrays,
  { rows, columns }: ResultShape,
  stored: Uint8Array,
  [chunkRow, chunkColumn]: readonly [number, number],
): Promise<void> {
  const chunk = new Uint8Array(KNOWN_SIDE * KNOWN_SIDE);
  const left = chunkColumn * KNOWN_SIDE;
  const width = Math.min(KNOWN_SIDE, columns - left);
  for (let row = 0; row < Math.min(KNOWN_SIDE, rows - chunkRow * KNOWN_SIDE); row++) {
    const start = (chunkRow * KNOWN_SIDE + row) * columns + left;
    chunk.set(stored.subarray(start, start + width), row * KNOWN_SIDE);
  }
  await arrays.writeChunk('known', [chunkRow, chunkColumn], chunk);
}

function takeChunk(
  stored: Uint8Array,
  { rows, columns }: ResultShape,
  [chunkRow, chunkColumn]: readonly [number, number],
  chunk: ArrayLike<number>,
): void {
  const left = chunkColumn * KNOWN_SIDE;
  for (let row = 0; row < Math.min(KNOWN_SIDE, rows - chunkRow * KNOWN_SIDE); row++) {
    for (let column = 0; column < Math.min(KNOWN_SIDE, columns - left); column++) {
      const flag = chunk[row * KNOWN_SIDE + column];
      if (flag !== STORED && flag !== STORED_BACKGROUND) continue;
      stored[(chunkRow * KNOWN_SIDE + row) * columns + left + column] = flag;
    }
  }
}

/** Marks what the blocks of a chunk of `known` count as stored. */
async function countAnew(
  arrays: HeatmapArrays,
  shape: ResultShape,
  [chunkRow, chunkColumn]: readonly [number, number],
  stored: Uint8Array,
): Promise<void> {
  const blocks = KNOWN_SIDE / BLOCK_SIDE;
  for (let row = chunkRow * blocks; row < (chunkRow + 1) * blocks; row++) {
    for (let column = chunkColumn * blocks; column < (chunkColumn + 1) * blocks; column++) {
      if (row * BLOCK_SIDE >= shape.rows || column * BLOCK_SIDE >= shape.columns) continue;
      const nodes = await arrays.readChunk('pyramid/0', [row, column, 0]).catch((error) => {
        // Nobody knows any more what there is.
        if (!(error instanceof DamagedChunk)) throw error;
      });
      if (!nodes) continue;
      for (const { index, place } of patchesOfBlock(shape, row, column)) {
        if (nodes[place * (1 + shape.values)] === 1) stored[index] = STORED;
      }
    }
  }
}

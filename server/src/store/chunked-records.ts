import { BLOCK_SIDE } from '../values/known-patches.ts';
import { DamagedChunk, type HeatmapArrays } from './heatmap-arrays.ts';
import { cellsSide, type PatchRecord, type ResultShape, recordLength } from './result-layout.ts';

/** Records that were asked for, and patches whose records turned out to be damaged, asked for or not. */
export interface FoundRecords {
  records: Map<number, PatchRecord>;
  lost: number[];
}

/**
 * Reads patches out of the chunks of cells and probabilities. Damage costs the patches of one chunk of cells, or of one
 * block where it is in the probabilities.
 * @param stored tells the patches that are in chunks, [rows, columns]
 */
export async function readChunkedRecords(
  arrays: HeatmapArrays,
  shape: ResultShape,
  stored: Uint8Array,
  indices: readonly number[],
  onDamage: (message: string) => void,
): Promise<FoundRecords> {
  const side = cellsSide(shape);
  const cellCount = shape.cellRows * shape.cellColumns * shape.classes;
  const found: FoundRecords = { records: new Map(), lost: [] };
  for (const [key, members] of byChunk(shape, side, indices)) {
    const [chunkRow, chunkColumn] = key.split(',').map(Number);
    const [blockRow, blockColumn] = [chunkRow, chunkColumn].map((chunk) => Math.floor((chunk * side) / BLOCK_SIDE));
    let chunks: [ArrayLike<number>, ArrayLike<number>];
    try {
      chunks = await Promise.all([
        readWhole(arrays, 'cells', [chunkRow, chunkColumn, 0, 0, 0]),
        readWhole(arrays, 'probabilities', [blockRow, blockColumn, 0]),
      ]);
    } catch (error) {
      if (!(error instanceof DamagedChunk)) throw error;
      onDamage(`${error.message}; its patches are computed anew`);
      const square = error.array === 'cells' ? [chunkRow, chunkColumn, side] : [blockRow, blockColumn, BLOCK_SIDE];
      found.lost.push(...storedWithin(shape, stored, square));
      continue;
    }
    const [cells, probabilities] = chunks;
    for (const index of members) {
      const [row, column] = [Math.floor(index / shape.columns), index % shape.columns];
      const record = new Float32Array(recordLength(shape));
      copy(cells, ((row % side) * side + (column % side)) * cellCount, record.subarray(0, cellCount));
      const place = (row % BLOCK_SIDE) * BLOCK_SIDE + (column % BLOCK_SIDE);
      copy(probabilities, place * shape.classes, record.subarray(cellCount));
      found.records.set(index, record);
    }
  }
  return found;
}

async function readWhole(arrays: HeatmapArrays, name: string, coordinates: number[]): Promise<ArrayLike<number>> {
  const chunk = await arrays.readChunk(name, coordinates);
  if (!chunk) throw new DamagedChunk(name, coordinates, new Error('it is missing'));
  return chunk;
}

function byChunk({ columns }: ResultShape, side: number, indices: readonly number[]): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (const index of indices) {
    const key = `${Math.floor(Math.floor(index / columns) / side)},${Math.floor((index % columns) / side)}`;
    const group = groups.get(key);
    if (group) group.push(index);
    else groups.set(key, [index]);
  }
  return groups;
}

function storedWithin({ rows, columns }: ResultShape, stored: Uint8Array, [row, column, side]: number[]): number[] {
  const found: number[] = [];
  for (let y = row * side; y < Math.min(rows, (row + 1) * side); y++) {
    for (let x = column * side; x < Math.min(columns, (column + 1) * side); x++) {
      if (stored[y * columns + x] !== 0) found.push(y * columns + x);
    }
  }
  return found;
}

function copy(from: ArrayLike<number>, start: number, to: Float32Array): void {
  for (let i = 0; i < to.length; i++) to[i] = from[start + i];
}

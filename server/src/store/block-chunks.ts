import { BLOCK_LEVEL, BLOCK_SIDE } from '../values/known-patches.ts';
import type { ValueBlock } from '../values/value-block.ts';
import type { HeatmapArrays } from './heatmap-arrays.ts';
import { cellsSide, type PatchRecord, type ResultShape } from './result-layout.ts';

/** A block of 16 x 16 patches to be written; shapes are those of a whole block. */
export interface BlockContent {
  /** 0 unknown, else as `known` says; [16, 16] */
  flags: Uint8Array;
  /** By patch number; background that was not classified has none. */
  records: ReadonlyMap<number, PatchRecord>;
  values: ValueBlock;
  /** Counts of the values' levels 0 to 3, as the pyramid's nodes begin with. */
  counts: readonly Uint8Array[];
}

/** Writes a block's cells, probabilities and the pyramid's nodes within it. @throws Error of the file system */
export async function writeBlockChunks(
  arrays: HeatmapArrays,
  shape: ResultShape,
  [blockRow, blockColumn]: readonly [number, number],
  content: BlockContent,
): Promise<void> {
  await writeCells(arrays, shape, content);
  const probabilities = probabilitiesOf(shape, blockRow, blockColumn, content);
  await arrays.writeChunk('probabilities', [blockRow, blockColumn, 0], probabilities);
  for (let k = 0; k < BLOCK_LEVEL; k++) {
    const nodes = nodesOf(content.values[k], content.counts[k], shape.values);
    await arrays.writeChunk(`pyramid/${k}`, [blockRow, blockColumn, 0], nodes);
  }
}

/**
 * Values of a block's patches, [16, 16, values], 0 where it had none; undefined where the block was never written.
 * @throws DamagedChunk
 */
export async function readBlockValues(
  arrays: HeatmapArrays,
  { values }: ResultShape,
  [blockRow, blockColumn]: readonly [number, number],
): Promise<Float64Array | undefined> {
  const chunk = await arrays.readChunk('pyramid/0', [blockRow, blockColumn, 0]);
  if (!chunk) return undefined;
  const result = new Float64Array(BLOCK_SIDE ** 2 * values);
  for (let patch = 0; patch < BLOCK_SIDE ** 2; patch++) {
    const start = patch * (1 + values) + 1;
    result.set(chunk.subarray(start, start + values), patch * values);
  }
  return result;
}

/** Patch numbers of a block that lie in the grid, with their places in it. */
export function* patchesOfBlock(
  { rows, columns }: Pick<ResultShape, 'rows' | 'columns'>,
  blockRow: number,
  blockColumn: number,
): Generator<{ index: number; place: number }> {
  const [top, left] = [blockRow * BLOCK_SIDE, blockColumn * BLOCK_SIDE];
  for (let row = top; row < Math.min(rows, top + BLOCK_SIDE); row++) {
    for (let column = left; column < Math.min(columns, left + BLOCK_SIDE); column++) {
      yield { index: row * columns + column, place: (row - top) * BLOCK_SIDE + column - left };
    }
  }
}

async function writeCells(arrays: HeatmapArrays, shape: ResultShape, { records }: BlockContent): Promise<void> {
  const side = cellsSide(shape);
  const cellCount = shape.cellRows * shape.cellColumns * shape.classes;
  const chunks = new Map<string, Float32Array>();
  for (const [index, record] of records) {
    const [row, column] = [Math.floor(index / shape.columns), index % shape.columns];
    const key = `${Math.floor(row / side)},${Math.floor(column / side)}`;
    const chunk = chunks.get(key) ?? new Float32Array(side * side * cellCount);
    chunks.set(key, chunk);
    chunk.set(record.subarray(0, cellCount), ((row % side) * side + (column % side)) * cellCount);
  }
  for (const [key, chunk] of chunks) {
    const [chunkRow, chunkColumn] = key.split(',').map(Number);
    await arrays.writeChunk('cells', [chunkRow, chunkColumn, 0, 0, 0], chunk);
  }
}

function probabilitiesOf(
  { classes, columns, cellRows, cellColumns }: ResultShape,
  blockRow: number,
  blockColumn: number,
  { records }: BlockContent,
): Float32Array {
  const chunk = new Float32Array(BLOCK_SIDE * BLOCK_SIDE * classes);
  for (const [index, record] of records) {
    const row = Math.floor(index / columns) - blockRow * BLOCK_SIDE;
    const column = (index % columns) - blockColumn * BLOCK_SIDE;
    chunk.set(record.subarray(cellRows * cellColumns * classes), (row * BLOCK_SIDE + column) * classes);
  }
  return chunk;
}

/** Nodes of the pyramid as they are stored: the count, then the sums. @param sums [nodes, values] */
function nodesOf(sums: Float64Array, counts: ArrayLike<number>, values: number): Float64Array {
  const nodes = new Float64Array(counts.length * (1 + values));
  for (let node = 0; node < counts.length; node++) {
    nodes[node * (1 + values)] = counts[node];
    nodes.set(sums.subarray(node * values, (node + 1) * values), node * (1 + values) + 1);
  }
  return nodes;
}

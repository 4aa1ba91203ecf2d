import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BLOCK_LEVEL, BLOCK_SIDE } from '../values/known-patches.ts';
import type { ValueBlock } from '../values/value-block.ts';
import { DamagedChunk, type HeatmapArrays, openArrays } from './heatmap-arrays.ts';
import { DamagedRecord, openJournal } from './journal.ts';
import {
  cellsSide,
  KNOWN_SIDE,
  type PatchRecord,
  type ResultShape,
  recordLength,
  resultArrays,
} from './result-layout.ts';

/** What `known` says of a patch: classified, or background, with or without having been classified. */
export const STORED = 1;
export const STORED_BACKGROUND = 2;

/** A journal beyond this size is rewritten once most of it is stored in chunks. */
const JOURNAL_BYTES = 32 * 1024 ** 2;

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

/** A heatmap's results on disk: the chunks of a Zarr group, and before it a journal of what has not got there yet. */
export interface DiskResults {
  /** What `known` says of every patch, row-major. */
  readonly stored: Uint8Array;
  /** Patches that are in the journal and in no chunk. */
  journaled(): Iterable<number>;
  isJournaled(index: number): boolean;
  /** @throws Error of the file system */
  append(entries: readonly { index: number; record: PatchRecord }[]): Promise<void>;
  /** Records of patches; those that are not there are left out. @throws DamagedChunk, DamagedRecord */
  read(indices: readonly number[]): Promise<Map<number, PatchRecord>>;
  /** Values of a block's stored patches, [16, 16, values]; undefined where none is stored. @throws DamagedChunk */
  readValues(blockRow: number, blockColumn: number): Promise<Float64Array | undefined>;
  /** Writes a block's chunks, `known` last; its patches leave the journal. @throws Error of the file system */
  writeBlock(blockRow: number, blockColumn: number, content: BlockContent): Promise<void>;
  /** Takes back what is stored of a block, because it is damaged. */
  forgetBlock(blockRow: number, blockColumn: number): Promise<void>;
  /** Drops what the journal says of patches. */
  forgetJournaled(indices: readonly number[]): void;
  arrays: HeatmapArrays;
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface DiskOptions {
  /** Fingerprint of the heatmap. */
  identity: string;
  shape: ResultShape;
  /** Provenance, kept in the group's attributes. */
  attributes: Record<string, unknown>;
  /** Told what was found damaged, and that it is computed anew. */
  onDamage(message: string): void;
}

/** Opens what is kept of a heatmap in a folder, or begins it. @throws Error of the file system */
export async function openDiskResults(folder: string, options: DiskOptions): Promise<DiskResults> {
  const { identity, shape, attributes, onDamage } = options;
  const { rows, columns } = shape;
  await mkdir(folder, { recursive: true });
  const arrays = await openArrays(join(folder, 'data.zarr'), resultArrays(shape), attributes, { onDamage });
  const stored = await readKnown(arrays, shape, onDamage);
  const journal = await openJournal(join(folder, 'journal'), { identity, payloadBytes: recordLength(shape) * 4 });
  if (journal.found.setAside)
    onDamage(`a journal that is none of this heatmap was set aside as ${journal.found.setAside}`);
  if (journal.found.damaged > 0) onDamage(`${journal.found.damaged} damaged records of the journal are computed anew`);
  const records = new Map<number, number>();
  for (const [key, record] of journal.keys()) if (key < rows * columns && stored[key] === 0) records.set(key, record);

  const side = cellsSide(shape);
  const cellCount = shape.cellRows * shape.cellColumns * shape.classes;
  /** Blocks are written one after the other: neighbours share a chunk of `known`. */
  let writing: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = writing.then(work);
    writing = result.catch(() => {});
    return result;
  };

  const readChunked = async (indices: readonly number[], found: Map<number, PatchRecord>) => {
    const groups = new Map<string, number[]>();
    for (const index of indices) {
      const key = `${Math.floor(Math.floor(index / columns) / side)},${Math.floor((index % columns) / side)}`;
      groups.set(key, [...(groups.get(key) ?? []), index]);
    }
    for (const [key, members] of groups) {
      const [chunkRow, chunkColumn] = key.split(',').map(Number);
      const blockRow = Math.floor((chunkRow * side) / BLOCK_SIDE);
      const blockColumn = Math.floor((chunkColumn * side) / BLOCK_SIDE);
      const [cells, probabilities] = await Promise.all([
        arrays.readChunk('cells', [chunkRow, chunkColumn, 0, 0, 0]),
        arrays.readChunk('probabilities', [blockRow, blockColumn, 0]),
      ]);
      if (!(cells instanceof Float32Array) || !(probabilities instanceof Float32Array)) {
        throw new DamagedChunk('cells', [chunkRow, chunkColumn, 0, 0, 0], new Error('it is missing'));
      }
      for (const index of members) {
        const [row, column] = [Math.floor(index / columns), index % columns];
        const record = new Float32Array(recordLength(shape));
        const at = ((row % side) * side + (column % side)) * cellCount;
        record.set(cells.subarray(at, at + cellCount));
        const from = ((row % BLOCK_SIDE) * BLOCK_SIDE + (column % BLOCK_SIDE)) * shape.classes;
        record.set(probabilities.subarray(from, from + shape.classes), cellCount);
        found.set(index, record);
      }
    }
  };

  const readJournaled = async (indices: readonly number[], found: Map<number, PatchRecord>) => {
    const payloads = await journal.read(indices.map((index) => records.get(index) ?? -1));
    for (const [i, index] of indices.entries()) found.set(index, recordOf(payloads[i]));
  };

  const writeKnown = async (blockRow: number, blockColumn: number) => {
    const [chunkRow, chunkColumn] = [blockRow, blockColumn].map((block) =>
      Math.floor((block * BLOCK_SIDE) / KNOWN_SIDE),
    );
    const chunk = new Uint8Array(KNOWN_SIDE * KNOWN_SIDE);
    const left = chunkColumn * KNOWN_SIDE;
    const width = Math.min(KNOWN_SIDE, columns - left);
    for (let row = 0; row < Math.min(KNOWN_SIDE, rows - chunkRow * KNOWN_SIDE); row++) {
      const start = (chunkRow * KNOWN_SIDE + row) * columns + left;
      chunk.set(stored.subarray(start, start + width), row * KNOWN_SIDE);
    }
    await arrays.writeChunk('known', [chunkRow, chunkColumn], chunk);
  };

  const compactJournal = async () => {
    const bytes = records.size * (recordLength(shape) * 4 + 8);
    if (records.size > 0 && (journal.bytes < JOURNAL_BYTES || bytes * 2 > journal.bytes)) return;
    if (records.size === 0 && journal.bytes < JOURNAL_BYTES / 32) return;
    // The journal's copy goes: the chunks have to outlast a power cut by themselves.
    await arrays.sync();
    const moved = await journal.compact((key, record) => records.get(key) === record);
    for (const [key, record] of records) records.set(key, moved.get(record) ?? record);
  };

  return {
    stored,
    arrays,
    journaled: () => records.keys(),
    isJournaled: (index) => records.has(index),
    async append(entries) {
      const numbers = await journal.append(
        entries.map(({ index, record }) => ({ key: index, payload: bytesOf(record) })),
      );
      for (const [i, { index }] of entries.entries()) records.set(index, numbers[i]);
    },
    async read(indices) {
      const found = new Map<number, PatchRecord>();
      const inJournal = indices.filter((index) => records.has(index));
      const inChunks = indices.filter((index) => !records.has(index) && stored[index] !== 0);
      await Promise.all([
        inJournal.length > 0 && readJournaled(inJournal, found),
        inChunks.length > 0 && readChunked(inChunks, found),
      ]);
      return found;
    },
    async readValues(blockRow, blockColumn) {
      const chunk = await arrays.readChunk('pyramid/0', [blockRow, blockColumn, 0]);
      if (!(chunk instanceof Float64Array)) return undefined;
      const { values } = shape;
      const result = new Float64Array(BLOCK_SIDE * BLOCK_SIDE * values);
      for (let patch = 0; patch < BLOCK_SIDE * BLOCK_SIDE; patch++) {
        const start = patch * (1 + values) + 1;
        result.set(chunk.subarray(start, start + values), patch * values);
      }
      return result;
    },
    writeBlock: (blockRow, blockColumn, content) =>
      inTurn(async () => {
        await writeCells(arrays, shape, content);
        await arrays.writeChunk(
          'probabilities',
          [blockRow, blockColumn, 0],
          probabilitiesOf(shape, blockRow, blockColumn, content),
        );
        for (let k = 0; k < BLOCK_LEVEL; k++) {
          await arrays.writeChunk(
            `pyramid/${k}`,
            [blockRow, blockColumn, 0],
            nodesOf(content.values[k], content.counts[k], shape.values),
          );
        }
        const before = new Map<number, number>();
        for (const [index, flag] of flagsOf(shape, blockRow, blockColumn, content.flags)) {
          before.set(index, stored[index]);
          stored[index] = flag;
        }
        try {
          await writeKnown(blockRow, blockColumn);
        } catch (error) {
          for (const [index, flag] of before) stored[index] = flag;
          throw error;
        }
        for (const [index] of before) if (stored[index] !== 0) records.delete(index);
        // What cannot be made smaller now is made so with a later block.
        await compactJournal().catch(() => {});
      }),
    forgetBlock: (blockRow, blockColumn) =>
      inTurn(async () => {
        for (const [index] of flagsOf(shape, blockRow, blockColumn, new Uint8Array(BLOCK_SIDE ** 2))) stored[index] = 0;
        await writeKnown(blockRow, blockColumn);
      }),
    forgetJournaled(indices) {
      for (const index of indices) records.delete(index);
    },
    sync: () => journal.sync(),
    async close() {
      await writing;
      await journal.close();
    },
  };
}

export function isDamage(error: unknown): boolean {
  return error instanceof DamagedChunk || error instanceof DamagedRecord;
}

async function readKnown(
  arrays: HeatmapArrays,
  { rows, columns }: ResultShape,
  onDamage: (message: string) => void,
): Promise<Uint8Array> {
  const stored = new Uint8Array(rows * columns);
  for (let chunkRow = 0; chunkRow * KNOWN_SIDE < rows; chunkRow++) {
    for (let chunkColumn = 0; chunkColumn * KNOWN_SIDE < columns; chunkColumn++) {
      let chunk: ArrayLike<number> | undefined;
      try {
        chunk = await arrays.readChunk('known', [chunkRow, chunkColumn]);
      } catch (error) {
        if (!isDamage(error)) throw error;
        onDamage(`${error instanceof Error ? error.message : error}; its patches are computed anew`);
      }
      if (!chunk) continue;
      const left = chunkColumn * KNOWN_SIDE;
      for (let row = 0; row < Math.min(KNOWN_SIDE, rows - chunkRow * KNOWN_SIDE); row++) {
        for (let column = 0; column < Math.min(KNOWN_SIDE, columns - left); column++) {
          const flag = chunk[row * KNOWN_SIDE + column];
          if (flag === STORED || flag === STORED_BACKGROUND) {
            stored[(chunkRow * KNOWN_SIDE + row) * columns + left + column] = flag;
          }
        }
      }
    }
  }
  return stored;
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
  shape: ResultShape,
  blockRow: number,
  blockColumn: number,
  { records }: BlockContent,
): Float32Array {
  const { classes, columns } = shape;
  const cellCount = shape.cellRows * shape.cellColumns * classes;
  const chunk = new Float32Array(BLOCK_SIDE * BLOCK_SIDE * classes);
  for (const [index, record] of records) {
    const row = Math.floor(index / columns) - blockRow * BLOCK_SIDE;
    const column = (index % columns) - blockColumn * BLOCK_SIDE;
    chunk.set(record.subarray(cellCount), (row * BLOCK_SIDE + column) * classes);
  }
  return chunk;
}

/** Nodes of the pyramid as they are stored: the count, then the sums. @param sums [nodes, values] */
export function nodesOf(sums: Float64Array, counts: ArrayLike<number>, values: number): Float64Array {
  const nodes = new Float64Array(counts.length * (1 + values));
  for (let node = 0; node < counts.length; node++) {
    nodes[node * (1 + values)] = counts[node];
    nodes.set(sums.subarray(node * values, (node + 1) * values), node * (1 + values) + 1);
  }
  return nodes;
}

/** Patch numbers of a block that lie in the grid, with their flags. */
function* flagsOf(
  { rows, columns }: ResultShape,
  blockRow: number,
  blockColumn: number,
  flags: Uint8Array,
): Generator<[index: number, flag: number]> {
  for (let row = 0; row < BLOCK_SIDE; row++) {
    for (let column = 0; column < BLOCK_SIDE; column++) {
      const [y, x] = [blockRow * BLOCK_SIDE + row, blockColumn * BLOCK_SIDE + column];
      if (y < rows && x < columns) yield [y * columns + x, flags[row * BLOCK_SIDE + column]];
    }
  }
}

function bytesOf(record: PatchRecord): Uint8Array {
  return new Uint8Array(record.buffer, record.byteOffset, record.byteLength);
}

/** A copy, for the payload may lie at any byte of a larger buffer. */
function recordOf(payload: Uint8Array): PatchRecord {
  return new Float32Array(new Uint8Array(payload).buffer);
}

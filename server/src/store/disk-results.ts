import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { BLOCK_SIDE } from '../values/known-patches.ts';
import { type BlockContent, patchesOfBlock, readBlockValues, writeBlockChunks } from './block-chunks.ts';
import { type FoundRecords, readChunkedRecords } from './chunked-records.ts';
import { DamagedChunk, type HeatmapArrays, openArrays } from './heatmap-arrays.ts';
import { DamagedRecord, openJournal } from './journal.ts';
import { readKnown, writeKnown } from './known-chunks.ts';
import { makeFolder } from './make-folder.ts';
import { type PatchRecord, type ResultShape, recordLength, resultArrays } from './result-layout.ts';

/** A journal beyond this size is rewritten once most of it is stored in chunks. */
const JOURNAL_BYTES = 32 * 1024 ** 2;
/** One of which nothing is needed any more is emptied from this size on. */
const EMPTIED_JOURNAL_BYTES = 1024 ** 2;

/** A heatmap's results on disk: the chunks of a Zarr group, and before it a journal of what has not got there yet. */
export interface DiskResults {
  readonly folder: string;
  /** What `known` says of every patch, row-major. */
  readonly stored: Uint8Array;
  readonly arrays: HeatmapArrays;
  /** Patches that are in the journal and in no chunk. */
  journaled(): Iterable<number>;
  /** @throws FolderGone; Error of the file system */
  append(entries: readonly { index: number; record: PatchRecord }[]): Promise<void>;
  /** Records of patches; those that are not there are left out. */
  read(indices: readonly number[]): Promise<FoundRecords>;
  /**
   * Values of a block's stored patches, [16, 16, values]; undefined where none is stored, or where they are damaged,
   * which is told and costs nothing but computing them from the records.
   */
  readValues(blockRow: number, blockColumn: number): Promise<Float64Array | undefined>;
  /** Writes a block's chunks, `known` last; its patches leave the journal. @throws Error of the file system */
  writeBlock(blockRow: number, blockColumn: number, content: BlockContent): Promise<void>;
  /** Takes back what is kept of patches, at once; rejects where the disk could not be told. */
  forget(indices: readonly number[]): Promise<void>;
  /** Whether the folder is still what it was when it was opened. */
  isThere(): Promise<boolean>;
  close(): Promise<void>;
}

export interface DiskOptions {
  /** Fingerprint of the heatmap. */
  identity: string;
  shape: ResultShape;
  /** Provenance, kept in the group's attributes. */
  attributes: Record<string, unknown>;
  /** Told what was found damaged, and what is done about it. */
  onDamage(message: string): void;
}

/** Somebody has removed the folder, or put another in its place. */
export class FolderGone extends Error {
  constructor(folder: string) {
    super(`${folder} was removed; it is begun anew`);
    this.name = 'FolderGone';
  }
}

/** Opens what is kept of a heatmap in a folder, or begins it. @throws Error of the file system */
export async function openDiskResults(folder: string, options: DiskOptions): Promise<DiskResults> {
  const { identity, shape, attributes } = options;
  const { rows, columns } = shape;
  /** What several readers come upon at a time is told once, and again where it is found after blocks were written anew. */
  const told = new Set<string>();
  const onDamage = (message: string) => {
    if (told.has(message)) return;
    told.add(message);
    options.onDamage(message);
  };
  await makeFolder(folder);
  const group = join(folder, 'data.zarr');
  const arrays = await openArrays(group, resultArrays(shape), attributes, { onDamage });
  const stored = await readKnown(arrays, shape, onDamage);
  const journal = await openJournal(join(folder, 'journal'), {
    identity,
    payloadBytes: recordLength(shape) * 4,
    onFlushError: (error) => onDamage(`the journal may not outlast a power cut: ${String(error)}`),
  });
  if (journal.found.setAside) onDamage(journal.found.setAside);
  if (journal.found.damaged > 0) onDamage(`${journal.found.damaged} damaged records of the journal are computed anew`);
  /** Numbers of the journal's records of patches that are in no chunk. */
  const records = new Map<number, number>();
  for (const [key, record] of journal.keys()) if (key < rows * columns && stored[key] === 0) records.set(key, record);

  /** Blocks are written one after the other: neighbours share a chunk of `known`. */
  let writing: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = writing.then(work);
    writing = result.catch(() => {});
    return result;
  };

  const readJournaled = async (indices: readonly number[], found: FoundRecords) => {
    const read = async (members: readonly number[]) => {
      const payloads = await journal.read(members.map((index) => records.get(index) ?? -1));
      for (const [i, index] of members.entries()) found.records.set(index, recordOf(payloads[i]));
    };
    try {
      await read(indices);
    } catch (error) {
      if (!(error instanceof DamagedRecord)) throw error;
      if (indices.length === 1) {
        onDamage(`${error.message}; it is computed anew`);
        found.lost.push(indices[0]);
      } else for (const index of indices) if (records.has(index)) await readJournaled([index], found);
    }
  };

  const compactJournal = async () => {
    const bytes = records.size * (recordLength(shape) * 4 + 8);
    const isWorthIt =
      records.size === 0 ? journal.bytes >= EMPTIED_JOURNAL_BYTES : journal.bytes >= Math.max(JOURNAL_BYTES, 2 * bytes);
    if (!isWorthIt) return;
    // The journal's copy goes: the chunks have to outlast a power cut by themselves.
    await arrays.sync();
    const moved = await journal.compact((key, record) => records.get(key) === record);
    for (const [key, record] of records) records.set(key, moved.get(record) ?? record);
  };

  const isThere = async () => {
    const hasGroup = await access(join(group, 'zarr.json')).then(
      () => true,
      () => false,
    );
    return hasGroup && (await journal.isInPlace());
  };

  return {
    folder,
    stored,
    arrays,
    journaled: () => records.keys(),
    async append(entries) {
      const numbers = await journal.append(
        entries.map(({ index, record }) => ({ key: index, payload: bytesOf(record) })),
      );
      // What is written to a file without a name is lost.
      if (!(await isThere())) throw new FolderGone(folder);
      // Its block may have been written meanwhile.
      for (const [i, { index }] of entries.entries()) if (stored[index] === 0) records.set(index, numbers[i]);
    },
    async read(indices) {
      const inJournal = indices.filter((index) => records.has(index));
      const inChunks = indices.filter((index) => !records.has(index) && stored[index] !== 0);
      const journaled: FoundRecords = { records: new Map(), lost: [] };
      const [chunked] = await Promise.all([
        readChunkedRecords(arrays, shape, stored, inChunks, onDamage),
        inJournal.length > 0 && readJournaled(inJournal, journaled),
      ]);
      for (const [index, record] of journaled.records) chunked.records.set(index, record);
      return { records: chunked.records, lost: [...chunked.lost, ...journaled.lost] };
    },
    async readValues(blockRow, blockColumn) {
      try {
        return await readBlockValues(arrays, shape, [blockRow, blockColumn]);
      } catch (error) {
        if (!(error instanceof DamagedChunk)) throw error;
        onDamage(`${error.message}; it is made anew from cells and probabilities`);
        return undefined;
      }
    },
    writeBlock: (blockRow, blockColumn, content) =>
      inTurn(async () => {
        await writeBlockChunks(arrays, shape, [blockRow, blockColumn], content);
        told.clear();
        const patches = [...patchesOfBlock(shape, blockRow, blockColumn)];
        const before = patches.map(({ index }) => stored[index]);
        for (const { index, place } of patches) stored[index] = content.flags[place];
        try {
          await writeKnown(arrays, shape, stored, [blockRow, blockColumn]);
        } catch (error) {
          for (const [i, { index }] of patches.entries()) stored[index] = before[i];
          throw error;
        }
        for (const { index } of patches) if (stored[index] !== 0) records.delete(index);
        // What cannot be made smaller now is made so with a later block.
        await compactJournal().catch(() => {});
      }),
    forget(indices) {
      const blocks = new Map<string, [number, number]>();
      for (const index of indices) {
        records.delete(index);
        if (stored[index] === 0) continue;
        stored[index] = 0;
        const block: [number, number] = [
          Math.floor(Math.floor(index / columns) / BLOCK_SIDE),
          Math.floor((index % columns) / BLOCK_SIDE),
        ];
        blocks.set(block.join(), block);
      }
      return inTurn(async () => {
        for (const block of blocks.values()) await writeKnown(arrays, shape, stored, block);
      });
    },
    isThere,
    async close() {
      await writing;
      await journal.close();
    },
  };
}

function bytesOf(record: PatchRecord): Uint8Array {
  return new Uint8Array(record.buffer, record.byteOffset, record.byteLength);
}

/** A copy, for the payload may lie at any byte of a larger buffer. */
function recordOf(payload: Uint8Array): PatchRecord {
  return new Float32Array(new Uint8Array(payload).buffer);
}

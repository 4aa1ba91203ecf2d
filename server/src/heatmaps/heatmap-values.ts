import { type PatchGrid, type PatchRange, patchPosition } from '../../../shared/geometry/patch-grid.ts';
import type { Score } from '../../../shared/heatmap-descriptor.ts';
import { Problem } from '../errors.ts';
import type { ModelDescription } from '../models/model.ts';
import { type DiskResults, isDamage, STORED_BACKGROUND } from '../store/disk-results.ts';
import { DamagedChunk } from '../store/heatmap-arrays.ts';
import type { PatchRecord } from '../store/result-layout.ts';
import { openResultStore, type ResultStore } from '../store/result-store.ts';
import { readUpperLevels } from '../store/upper-levels.ts';
import { BLOCK_SIDE, type KnownPatches, knownPatches } from '../values/known-patches.ts';
import { type SampleSums, sampleSums } from '../values/sample-sums.ts';
import { blockOf, createBlock, setValues, type ValueBlock } from '../values/value-block.ts';
import { type BlockOf, type ValuePyramid, valuePyramid } from '../values/value-pyramid.ts';
import type { PatchResults } from '../worker/messages.ts';
import { blockWriter } from './block-writer.ts';
import { loadedBlocks } from './loaded-blocks.ts';
import { cellBytes, leadingClass, patchMeans, probabilitiesOf } from './patch-scores.ts';
import type { ResultCaches } from './result-caches.ts';

/** Journaled records read at once when a heatmap is opened. */
const RECORDS_AT_ONCE = 256;

/** All that is known of a heatmap, loaded from its store as far as it is asked for. */
export interface HeatmapValues {
  readonly known: KnownPatches;
  readonly pyramid: ValuePyramid;
  readonly samples: SampleSums;
  readonly store: ResultStore;
  /** Patches that are background beforehand and never classified, row-major. */
  readonly mask: Uint8Array | undefined;
  /** Loads the values of the blocks that a range of patches lies in; what it gives reads them. */
  blocks(range: PatchRange): Promise<BlockOf>;
  /** Records of known patches; one that turned out to be lost is left out, and unknown from then on. */
  records(indices: readonly number[]): Promise<Map<number, PatchRecord>>;
  /** As `records`, the probabilities of the patches' cells as bytes. */
  cellBytes(indices: readonly number[]): Promise<Map<number, Uint8Array>>;
  /**
   * Keeps what was classified; a patch that is known already keeps what it has.
   * @param indices row-major patch numbers, in the order of the results
   */
  add(indices: readonly number[], results: PatchResults): Promise<void>;
  /** Writes what can be written, and lets go of the files. */
  close(): Promise<void>;
}

export interface ValuesOptions {
  model: ModelDescription;
  grid: PatchGrid;
  scores: readonly Score[];
  mask?: Uint8Array;
  /** Class whose patches count as background once they are classified. */
  backgroundClass?: number;
  caches: ResultCaches;
  /** Names the heatmap in the caches. */
  identity: string;
  openDisk?: () => Promise<{ disk: DiskResults; release(): Promise<void> }>;
  /** Told of damage, of a disk that does not take results, and (null) that it does again. */
  onProblem?: (message: string | null) => void;
}

/** Opens what is known of a heatmap. */
export async function openHeatmapValues(options: ValuesOptions): Promise<HeatmapValues> {
  const { model, grid, scores, mask, backgroundClass, caches, identity, openDisk, onProblem = () => {} } = options;
  const values = scores.length * model.classes.length;
  const masked = mask !== undefined;
  const known = knownPatches(grid.rows, grid.columns, mask);
  const pyramid = valuePyramid(known, values, masked);
  const start = scores.indexOf('patch') * model.classes.length;
  const samples = sampleSums(known, model.classes.length, { masked, values, start });
  const blockColumns = Math.ceil(grid.columns / BLOCK_SIDE);

  const blockNumber = (index: number) => {
    const { row, column } = patchPosition(grid, index);
    return Math.floor(row / BLOCK_SIDE) * blockColumns + Math.floor(column / BLOCK_SIDE);
  };
  const placeInBlock = (index: number) => {
    const { row, column } = patchPosition(grid, index);
    return (row % BLOCK_SIDE) * BLOCK_SIDE + (column % BLOCK_SIDE);
  };
  const isBackground = (record: PatchRecord) =>
    backgroundClass !== undefined && leadingClass(probabilitiesOf(model, record)) === backgroundClass;
  /** Known patches of a block that have values. */
  const valuedPatches = (block: number): number[] => {
    const top = Math.floor(block / blockColumns) * BLOCK_SIDE;
    const left = (block % blockColumns) * BLOCK_SIDE;
    const indices: number[] = [];
    for (let row = top; row < Math.min(grid.rows, top + BLOCK_SIDE); row++) {
      for (let column = left; column < Math.min(grid.columns, left + BLOCK_SIDE); column++) {
        if (known.isKnown(row, column) && !known.isBackground(row, column)) indices.push(row * grid.columns + column);
      }
    }
    return indices;
  };

  const tellError = (error: unknown) => onProblem(error instanceof Error ? error.message : String(error));

  /** Blocks whose sums do not tell any more what is known. */
  const unsettled = new Set<number>();
  const blocks = loadedBlocks(caches.blocks, identity, async (block) => {
    const loaded = await loadBlock(block);
    if (unsettled.delete(block)) settle(block, loaded);
    return loaded;
  });
  const settle = (block: number, loaded: ValueBlock) => {
    const [row, column] = [Math.floor(block / blockColumns), block % blockColumns];
    pyramid.settle(row, column, loaded);
    samples.settle(row, column, loaded);
    writer.changed(block);
  };
  const settleAll = async () => {
    for (const block of [...unsettled]) await blocks.at(block);
  };

  const loadBlock = async (block: number): Promise<ValueBlock> => {
    const patches = valuedPatches(block);
    if (patches.length === 0) return createBlock(values);
    const stored = patches.filter(store.isStored);
    const loaded = new Float64Array(BLOCK_SIDE ** 2 * values);
    if (stored.length > 0) {
      const [row, column] = [Math.floor(block / blockColumns), block % blockColumns];
      try {
        const found = await store.disk()?.readValues(row, column);
        if (!found) throw new DamagedChunk('pyramid/0', [row, column, 0], new Error('it is missing'));
        for (const place of stored.map(placeInBlock)) {
          loaded.set(found.subarray(place * values, (place + 1) * values), place * values);
        }
      } catch (error) {
        if (!isDamage(error)) throw error;
        await forgetStored(block, error);
        return loadBlock(block);
      }
    }
    const journaled = patches.filter((index) => !store.isStored(index));
    const records = await readRecords(journaled);
    for (const [index, record] of records) loaded.set(patchMeans(model, scores, record), placeInBlock(index) * values);
    return blockOf(loaded, values);
  };

  const readRecords = async (indices: readonly number[]): Promise<Map<number, PatchRecord>> => {
    const found = new Map<number, PatchRecord>();
    const elsewhere = new Map<number, number[]>();
    for (const index of indices) {
      const record = caches.records.get(`${identity} ${index}`);
      const block = blockNumber(index);
      if (record) found.set(index, record);
      else elsewhere.set(block, [...(elsewhere.get(block) ?? []), index]);
    }
    // Block by block, so that damage costs no more than one.
    for (const [block, members] of elsewhere) {
      try {
        for (const [index, record] of await store.read(members)) {
          found.set(index, record);
          caches.records.set(`${identity} ${index}`, record);
        }
      } catch (error) {
        if (!isDamage(error)) throw error;
        store.disk()?.forgetJournaled(members);
        forget(members);
        await forgetStored(block, error);
      }
    }
    return found;
  };

  /** What lies in a block's chunks, or some of it, is damaged: all of that is computed anew. */
  const forgetStored = async (block: number, error: unknown) => {
    onProblem(`${error instanceof Error ? error.message : error}; its patches are computed anew`);
    const lost = valuedPatches(block).filter(store.isStored);
    await store.attempt((disk) => disk.forgetBlock(Math.floor(block / blockColumns), block % blockColumns));
    forget(lost);
  };

  const forget = (indices: Iterable<number>) => {
    for (const index of indices) {
      const { row, column } = patchPosition(grid, index);
      known.remove(row, column);
      caches.records.delete(`${identity} ${index}`);
      caches.cells.delete(`${identity} ${index}`);
      blocks.drop(blockNumber(index));
      unsettled.add(blockNumber(index));
    }
  };

  const records = async (indices: readonly number[]): Promise<Map<number, PatchRecord>> => {
    const wanted = indices.filter((index) => {
      const { row, column } = patchPosition(grid, index);
      return known.isKnown(row, column) && !mask?.[index];
    });
    const found = await readRecords(wanted);
    forget(wanted.filter((index) => !found.has(index)));
    await settleAll();
    return found;
  };

  /** Takes over what is on disk; the sums that do not fit it are computed from the blocks. */
  const adopt = async (disk: DiskResults) => {
    for (let index = 0; index < disk.stored.length; index++) {
      const { row, column } = patchPosition(grid, index);
      if (disk.stored[index] !== 0) known.add(row, column, disk.stored[index] === STORED_BACKGROUND);
    }
    const journaled = [...disk.journaled()];
    for (let from = 0; from < journaled.length; from += RECORDS_AT_ONCE) {
      const part = journaled.slice(from, from + RECORDS_AT_ONCE);
      const read = backgroundClass === undefined ? undefined : await disk.read(part);
      for (const index of part) {
        const { row, column } = patchPosition(grid, index);
        const record = read?.get(index);
        known.add(row, column, record !== undefined && isBackground(record));
        writer.changed(blockNumber(index));
      }
    }
    for (const block of await readUpperLevels(disk, writer.shape, pyramid, samples)) {
      blocks.drop(block);
      unsettled.add(block);
    }
    pyramid.resum();
  };

  const writer = blockWriter({ grid, model, known, pyramid, samples, mask, values, tellError }, () => store, {
    records,
    block: blocks.at,
  });
  const store: ResultStore = await openResultStore({
    openDisk,
    onOpened: adopt,
    onLost: (indices) => {
      forget(indices);
      settleAll().catch(tellError);
    },
    onProblem,
  });
  await settleAll();
  writer.writeComplete();
  let closed = false;
  /** What cannot be read any more must not look like nothing. */
  const checkOpen = () => {
    if (closed) throw new Problem('busy', 'the heatmap was closed meanwhile; ask again');
  };

  return {
    known,
    pyramid,
    samples,
    store,
    mask,
    records: async (indices) => {
      checkOpen();
      return records(indices);
    },
    async cellBytes(indices) {
      checkOpen();
      const found = new Map<number, Uint8Array>();
      const elsewhere: number[] = [];
      for (const index of indices) {
        const bytes = caches.cells.get(`${identity} ${index}`);
        if (bytes) found.set(index, bytes);
        else elsewhere.push(index);
      }
      for (const [index, record] of await records(elsewhere)) {
        const bytes = cellBytes(model, record);
        caches.cells.set(`${identity} ${index}`, bytes);
        found.set(index, bytes);
      }
      return found;
    },
    async blocks({ rowStart, rowEnd, columnStart, columnEnd }) {
      checkOpen();
      const wanted: number[] = [];
      for (let row = Math.floor(rowStart / BLOCK_SIDE); row * BLOCK_SIDE < rowEnd; row++) {
        for (let column = Math.floor(columnStart / BLOCK_SIDE); column * BLOCK_SIDE < columnEnd; column++) {
          wanted.push(row * blockColumns + column);
        }
      }
      const loaded = await blocks.all(wanted);
      await settleAll();
      return (row, column) => {
        const found = loaded.get(row * blockColumns + column);
        if (!found) throw new Error(`block ${row}, ${column} was not loaded`);
        return found;
      };
    },
    async add(indices, results) {
      const length = results.cells.length / indices.length;
      const classes = model.classes.length;
      const loaded = await blocks.all(new Set(indices.map(blockNumber)));
      for (const [position, index] of indices.entries()) {
        const { row, column } = patchPosition(grid, index);
        if (known.isKnown(row, column)) continue;
        const record = new Float32Array(length + classes);
        record.set(results.cells.subarray(position * length, (position + 1) * length));
        record.set(results.probabilities.subarray(position * classes, (position + 1) * classes), length);
        const background = isBackground(record);
        known.add(row, column, background);
        store.keep(index, record);
        caches.records.set(`${identity} ${index}`, record);
        const block = loaded.get(blockNumber(index));
        if (block && !background) {
          setValues(block, row % BLOCK_SIDE, column % BLOCK_SIDE, patchMeans(model, scores, record));
        }
      }
      for (const [block, content] of loaded) settle(block, content);
      await store.flush();
      await settleAll();
      writer.writeComplete();
    },
    async close() {
      closed = true;
      await writer.close();
      await store.close();
    },
  };
}

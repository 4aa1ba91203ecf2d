import { type PatchGrid, type PatchRange, patchPosition } from '../../../shared/geometry/patch-grid.ts';
import type { Score } from '../../../shared/heatmap-descriptor.ts';
import { Problem } from '../errors.ts';
import type { ModelDescription } from '../models/model.ts';
import type { PatchRecord } from '../store/result-layout.ts';
import { type OpenedDisk, openResultStore, type ResultStore } from '../store/result-store.ts';
import { BLOCK_SIDE, blocksTouching, type KnownPatches, knownPatches } from '../values/known-patches.ts';
import { type SampleSums, sampleSums } from '../values/sample-sums.ts';
import { setValues, type ValueBlock } from '../values/value-block.ts';
import { type BlockOf, type ValuePyramid, valuePyramid } from '../values/value-pyramid.ts';
import type { PatchResults } from '../worker/messages.ts';
import { adoption } from './adoption.ts';
import { blockReader } from './block-reader.ts';
import { blockWriter } from './block-writer.ts';
import { cachedRecords } from './cached-records.ts';
import { type CellBytes, cellGroups } from './cell-groups.ts';
import { loadedBlocks } from './loaded-blocks.ts';
import { cellBytes, leadingClass, patchMeans, probabilitiesOf, recordOf } from './patch-scores.ts';
import type { ResultCaches } from './result-caches.ts';

/** All that is known of a heatmap, loaded from its store as far as it is asked for. */
export interface HeatmapValues {
  readonly known: KnownPatches;
  readonly pyramid: ValuePyramid;
  readonly samples: SampleSums;
  readonly store: Pick<ResultStore, 'disk' | 'problem' | 'holder'>;
  /** Patches that are background beforehand and never classified, row-major. */
  readonly mask: Uint8Array | undefined;
  /** Loads the values of the blocks that a range of patches lies in; what it gives reads them. */
  blocks(range: PatchRange): Promise<BlockOf>;
  /** Records of known patches; one that turned out to be lost is left out, and unknown from then on. */
  records(indices: readonly number[]): Promise<Map<number, PatchRecord>>;
  /** The probabilities of the cells of known patches as bytes; of the others none. */
  cellBytes(range: PatchRange): Promise<CellBytes>;
  /**
   * Keeps what was classified; a patch that is known already keeps what it has. Once the heatmap is closed nothing is
   * kept any more.
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
  openDisk?: () => Promise<OpenedDisk>;
  /** Told of a disk that does not take results, and (null) that it does again. */
  onProblem?: (message: string | null) => void;
}

/**
 * Opens what is known of a heatmap. Whatever becomes known, or turns out to be lost, changes the patches known, their
 * values and all sums above them in one moment: nobody ever sees a sum over other patches than those counted.
 */
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
  const isKnown = (index: number) => {
    const { row, column } = patchPosition(grid, index);
    return known.isKnown(row, column);
  };
  const isBackground = (record: PatchRecord) => leadingClass(probabilitiesOf(model, record)) === backgroundClass;
  const tellError = (error: unknown) => onProblem(error instanceof Error ? error.message : String(error));
  const settle = (block: number, loaded: ValueBlock) => {
    const [row, column] = [Math.floor(block / blockColumns), block % blockColumns];
    pyramid.settle(row, column, loaded);
    samples.settle(row, column, loaded);
    writer.changed(block);
  };
  const recent = cachedRecords(caches.records, identity, (indices) => store.read(indices));
  const uncache = (index: number) => {
    recent.forget(index);
    cells.forget(index);
  };
  const remove = (index: number) => {
    const { row, column } = patchPosition(grid, index);
    known.remove(row, column);
    uncache(index);
  };

  const forget = async (indices: readonly number[]) => {
    const lost = indices.filter((index) => isKnown(index) && !mask?.[index]);
    if (lost.length === 0) return;
    await blocks.use(new Set(lost.map(blockNumber)), (loaded) => {
      for (const index of lost) {
        const { row, column } = patchPosition(grid, index);
        const block = loaded.get(blockNumber(index));
        if (block) setValues(block, row % BLOCK_SIDE, column % BLOCK_SIDE, new Float64Array(values));
        remove(index);
      }
      for (const [block, content] of loaded) settle(block, content);
      void store.attempt((disk) => disk.forget(lost));
    });
  };

  const records = async (indices: readonly number[]): Promise<Map<number, PatchRecord>> => {
    const wanted = indices.filter((index) => isKnown(index) && !mask?.[index]);
    const found = await recent.read(wanted);
    await forget([...found.lost, ...wanted.filter((index) => !found.records.has(index))]);
    return found.records;
  };

  const bytesPerPatch = grid.cellRows * grid.cellColumns * model.classes.length;
  const cells = cellGroups(caches.cells, identity, grid, bytesPerPatch, {
    read: async (missing) => {
      const found = new Map<number, Uint8Array>();
      for (const [index, record] of await records(missing)) found.set(index, cellBytes(model, record));
      return found;
    },
    isKnown,
  });
  const classifiedBackground = backgroundClass === undefined ? undefined : isBackground;
  const arrivals = adoption({ known, pyramid, samples, mask, blockColumns }, classifiedBackground, {
    drop: (block) => blocks.drop(block),
    changed: (block) => writer.changed(block),
    uncache,
    isUnwritten: (index) => store.isUnwritten(index),
  });
  const readBlock = blockReader({ model, scores, known, mask }, arrivals.arriving, {
    store: () => store,
    records: recent.read,
  });
  const blocks = loadedBlocks(caches.blocks, identity, async (block) => {
    const { content, lost, isRepaired } = await readBlock(block);
    return () => {
      const isNew = arrivals.enter(block, lost);
      for (const index of lost) remove(index);
      if (lost.length > 0) void store.attempt((disk) => disk.forget(lost));
      if (isNew || lost.length > 0) settle(block, content);
      else if (isRepaired) writer.changed(block);
      return content;
    };
  });
  const writer = blockWriter({ grid, model, known, pyramid, samples, mask, values }, () => store, {
    records,
    use: (block, use) =>
      blocks.use([block], (loaded) => {
        const found = loaded.get(block);
        if (!found) throw new Error(`block ${block} was not loaded`);
        return use(found);
      }),
  });
  /** Works out the sums of what came from disk without any. */
  const enterAll = async () => {
    try {
      for (const block of arrivals.waiting()) await blocks.use([block], () => {});
    } catch (error) {
      // They are tried again when somebody asks for them.
      tellError(error);
    }
  };
  const store: ResultStore = await openResultStore({
    openDisk,
    adopt: (disk) => arrivals.adopt(disk, writer.shape),
    async catchUp() {
      await enterAll();
      return writer.writeComplete();
    },
    onLost: (indices) => {
      forget(indices).catch(tellError);
    },
    onProblem,
  });
  await enterAll();
  void writer.writeComplete();

  const adding = new Set<Promise<void>>();
  let closed = false;
  /** What cannot be read any more must not look like nothing. */
  const checkOpen = () => {
    if (closed) throw new Problem('busy', 'the heatmap was closed meanwhile; ask again');
  };
  const add = async (indices: readonly number[], results: PatchResults) => {
    await blocks.use(new Set(indices.map(blockNumber)), (loaded) => {
      const changed = new Set<number>();
      for (const [position, index] of indices.entries()) {
        if (isKnown(index)) continue;
        const { row, column } = patchPosition(grid, index);
        const record = recordOf(results, position, indices.length);
        const background = isBackground(record);
        known.add(row, column, background);
        store.keep(index, record);
        recent.keep(index, record);
        const block = loaded.get(blockNumber(index));
        if (block && !background) {
          setValues(block, row % BLOCK_SIDE, column % BLOCK_SIDE, patchMeans(model, scores, record));
        }
        changed.add(blockNumber(index));
      }
      for (const [block, content] of loaded) if (changed.has(block)) settle(block, content);
    });
    await store.flush();
    void writer.writeComplete();
  };

  return {
    known,
    pyramid,
    samples,
    store,
    mask,
    async records(indices) {
      checkOpen();
      return records(indices);
    },
    async cellBytes(range) {
      checkOpen();
      return cells.ofRange(range);
    },
    async blocks(range) {
      checkOpen();
      return blocks.use(blocksTouching(range, blockColumns), (loaded) => (row, column) => {
        const found = loaded.get(row * blockColumns + column);
        if (!found) throw new Error(`block ${row}, ${column} was not loaded`);
        return found;
      });
    },
    async add(indices, results) {
      if (closed) return;
      const added = add(indices, results);
      adding.add(added);
      await added.finally(() => adding.delete(added));
    },
    async close() {
      closed = true;
      await Promise.allSettled(adding);
      await writer.close();
      await store.close();
    },
  };
}

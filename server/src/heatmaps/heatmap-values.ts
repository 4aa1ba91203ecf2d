import { type PatchGrid, type PatchRange, patchPosition } from '../../../shared/geometry/patch-grid.ts';
import type { Score } from '../../../shared/heatmap-descriptor.ts';
import type { ModelDescription } from '../models/model.ts';
import { type BlockContent, type DiskResults, isDamage, STORED, STORED_BACKGROUND } from '../store/disk-results.ts';
import type { PatchRecord } from '../store/result-layout.ts';
import { openResultStore, type ResultStore } from '../store/result-store.ts';
import { BLOCK_LEVEL, BLOCK_SIDE, type KnownPatches, knownPatches } from '../values/known-patches.ts';
import { type SampleSums, sampleSums } from '../values/sample-sums.ts';
import { blockOf, createBlock, setValues, type ValueBlock } from '../values/value-block.ts';
import { type BlockOf, type ValuePyramid, valuePyramid } from '../values/value-pyramid.ts';
import type { PatchResults } from '../worker/messages.ts';
import { leadingClass, patchMeans, probabilitiesOf } from './patch-scores.ts';
import type { ResultCaches } from './result-caches.ts';
import { readUpperLevels, writeUpperLevels } from './upper-levels.ts';

/** Milliseconds from a change to the writing of the pyramid's upper levels, which can be computed anew. */
const UPPER_LEVELS_PAUSE = 30_000;

/** Blocks that are written incomplete when a heatmap is closed; beyond it they stay in the journal, which is as safe. */
const MOST_BLOCKS_AT_CLOSE = 1000;

/** All that is known of a heatmap, loaded from its store as far as it is asked for. */
export interface HeatmapValues {
  readonly known: KnownPatches;
  readonly pyramid: ValuePyramid;
  readonly samples: SampleSums;
  readonly store: ResultStore;
  /** Loads the values of the blocks that a range of patches lies in; what it gives reads them. */
  blocks(range: PatchRange): Promise<BlockOf>;
  /** Records of known patches; one that turned out to be lost is left out, and unknown from then on. */
  records(indices: readonly number[]): Promise<Map<number, PatchRecord>>;
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
  /** Patches that are background beforehand, row-major; they are never classified. */
  mask?: Uint8Array;
  /** Class whose patches count as background once they are classified. */
  backgroundClass?: number;
  caches: ResultCaches;
  /** Names the heatmap in the caches. */
  identity: string;
  openDisk?: () => Promise<{ disk: DiskResults; release(): Promise<void> }>;
  /** Told of damage, and of a disk that does not take results. */
  onProblem(message: string | null): void;
}

/** Opens what is known of a heatmap. */
export async function openHeatmapValues(options: ValuesOptions): Promise<HeatmapValues> {
  const { model, grid, scores, mask, backgroundClass, caches, identity, openDisk, onProblem } = options;
  const values = scores.length * model.classes.length;
  const known = knownPatches(grid.rows, grid.columns);
  const pyramid = valuePyramid(known, values, mask !== undefined);
  const samples = sampleSums(known, model.classes.length, {
    masked: mask !== undefined,
    values,
    start: scores.indexOf('patch') * model.classes.length,
  });
  const blockColumns = Math.ceil(grid.columns / BLOCK_SIDE);
  mask?.forEach((background, index) => {
    const { row, column } = patchPosition(grid, index);
    if (background) known.add(row, column, true);
  });

  /** Blocks that somebody holds: there is never a second copy of one. */
  const alive = new Map<number, WeakRef<ValueBlock>>();
  const loading = new Map<number, Promise<ValueBlock>>();
  const incomplete = new Set<number>();
  let upperTimer: NodeJS.Timeout | undefined;
  let closed = false;

  const isComplete = (block: number) => {
    const [row, column] = [Math.floor(block / blockColumns), block % blockColumns];
    return known.count(BLOCK_LEVEL, row, column) === known.total(BLOCK_LEVEL, row, column);
  };
  const blockNumber = (index: number) => {
    const { row, column } = patchPosition(grid, index);
    return Math.floor(row / BLOCK_SIDE) * blockColumns + Math.floor(column / BLOCK_SIDE);
  };
  const isBackground = (record: PatchRecord) =>
    backgroundClass !== undefined && leadingClass(probabilitiesOf(model, record)) === backgroundClass;

  /** Patches of a block that lie in the grid. */
  function* patchesOf(block: number): Generator<{ row: number; column: number; index: number }> {
    const top = Math.floor(block / blockColumns) * BLOCK_SIDE;
    const left = (block % blockColumns) * BLOCK_SIDE;
    for (let row = top; row < Math.min(grid.rows, top + BLOCK_SIDE); row++) {
      for (let column = left; column < Math.min(grid.columns, left + BLOCK_SIDE); column++) {
        yield { row, column, index: row * grid.columns + column };
      }
    }
  }

  const load = async (block: number): Promise<ValueBlock> => {
    const stored: number[] = [];
    const elsewhere: number[] = [];
    for (const { row, column, index } of patchesOf(block)) {
      if (!known.isKnown(row, column) || known.isBackground(row, column)) continue;
      (store.isStored(index) ? stored : elsewhere).push(index);
    }
    if (stored.length + elsewhere.length === 0) return createBlock(values);
    const [row, column] = [Math.floor(block / blockColumns), block % blockColumns];
    let patches: Float64Array | undefined;
    try {
      if (stored.length > 0) patches = await store.disk()?.readValues(row, column);
      if (stored.length > 0 && !patches) throw new Error(`the values of block ${row}, ${column} are missing`);
    } catch (error) {
      await forgetStored(block, error);
      return load(block);
    }
    patches ??= new Float64Array(BLOCK_SIDE ** 2 * values);
    const records = await readRecords(elsewhere);
    for (const index of elsewhere) {
      const record = records.get(index);
      if (record) patches.set(patchMeans(model, scores, record), placeOf(index) * values);
    }
    return blockOf(patches, values);
  };

  const placeOf = (index: number) => {
    const { row, column } = patchPosition(grid, index);
    return (row % BLOCK_SIDE) * BLOCK_SIDE + (column % BLOCK_SIDE);
  };

  const blockAt = async (block: number): Promise<ValueBlock> => {
    const key = `${identity} ${block}`;
    const found = alive.get(block)?.deref() ?? (await loading.get(block));
    if (found) {
      caches.blocks.set(key, found);
      return found;
    }
    const promise = load(block).finally(() => loading.delete(block));
    loading.set(block, promise);
    const loaded = await promise;
    alive.set(block, new WeakRef(loaded));
    caches.blocks.set(key, loaded);
    return loaded;
  };

  /** Makes the patches of a block unknown that lie in chunks on disk: something there is damaged. */
  const forgetStored = async (block: number, error: unknown) => {
    onProblem(`${error instanceof Error ? error.message : error}; its patches are computed anew`);
    const lost = [...patchesOf(block)].filter(({ index }) => store.isStored(index)).map(({ index }) => index);
    await store.attempt((disk) => disk.forgetBlock(Math.floor(block / blockColumns), block % blockColumns));
    forget(lost);
  };

  /** Makes patches unknown; what was loaded of them is loaded anew. */
  const forget = (indices: readonly number[]) => {
    for (const block of new Set(indices.map(blockNumber))) {
      alive.delete(block);
      caches.blocks.delete(`${identity} ${block}`);
    }
    for (const index of indices) {
      const { row, column } = patchPosition(grid, index);
      if (mask?.[index]) continue;
      known.remove(row, column);
      caches.records.delete(`${identity} ${index}`);
    }
  };

  /** The sums of blocks that have lost patches. */
  const resettle = async (blocks: Iterable<number>) => {
    for (const block of blocks) settle(block, await blockAt(block));
  };

  const settle = (block: number, loaded: ValueBlock) => {
    const [row, column] = [Math.floor(block / blockColumns), block % blockColumns];
    pyramid.settle(row, column, loaded);
    samples.settle(row, column, loaded);
  };

  const readRecords = async (indices: readonly number[]): Promise<Map<number, PatchRecord>> => {
    const found = new Map<number, PatchRecord>();
    const elsewhere: number[] = [];
    for (const index of indices) {
      const record = caches.records.get(`${identity} ${index}`);
      if (record) found.set(index, record);
      else elsewhere.push(index);
    }
    // Block by block, so that damage costs no more than one.
    for (const [block, members] of groupBy(elsewhere, blockNumber)) {
      try {
        for (const [index, record] of await store.read(members)) {
          found.set(index, record);
          caches.records.set(`${identity} ${index}`, record);
        }
      } catch (error) {
        if (!isDamage(error)) throw error;
        const journaled = members.filter((index) => store.disk()?.isJournaled(index));
        store.disk()?.forgetJournaled(journaled);
        forget(journaled);
        await forgetStored(block, error);
      }
    }
    return found;
  };

  const records = async (indices: readonly number[]): Promise<Map<number, PatchRecord>> => {
    const wanted = indices.filter((index) => {
      const { row, column } = patchPosition(grid, index);
      return known.isKnown(row, column) && !mask?.[index];
    });
    const found = await readRecords(wanted);
    const lost = wanted.filter((index) => !found.has(index));
    if (lost.length > 0) {
      forget(lost);
      await resettle(new Set(lost.map(blockNumber)));
    }
    return found;
  };

  const writeBlock = async (block: number): Promise<boolean> => {
    const [row, column] = [Math.floor(block / blockColumns), block % blockColumns];
    const patches = [...patchesOf(block)].filter((patch) => known.isKnown(patch.row, patch.column));
    const found = await records(patches.map(({ index }) => index));
    const loaded = await blockAt(block);
    const flags = new Uint8Array(BLOCK_SIDE ** 2);
    for (const { row: y, column: x, index } of patches) {
      if (!found.has(index) && !mask?.[index]) continue;
      flags[placeOf(index)] = known.isBackground(y, x) ? STORED_BACKGROUND : STORED;
    }
    const counts = Array.from({ length: BLOCK_LEVEL }, (_, k) => countsOf(k, row, column));
    const content: BlockContent = { flags, records: found, values: loaded, counts };
    const written = await store.writeBlock(row, column, content);
    if (written) incomplete.delete(block);
    return written;
  };

  const countsOf = (k: number, row: number, column: number): Uint8Array => {
    const side = BLOCK_SIDE >> k;
    const counts = new Uint8Array(side * side);
    for (let node = 0; node < counts.length; node++) {
      const [y, x] = [row * side + Math.floor(node / side), column * side + (node % side)];
      if (y << k < grid.rows && x << k < grid.columns) counts[node] = known.valued(k, y, x);
    }
    return counts;
  };

  const writeUpperLater = () => {
    if (!openDisk || closed) return;
    upperTimer ??= setTimeout(() => {
      upperTimer = undefined;
      void store.attempt((disk) => writeUpperLevels(disk, pyramid, samples));
    }, UPPER_LEVELS_PAUSE).unref();
  };

  /** Takes over what is on disk. */
  const adopt = async (disk: DiskResults) => {
    const changed = new Set<number>();
    for (let index = 0; index < disk.stored.length; index++) {
      if (disk.stored[index] === 0) continue;
      const { row, column } = patchPosition(grid, index);
      known.add(row, column, disk.stored[index] === STORED_BACKGROUND);
    }
    const journaled = [...disk.journaled()];
    for (let start = 0; start < journaled.length; start += 256) {
      const part = journaled.slice(start, start + 256);
      const read = backgroundClass === undefined ? undefined : await disk.read(part).catch(() => new Map());
      for (const index of part) {
        const record: PatchRecord | undefined = read?.get(index);
        const { row, column } = patchPosition(grid, index);
        if (!read || record) known.add(row, column, record !== undefined && isBackground(record));
        incomplete.add(blockNumber(index));
      }
    }
    const stale = await readUpperLevels(disk, pyramid, samples);
    for (const block of [...stale, ...changed]) {
      alive.delete(block);
      caches.blocks.delete(`${identity} ${block}`);
    }
    stored = [...stale];
  };

  /** Blocks whose sums on disk are not those of what is known now; they are loaded when the store is there. */
  let stored: number[] = [];
  const store = await openResultStore({
    openDisk,
    onOpened: async (disk) => {
      await adopt(disk);
      if (opened) await resettle(stored);
    },
    onLost: (indices) => {
      forget(indices);
      void resettle(new Set(indices.map(blockNumber)));
    },
    onProblem,
  });
  const opened = true;
  await resettle(stored);
  pyramid.resum();

  return {
    known,
    pyramid,
    samples,
    store,
    records,
    async blocks({ rowStart, rowEnd, columnStart, columnEnd }) {
      const loaded = new Map<number, ValueBlock>();
      const wanted: number[] = [];
      for (let row = Math.floor(rowStart / BLOCK_SIDE); row * BLOCK_SIDE < rowEnd; row++) {
        for (let column = Math.floor(columnStart / BLOCK_SIDE); column * BLOCK_SIDE < columnEnd; column++) {
          wanted.push(row * blockColumns + column);
        }
      }
      await Promise.all(wanted.map(async (block) => loaded.set(block, await blockAt(block))));
      return (row, column) => {
        const found = loaded.get(row * blockColumns + column);
        if (!found) throw new Error(`block ${row}, ${column} was not loaded`);
        return found;
      };
    },
    async add(indices, results) {
      const length = results.cells.length / indices.length;
      const classes = model.classes.length;
      const blocks = new Map<number, ValueBlock>();
      for (const block of new Set(indices.map(blockNumber))) blocks.set(block, await blockAt(block));
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
        const block = blocks.get(blockNumber(index));
        if (block && !background) {
          setValues(block, row % BLOCK_SIDE, column % BLOCK_SIDE, patchMeans(model, scores, record));
        }
      }
      for (const [block, loaded] of blocks) {
        settle(block, loaded);
        incomplete.add(block);
      }
      await store.flush();
      for (const block of blocks.keys()) if (isComplete(block)) void writeBlock(block);
      writeUpperLater();
    },
    async close() {
      closed = true;
      clearTimeout(upperTimer);
      if (store.disk()) {
        const blocks = [...incomplete];
        if (blocks.length <= MOST_BLOCKS_AT_CLOSE) for (const block of blocks) if (!(await writeBlock(block))) break;
        await store.attempt((disk) => writeUpperLevels(disk, pyramid, samples));
      }
      await store.close();
    },
  };
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

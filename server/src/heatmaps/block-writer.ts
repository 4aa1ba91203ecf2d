import type { PatchGrid } from '../../../shared/geometry/patch-grid.ts';
import type { ModelDescription } from '../models/model.ts';
import { type BlockContent, patchesOfBlock } from '../store/block-chunks.ts';
import { STORED, STORED_BACKGROUND } from '../store/known-chunks.ts';
import type { PatchRecord, ResultShape } from '../store/result-layout.ts';
import type { ResultStore } from '../store/result-store.ts';
import { writeUpperLevels } from '../store/upper-levels.ts';
import { BLOCK_LEVEL, BLOCK_SIDE, type KnownPatches } from '../values/known-patches.ts';
import type { SampleSums } from '../values/sample-sums.ts';
import type { ValueBlock } from '../values/value-block.ts';
import type { ValuePyramid } from '../values/value-pyramid.ts';

/** Milliseconds from a change to the writing of the pyramid's upper levels, which can be computed anew. */
const UPPER_LEVELS_PAUSE = 30_000;

/** Blocks that are written incomplete when a heatmap is closed; beyond it they stay in the journal, which is as safe. */
const MOST_BLOCKS_AT_CLOSE = 1000;

/** Writes blocks to the chunks of the store: each when it is complete, the others when the heatmap is closed. */
export interface BlockWriter {
  readonly shape: ResultShape;
  /** Patches of a block have become known, or unknown. */
  changed(block: number): void;
  /** Writes the blocks that are complete, one after the other. @returns whether the disk took them */
  writeComplete(): Promise<boolean>;
  /** Writes what is left. */
  close(): Promise<void>;
}

interface WrittenValues {
  grid: PatchGrid;
  model: ModelDescription;
  known: KnownPatches;
  pyramid: ValuePyramid;
  samples: SampleSums;
  mask: Uint8Array | undefined;
  /** Numbers of a node. */
  values: number;
}

/** Where a block's content is taken from. */
interface BlockSource {
  /** Those that are lost are left out, and not known any more. */
  records(indices: number[]): Promise<Map<number, PatchRecord>>;
  use<T>(block: number, use: (loaded: ValueBlock) => T): Promise<T>;
}

export function blockWriter(
  { grid, model, known, pyramid, samples, mask, values }: WrittenValues,
  store: () => ResultStore,
  source: BlockSource,
): BlockWriter {
  const { rows, columns, cellRows, cellColumns } = grid;
  const shape = { rows, columns, cellRows, cellColumns, classes: model.classes.length, values, top: known.top };
  const blockColumns = Math.ceil(columns / BLOCK_SIDE);
  /** Blocks with patches that are in no chunk yet. */
  const unwritten = new Set<number>();
  const complete = new Set<number>();
  /** Blocks whose sums are not written yet. */
  let unsummed = new Set<number>();
  let writing: Promise<boolean> | undefined;
  let summing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const placeOf = (block: number) => ({ row: Math.floor(block / blockColumns), column: block % blockColumns });
  const isComplete = (block: number) => {
    const { row, column } = placeOf(block);
    return known.count(BLOCK_LEVEL, row, column) === known.total(BLOCK_LEVEL, row, column);
  };
  const flagsOf = (block: number): Uint8Array => {
    const flags = new Uint8Array(BLOCK_SIDE ** 2);
    const { row, column } = placeOf(block);
    for (const { index, place } of patchesOfBlock(shape, row, column)) {
      const [y, x] = [Math.floor(index / columns), index % columns];
      if (known.isKnown(y, x)) flags[place] = known.isBackground(y, x) ? STORED_BACKGROUND : STORED;
    }
    return flags;
  };

  /** A block as it is at one moment. */
  const contentOf = async (block: number): Promise<BlockContent> => {
    const { row, column } = placeOf(block);
    for (;;) {
      const flags = flagsOf(block);
      const patches = [...patchesOfBlock(shape, row, column)];
      const classified = patches.filter(({ index, place }) => flags[place] !== 0 && !mask?.[index]);
      const records = await source.records(classified.map(({ index }) => index));
      const content = await source.use(block, (loaded) => {
        // Patches have become known, or were lost, meanwhile.
        if (flagsOf(block).some((flag, place) => flag !== flags[place])) return undefined;
        const counts = Array.from({ length: BLOCK_LEVEL }, (_, k) => countsOf(k, row, column));
        return { flags, records, values: loaded.map((level) => level.slice()), counts };
      });
      if (content) return content;
    }
  };

  const countsOf = (k: number, blockRow: number, blockColumn: number): Uint8Array => {
    const side = BLOCK_SIDE >> k;
    return Uint8Array.from({ length: side * side }, (_, node) => {
      const [row, column] = [blockRow * side + Math.floor(node / side), blockColumn * side + (node % side)];
      return row << k < rows && column << k < columns ? known.valued(k, row, column) : 0;
    });
  };

  const write = async (block: number): Promise<boolean> => {
    const { row, column } = placeOf(block);
    // Before it is read: what changes meanwhile is written once more.
    unwritten.delete(block);
    complete.delete(block);
    const isWritten = await store().attempt(async (disk) => {
      const content = await contentOf(block);
      await disk.writeBlock(row, column, content);
      store().written(content.records);
    });
    if (isWritten) return true;
    unwritten.add(block);
    if (isComplete(block)) complete.add(block);
    return false;
  };

  const writeAll = async (): Promise<boolean> => {
    for (const block of complete) if (!(await write(block))) return false;
    return true;
  };

  const writeSums = async () => {
    const blocks = unsummed;
    unsummed = new Set();
    const isWritten = await store().attempt((disk) => writeUpperLevels(disk, shape, pyramid, samples, blocks));
    if (!isWritten) for (const block of blocks) unsummed.add(block);
  };

  return {
    shape,
    changed(block) {
      unwritten.add(block);
      unsummed.add(block);
      if (isComplete(block)) complete.add(block);
      else complete.delete(block);
    },
    async writeComplete() {
      if (closed || !store().disk()) return true;
      if (unsummed.size > 0) {
        timer ??= setTimeout(() => {
          timer = undefined;
          summing = writeSums();
        }, UPPER_LEVELS_PAUSE).unref();
      }
      writing ??= writeAll().finally(() => {
        writing = undefined;
      });
      return writing;
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await writing;
      await summing;
      if (!store().disk()) return;
      if (unwritten.size <= MOST_BLOCKS_AT_CLOSE) {
        for (const block of [...unwritten]) if (!(await write(block))) break;
      }
      await writeSums();
    },
  };
}

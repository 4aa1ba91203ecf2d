import type { PatchGrid } from '../../../shared/geometry/patch-grid.ts';
import type { ModelDescription } from '../models/model.ts';
import { type BlockContent, STORED, STORED_BACKGROUND } from '../store/disk-results.ts';
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
  /** Begins to write the blocks that are complete, one after the other. */
  writeComplete(): void;
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
  /** Told why something could not be written that no caller waits for. */
  tellError(error: unknown): void;
}

export function blockWriter(
  { grid, model, known, pyramid, samples, mask, values, tellError }: WrittenValues,
  store: () => ResultStore,
  read: { records(indices: number[]): Promise<Map<number, PatchRecord>>; block(block: number): Promise<ValueBlock> },
): BlockWriter {
  const { rows, columns, cellRows, cellColumns } = grid;
  const shape = { rows, columns, cellRows, cellColumns, classes: model.classes.length, values, top: known.top };
  const blockColumns = Math.ceil(columns / BLOCK_SIDE);
  /** Blocks with patches that are in no chunk yet. */
  const unwritten = new Set<number>();
  const complete = new Set<number>();
  /** Blocks whose sums are not written yet. */
  let unsummed = new Set<number>();
  let writing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const placeOf = (block: number) => ({ row: Math.floor(block / blockColumns), column: block % blockColumns });

  const contentOf = async (block: number): Promise<BlockContent> => {
    const { row: blockRow, column: blockColumn } = placeOf(block);
    const indices: number[] = [];
    for (let row = blockRow * BLOCK_SIDE; row < Math.min(rows, (blockRow + 1) * BLOCK_SIDE); row++) {
      for (
        let column = blockColumn * BLOCK_SIDE;
        column < Math.min(columns, (blockColumn + 1) * BLOCK_SIDE);
        column++
      ) {
        if (known.isKnown(row, column)) indices.push(row * columns + column);
      }
    }
    const records = await read.records(indices);
    const block16 = await read.block(block);
    const flags = new Uint8Array(BLOCK_SIDE ** 2);
    for (const index of indices) {
      if (!records.has(index) && !mask?.[index]) continue;
      const [row, column] = [Math.floor(index / columns), index % columns];
      const flag = known.isBackground(row, column) ? STORED_BACKGROUND : STORED;
      flags[(row % BLOCK_SIDE) * BLOCK_SIDE + (column % BLOCK_SIDE)] = flag;
    }
    const counts = Array.from({ length: BLOCK_LEVEL }, (_, k) => countsOf(k, blockRow, blockColumn));
    return { flags, records, values: block16, counts };
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
    if (!(await store().writeBlock(row, column, await contentOf(block)))) return false;
    unwritten.delete(block);
    return true;
  };

  const writeAll = async () => {
    for (const block of complete) {
      // Tried again with the next patches that become known.
      if (!(await write(block))) return;
      complete.delete(block);
    }
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
      const { row, column } = placeOf(block);
      unwritten.add(block);
      unsummed.add(block);
      const isComplete = known.count(BLOCK_LEVEL, row, column) === known.total(BLOCK_LEVEL, row, column);
      if (isComplete) complete.add(block);
      else complete.delete(block);
    },
    writeComplete() {
      if (closed || !store().disk()) return;
      if (complete.size > 0) {
        writing ??= writeAll()
          .catch(tellError)
          .finally(() => {
            writing = undefined;
          });
      }
      timer ??= setTimeout(() => {
        timer = undefined;
        writeSums().catch(tellError);
      }, UPPER_LEVELS_PAUSE).unref();
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await writing;
      if (!store().disk()) return;
      if (unwritten.size <= MOST_BLOCKS_AT_CLOSE) {
        for (const block of unwritten) if (!(await write(block))) break;
      }
      await writeSums();
    },
  };
}

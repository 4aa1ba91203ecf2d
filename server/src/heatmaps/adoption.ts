import { patchesOfBlock } from '../store/block-chunks.ts';
import type { DiskResults } from '../store/disk-results.ts';
import { STORED, STORED_BACKGROUND } from '../store/known-chunks.ts';
import type { PatchRecord, ResultShape } from '../store/result-layout.ts';
import { readBlockSums } from '../store/upper-levels.ts';
import { BLOCK_LEVEL, BLOCK_SIDE, type KnownPatches } from '../values/known-patches.ts';
import { patchSetNumber } from '../values/patch-set.ts';
import type { SampleSums } from '../values/sample-sums.ts';
import type { ValuePyramid } from '../values/value-pyramid.ts';

/** Journaled records read at once when a heatmap is opened. */
const RECORDS_AT_ONCE = 256;

/**
 * Takes over what is found on disk. Where the sums of a block are there as well its patches are known at once; the
 * patches of the others arrive together with their values, when their block is next loaded.
 */
export interface Adoption {
  /**
   * Reads what a disk knows.
   * @returns makes it known; to be called when the disk is the one that is read
   */
  adopt(disk: DiskResults, shape: ResultShape): Promise<() => void>;
  /** Blocks with patches still to arrive. */
  waiting(): number[];
  /** Patches with values that arrive with a block, besides those known already. */
  arriving(block: number): number[];
  /**
   * Makes the patches of a block known that arrive with it.
   * @param lost those that do not, after all
   * @returns whether there are any
   */
  enter(block: number, lost: readonly number[]): boolean;
}

interface AdoptingValues {
  known: KnownPatches;
  pyramid: ValuePyramid;
  samples: SampleSums;
  mask: Uint8Array | undefined;
  blockColumns: number;
}

interface AdoptionEffects {
  /** A block in memory is out of date. */
  drop(block: number): void;
  /** A block has patches that are in no chunk. */
  changed(block: number): void;
  /** Has a patch's record read anew. */
  uncache(index: number): void;
  isUnwritten(index: number): boolean;
}

export function adoption(
  { known, pyramid, samples, mask, blockColumns }: AdoptingValues,
  isBackground: ((record: PatchRecord) => boolean) | undefined,
  effects: AdoptionEffects,
): Adoption {
  /** What disk says of every patch, as `known` does; while blocks wait. */
  let flags = new Uint8Array();
  const waiting = new Set<number>();
  const grid = { rows: known.rows, columns: known.columns };

  const patchesOf = (block: number) =>
    [...patchesOfBlock(grid, Math.floor(block / blockColumns), block % blockColumns)].map(({ index, place }) => ({
      index,
      place,
      row: Math.floor(index / grid.columns),
      column: index % grid.columns,
    }));

  const blockOf = (index: number) =>
    Math.floor(Math.floor(index / grid.columns) / BLOCK_SIDE) * blockColumns +
    Math.floor((index % grid.columns) / BLOCK_SIDE);

  const comingTo = (block: number) =>
    waiting.has(block)
      ? patchesOf(block).filter(
          ({ index, row, column }) => flags[index] !== 0 && !mask?.[index] && !known.isKnown(row, column),
        )
      : [];

  /** Adds the flags of patches in the journal. @returns their numbers */
  const journaledFlags = async (disk: DiskResults, found: Uint8Array) => {
    const journaled = [...disk.journaled()];
    for (let from = 0; from < journaled.length; from += RECORDS_AT_ONCE) {
      const part = journaled.slice(from, from + RECORDS_AT_ONCE);
      const read = isBackground && (await disk.read(part));
      for (const index of part) {
        const record = read?.records.get(index);
        if (!read || record) found[index] = record && isBackground?.(record) ? STORED_BACKGROUND : STORED;
      }
    }
    return journaled;
  };

  return {
    async adopt(disk, shape) {
      const found = disk.stored.slice();
      const journaled = await journaledFlags(disk, found);
      const sumsOf = await readBlockSums(disk, shape, samples);
      return () => {
        flags = found;
        waiting.clear();
        for (let block = 0; block < blockColumns * Math.ceil(grid.rows / BLOCK_SIDE); block++) {
          const patches = patchesOf(block).filter(({ index }) => !mask?.[index]);
          const inMemory = patches.filter(({ row, column }) => known.isKnown(row, column));
          const onDisk = patches.filter(({ index }) => flags[index] !== 0);
          if (inMemory.length + onDisk.length === 0) continue;
          const { set, samples: sampled, sums } = sumsOf(block);
          const places = new Set(onDisk.filter(({ index }) => flags[index] === STORED).map(({ place }) => place));
          if (inMemory.length === 0 && set === patchSetNumber((row, column) => places.has(row * BLOCK_SIDE + column))) {
            for (const { index, row, column } of onDisk) known.add(row, column, flags[index] === STORED_BACKGROUND);
            samples.sums.set(sampled, block * samples.width);
            pyramid.level(BLOCK_LEVEL).sums.set(sums, block * pyramid.values);
          } else {
            waiting.add(block);
            effects.drop(block);
            // Known from an earlier disk, which is gone.
            for (const { index } of inMemory) {
              if (flags[index] === 0 && !effects.isUnwritten(index)) effects.uncache(index);
            }
          }
        }
        pyramid.resum();
        for (const block of new Set(journaled.map(blockOf))) effects.changed(block);
        if (waiting.size === 0) flags = new Uint8Array();
      };
    },
    waiting: () => [...waiting],
    arriving: (block) =>
      comingTo(block)
        .filter(({ index }) => flags[index] === STORED)
        .map(({ index }) => index),
    enter(block, lost) {
      const isLost = new Set(lost);
      const coming = comingTo(block).filter(({ index }) => !isLost.has(index));
      for (const { index, row, column } of coming) known.add(row, column, flags[index] === STORED_BACKGROUND);
      waiting.delete(block);
      if (waiting.size === 0) flags = new Uint8Array();
      return coming.length > 0;
    },
  };
}

import type { Score } from '../../../shared/heatmap-descriptor.ts';
import type { ModelDescription } from '../models/model.ts';
import { patchesOfBlock } from '../store/block-chunks.ts';
import type { FoundRecords } from '../store/chunked-records.ts';
import type { ResultStore } from '../store/result-store.ts';
import { BLOCK_SIDE, type KnownPatches } from '../values/known-patches.ts';
import { blockOf, createBlock, type ValueBlock } from '../values/value-block.ts';
import { patchMeans } from './patch-scores.ts';

export interface ReadBlock {
  content: ValueBlock;
  /** Patches that should be there and are not. */
  lost: number[];
  /** Whether its values on disk were of no use and were made anew. */
  isRepaired: boolean;
}

/**
 * Reads the values of a block of 16 x 16 patches: those in chunks from the pyramid, the others from their records.
 * @param arriving patches that are to become known with the block
 * @returns takes a block's number
 */
export function blockReader(
  {
    model,
    scores,
    known,
    mask,
  }: { model: ModelDescription; scores: readonly Score[]; known: KnownPatches; mask: Uint8Array | undefined },
  arriving: (block: number) => readonly number[],
  read: { store(): ResultStore; records(indices: readonly number[]): Promise<FoundRecords> },
): (block: number) => Promise<ReadBlock> {
  const values = scores.length * model.classes.length;
  const blockColumns = Math.ceil(known.columns / BLOCK_SIDE);
  return async (block) => {
    const [blockRow, blockColumn] = [Math.floor(block / blockColumns), block % blockColumns];
    const store = read.store();
    const places = new Map<number, number>();
    const comes = new Set(arriving(block));
    for (const { index, place } of patchesOfBlock(known, blockRow, blockColumn)) {
      const [row, column] = [Math.floor(index / known.columns), index % known.columns];
      const isValued = known.isKnown(row, column) && !known.isBackground(row, column);
      if (isValued || comes.has(index)) places.set(index, place);
    }
    // Of most slides nothing is known in most places.
    if (places.size === 0) return { content: createBlock(values), lost: [], isRepaired: false };
    const patches = new Float64Array(BLOCK_SIDE ** 2 * values);
    const stored = [...places.keys()].filter(store.isStored);
    const found = stored.length > 0 ? await store.disk()?.readValues(blockRow, blockColumn) : undefined;
    const missing = new Set(places.keys());
    if (found) {
      for (const index of stored) {
        const start = (places.get(index) ?? 0) * values;
        patches.set(found.subarray(start, start + values), start);
        missing.delete(index);
      }
    }
    const { records, lost } = await read.records([...missing]);
    for (const [index, record] of records) {
      patches.set(patchMeans(model, scores, record), (places.get(index) ?? 0) * values);
      missing.delete(index);
    }
    const gone = new Set([...missing, ...lost.filter((index) => !mask?.[index])]);
    for (const index of gone) {
      const place = places.get(index);
      if (place !== undefined) patches.fill(0, place * values, (place + 1) * values);
    }
    return {
      content: blockOf(patches, values, places.values()),
      lost: [...gone],
      isRepaired: stored.length > 0 && !found,
    };
  };
}

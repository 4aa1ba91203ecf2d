import { LRUCache } from 'lru-cache';
import type { PatchRecord } from '../store/result-layout.ts';
import type { ValueBlock } from '../values/value-block.ts';
import type { CellGroup } from './cell-groups.ts';

/** Bytes of results, of blocks of values and of cells kept in memory, over all heatmaps; the least recently used go first. */
const RECORD_BYTES = 12 * 1024 ** 2;
const BLOCK_BYTES = 6 * 1024 ** 2;
const CELL_BYTES = 6 * 1024 ** 2;

/** What an entry takes besides its numbers, as measured. */
const ENTRY_BYTES = 400;

/** What all heatmaps share; keys begin with a heatmap's identity. */
export interface ResultCaches {
  records: LRUCache<string, PatchRecord>;
  blocks: LRUCache<string, ValueBlock>;
  /** Probabilities of cells as tiles have them, round(255 p). */
  cells: LRUCache<string, CellGroup>;
}

export function createResultCaches(): ResultCaches {
  return {
    records: new LRUCache({ maxSize: RECORD_BYTES, sizeCalculation: (record) => record.byteLength + ENTRY_BYTES }),
    cells: new LRUCache({ maxSize: CELL_BYTES, sizeCalculation: ({ bytes }) => bytes.byteLength + ENTRY_BYTES }),
    blocks: new LRUCache({
      maxSize: BLOCK_BYTES,
      sizeCalculation: (block) => block.reduce((sum, level) => sum + level.byteLength, ENTRY_BYTES),
    }),
  };
}

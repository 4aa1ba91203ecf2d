import type { LRUCache } from 'lru-cache';
import type { FoundRecords } from '../store/chunked-records.ts';
import type { PatchRecord } from '../store/result-layout.ts';

/** The records of a heatmap's patches that were used of late, in memory. */
export interface CachedRecords {
  /** Records by their patches' numbers, those not in memory as `readOthers` gives them. */
  read(indices: readonly number[]): Promise<FoundRecords>;
  keep(index: number, record: PatchRecord): void;
  forget(index: number): void;
}

/**
 * @param cache keeps them, by `prefix` and number
 * @param readOthers reads from the store
 */
export function cachedRecords(
  cache: LRUCache<string, PatchRecord>,
  prefix: string,
  readOthers: (indices: readonly number[]) => Promise<FoundRecords>,
): CachedRecords {
  const keep = (index: number, record: PatchRecord) => {
    cache.set(`${prefix} ${index}`, record);
  };
  return {
    async read(indices) {
      const records = new Map<number, PatchRecord>();
      const elsewhere: number[] = [];
      for (const index of indices) {
        const record = cache.get(`${prefix} ${index}`);
        if (record) records.set(index, record);
        else elsewhere.push(index);
      }
      const { records: read, lost } = await readOthers(elsewhere);
      for (const [index, record] of read) {
        records.set(index, record);
        keep(index, record);
      }
      return { records, lost };
    },
    keep,
    forget(index) {
      cache.delete(`${prefix} ${index}`);
    },
  };
}

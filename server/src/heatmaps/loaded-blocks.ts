import type { LRUCache } from 'lru-cache';
import type { ValueBlock } from '../values/value-block.ts';

/** Blocks of values in memory: there is never a second copy of one, so that what is added to it is never lost. */
export interface LoadedBlocks {
  /** Loads a block, if need be. */
  at(block: number): Promise<ValueBlock>;
  /** Loads several; none of them has been dropped since when it resolves. */
  all(blocks: Iterable<number>): Promise<Map<number, ValueBlock>>;
  /** Has a block loaded anew when it is next asked for. */
  drop(block: number): void;
}

/**
 * @param cache keeps them, by `prefix` and number; one that somebody still holds stays findable after it was evicted
 * @param load reads a block
 */
export function loadedBlocks(
  cache: LRUCache<string, ValueBlock>,
  prefix: string,
  load: (block: number) => Promise<ValueBlock>,
): LoadedBlocks {
  const alive = new Map<number, WeakRef<ValueBlock>>();
  const loading = new Map<number, Promise<ValueBlock>>();
  const forgotten = new FinalizationRegistry<number>((block) => {
    if (!alive.get(block)?.deref()) alive.delete(block);
  });

  const at = async (block: number): Promise<ValueBlock> => {
    const found = alive.get(block)?.deref();
    if (found) {
      cache.set(`${prefix} ${block}`, found);
      return found;
    }
    const under = loading.get(block);
    if (under) return under;
    const promise = load(block);
    loading.set(block, promise);
    try {
      const loaded = await promise;
      // Dropped meanwhile: what was read may be out of date.
      if (loading.get(block) !== promise) return await at(block);
      alive.set(block, new WeakRef(loaded));
      forgotten.register(loaded, block);
      cache.set(`${prefix} ${block}`, loaded);
      return loaded;
    } finally {
      if (loading.get(block) === promise) loading.delete(block);
    }
  };

  const all = async (blocks: Iterable<number>): Promise<Map<number, ValueBlock>> => {
    const wanted = [...blocks];
    for (;;) {
      const loaded = await Promise.all(wanted.map(at));
      if (wanted.every((block, i) => alive.get(block)?.deref() === loaded[i])) {
        return new Map(wanted.map((block, i) => [block, loaded[i]]));
      }
    }
  };

  return {
    at,
    all,
    drop(block) {
      alive.delete(block);
      loading.delete(block);
      cache.delete(`${prefix} ${block}`);
    },
  };
}

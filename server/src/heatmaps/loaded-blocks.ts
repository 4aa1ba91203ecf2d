import type { LRUCache } from 'lru-cache';
import type { ValueBlock } from '../values/value-block.ts';

/** Blocks of values in memory: there is never a second copy of one, so that what is added to it is never lost. */
export interface LoadedBlocks {
  /**
   * Loads blocks and hands them over at a moment at which none of them is out of date.
   * @param use sees them, and changes them where it wants, without waiting for anything
   */
  use<T>(blocks: Iterable<number>, use: (loaded: ReadonlyMap<number, ValueBlock>) => T): Promise<T>;
  /** Has a block loaded anew when it is next asked for. */
  drop(block: number): void;
}

/**
 * @param cache keeps them, by `prefix` and number; one that somebody still holds stays findable after it was evicted
 * @param load reads a block; what it gives is called at the moment at which the block becomes the one in use, unless it
 *   was dropped meanwhile
 */
export function loadedBlocks(
  cache: LRUCache<string, ValueBlock>,
  prefix: string,
  load: (block: number) => Promise<() => ValueBlock>,
): LoadedBlocks {
  const alive = new Map<number, WeakRef<ValueBlock>>();
  const loading = new Map<number, Promise<ValueBlock | undefined>>();
  const forgotten = new FinalizationRegistry<number>((block) => {
    if (!alive.get(block)?.deref()) alive.delete(block);
  });

  const begin = (block: number): Promise<ValueBlock | undefined> => {
    const promise = load(block).then(
      (enter) => {
        // Dropped meanwhile: what was read may be out of date.
        if (loading.get(block) !== promise) return undefined;
        loading.delete(block);
        const loaded = enter();
        alive.set(block, new WeakRef(loaded));
        forgotten.register(loaded, block);
        return loaded;
      },
      (error) => {
        if (loading.get(block) === promise) loading.delete(block);
        throw error;
      },
    );
    loading.set(block, promise);
    return promise;
  };

  const at = async (block: number): Promise<ValueBlock> => {
    for (;;) {
      const found = alive.get(block)?.deref() ?? (await (loading.get(block) ?? begin(block)));
      if (!found) continue;
      cache.set(`${prefix} ${block}`, found);
      return found;
    }
  };

  return {
    async use(blocks, use) {
      const wanted = [...blocks];
      for (;;) {
        const loaded = await Promise.all(wanted.map(at));
        if (wanted.every((block, i) => alive.get(block)?.deref() === loaded[i])) {
          return use(new Map(wanted.map((block, i) => [block, loaded[i]])));
        }
      }
    },
    drop(block) {
      alive.delete(block);
      loading.delete(block);
      cache.delete(`${prefix} ${block}`);
    },
  };
}

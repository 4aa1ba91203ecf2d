import { LRUCache } from 'lru-cache';

/** Tells whether something far away still is what it was, without anybody waiting for the answer. */
export interface Currency {
  /**
   * @param key what it was then
   * @param look finds out what it is now; where it throws nothing is known, and all counts as it was
   */
  isCurrent(key: string, look: () => Promise<string>): boolean;
}

const MOST_KEYS = 500;

/** @param seconds for which an answer is good enough */
export function createCurrency(seconds: number): Currency {
  const found = new LRUCache<string, { at: number; now: string }>({ max: MOST_KEYS });
  return {
    isCurrent(key, look) {
      const known = found.get(key);
      // Whoever asks for the first time has just looked.
      const last = known ?? { at: Date.now(), now: key };
      if (known === undefined) found.set(key, last);
      if (last.now !== key) {
        // Whoever is told so looks for themselves; it may be the same again one day.
        found.delete(key);
        return false;
      }
      if (Date.now() - last.at >= seconds * 1000) {
        last.at = Date.now();
        look().then(
          (now) => {
            last.now = now;
          },
          () => {},
        );
      }
      return true;
    },
  };
}

import { basename } from 'node:path';
import { LRUCache } from 'lru-cache';
import { Problem } from '../errors.ts';

const MOST_FAILURES = 1000;

/**
 * Asks for something of files that lies elsewhere, and waits for none of it longer than a moment: what is asked goes on
 * meanwhile, so that another question finds it known.
 * @param ask shares what is under way, and keeps what came of it
 * @param milliseconds of patience, from when it was asked for first
 * @returns what `ask` gives; rejects with its last failure, or with a Problem `unavailable`, where it takes longer
 */
export function impatient<T>(ask: (file: string) => Promise<T>, milliseconds: number): (file: string) => Promise<T> {
  const failures = new LRUCache<string, Problem>({ max: MOST_FAILURES });
  /** Since when files are asked for. */
  const since = new Map<string, number>();
  return async (file) => {
    const now = performance.now();
    const begun = since.get(file) ?? now;
    since.set(file, begun);
    const asked = ask(file);
    asked
      .then(
        () => failures.delete(file),
        (error: unknown) => error instanceof Problem && failures.set(file, error),
      )
      .finally(() => since.delete(file));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => {
          const message = `${basename(file)} is not reached yet: its tile server has not answered so far, and goes on being asked`;
          reject(failures.get(file) ?? new Problem('unavailable', message));
        },
        Math.max(0, begun + milliseconds - now),
      );
    });
    try {
      return await Promise.race([asked, late]);
    } finally {
      clearTimeout(timer);
    }
  };
}

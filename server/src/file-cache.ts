import { stat } from 'node:fs/promises';
import { LRUCache } from 'lru-cache';

/** Files that are kept opened at most. */
const MAX_FILES = 500;

/**
 * Keeps what was made of files, each until the file, or one that belongs to it, changes. Asking twice at once makes it
 * once; a failure is not kept.
 * @param make makes the value of a file
 * @param companions further files that the value depends on; they need not exist
 * @param isWhole whether a kept value can still be used
 */
export function fileCache<T>(
  make: (file: string) => Promise<T>,
  companions: (file: string) => string[] = () => [],
  isWhole: (value: T) => Promise<boolean> = async () => true,
): (file: string) => Promise<T> {
  const kept = new LRUCache<string, { version: string; value: Promise<T> }>({ max: MAX_FILES });
  return async (file) => {
    const version = (await Promise.all([file, ...companions(file)].map(fileVersion))).join(' ');
    const found = kept.get(file);
    if (found?.version === version && (await found.value.then(isWhole))) return found.value;
    const entry = { version, value: make(file) };
    kept.set(file, entry);
    entry.value.catch(() => {
      if (kept.get(file) === entry) kept.delete(file);
    });
    return entry.value;
  };
}

async function fileVersion(file: string): Promise<string> {
  try {
    const { size, mtimeMs, ino } = await stat(file);
    return `${size}-${mtimeMs}-${ino}`;
  } catch {
    return 'none';
  }
}

import { stat } from 'node:fs/promises';
import { LRUCache } from 'lru-cache';

/** Files that are kept opened at most. */
const MAX_FILES = 500;

export interface FileCacheOptions<T> {
  /** Further files that the value depends on; they need not exist. */
  beside?: (file: string) => string[];
  /** Those of which only the value itself tells. */
  companions?: (value: T) => string[];
  /** Whether a kept value can still be used. */
  isWhole?: (value: T) => Promise<boolean>;
}

/**
 * Keeps what was made of files, each until the file, or one that belongs to it, changes. Asking twice at once makes it
 * once; a failure is not kept.
 * @param make makes the value of a file
 */
export function fileCache<T>(
  make: (file: string) => Promise<T>,
  { beside = () => [], companions = () => [], isWhole = async () => true }: FileCacheOptions<T> = {},
): (file: string) => Promise<T> {
  const kept = new LRUCache<string, Kept<T>>({ max: MAX_FILES });
  const makeWithVersions = async (file: string): Promise<Made<T>> => {
    const value = await make(file);
    return { value, companionVersions: await versions(companions(value)) };
  };
  const isCurrent = async ({ value, companionVersions }: Made<T>) =>
    (await isWhole(value)) && (await versions(companions(value))) === companionVersions;
  return async (file) => {
    const version = await versions([file, ...beside(file)]);
    const found = kept.get(file);
    if (found?.version === version && (await found.made.then(isCurrent))) return (await found.made).value;
    const entry = { version, made: makeWithVersions(file) };
    kept.set(file, entry);
    entry.made.catch(() => {
      if (kept.get(file) === entry) kept.delete(file);
    });
    return (await entry.made).value;
  };
}

interface Kept<T> {
  version: string;
  made: Promise<Made<T>>;
}

interface Made<T> {
  value: T;
  companionVersions: string;
}

async function versions(files: readonly string[]): Promise<string> {
  return (await Promise.all(files.map(fileVersion))).join(' ');
}

async function fileVersion(file: string): Promise<string> {
  try {
    const { size, mtimeMs, ino } = await stat(file);
    return `${size}-${mtimeMs}-${ino}`;
  } catch {
    return 'none';
  }
}

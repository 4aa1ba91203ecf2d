import { randomBytes } from 'node:crypto';
import { lstat, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { lockHolder } from './lock.ts';

/** Begins the names of heatmaps on their way out. */
const EVICTED = '.evicted-';
/** Files whose size is asked for at once: as many as Node has threads for it. */
const CONCURRENCY = 4;

/** Marks a heatmap as used now; eviction takes those first that were not used for longest. */
export async function touchUsed(folder: string): Promise<void> {
  const file = join(folder, 'used');
  const now = new Date();
  await utimes(file, now, now).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    await (await open(file, 'a')).close();
  });
}

/**
 * Removes whole heatmaps, least recently used ones first, until the rest fits. One that a living process has locked
 * stays, though it counts.
 * @param folder whose subfolders are heatmaps; it may be missing
 * @param maxBytes that the files of all heatmaps may have together
 * @returns the names of the removed ones, in the order of their removal
 */
export async function evictHeatmaps(folder: string, maxBytes: number): Promise<string[]> {
  const names = await subfolders(folder);
  for (const name of names)
    if (name.startsWith(EVICTED)) await rm(join(folder, name), { recursive: true, force: true });
  const heatmaps: { name: string; bytes: number; used: number }[] = [];
  for (const name of names) {
    if (name.startsWith(EVICTED)) continue;
    const path = join(folder, name);
    heatmaps.push({ name, bytes: await bytesBelow(path), used: await lastUse(path) });
  }
  let sum = heatmaps.reduce((total, { bytes }) => total + bytes, 0);
  const removed: string[] = [];
  for (const { name, bytes } of heatmaps.sort((a, b) => a.used - b.used)) {
    if (sum <= maxBytes) break;
    if (!(await evict(folder, name))) continue;
    sum -= bytes;
    removed.push(name);
  }
  return removed;
}

/** Removes a heatmap unless it is locked: first out of sight as a whole, so that nobody sees a part of it. */
async function evict(folder: string, name: string): Promise<boolean> {
  const path = join(folder, name);
  const aside = join(folder, `${EVICTED}${name}-${randomBytes(4).toString('hex')}`);
  if (await lockHolder(join(path, 'lock'))) return false;
  try {
    await rename(path, aside);
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
  // Who has locked it in between gets it back.
  if (await lockHolder(join(aside, 'lock'))) {
    await rename(aside, path);
    return false;
  }
  await rm(aside, { recursive: true, force: true });
  return true;
}

async function subfolders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error) => {
    if (isGone(error)) return [];
    throw error;
  });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

/** When a heatmap was last used; one without a mark counts from when its folder last changed. */
async function lastUse(path: string): Promise<number> {
  for (const file of [join(path, 'used'), path]) {
    const found = await stat(file).catch(() => undefined);
    if (found) return found.mtimeMs;
  }
  return 0;
}

/** Bytes of all files below a folder; those that vanish meanwhile do not count. */
export async function bytesBelow(folder: string): Promise<number> {
  const folders = [folder];
  let sum = 0;
  for (let current = folders.pop(); current !== undefined; current = folders.pop()) {
    const entries = await readdir(current, { withFileTypes: true }).catch((error) => {
      if (isGone(error)) return [];
      throw error;
    });
    const files: string[] = [];
    for (const entry of entries) (entry.isDirectory() ? folders : files).push(join(current, entry.name));
    for (let i = 0; i < files.length; i += CONCURRENCY) {
      const sizes = await Promise.all(files.slice(i, i + CONCURRENCY).map(sizeOf));
      sum += sizes.reduce((total, size) => total + size, 0);
    }
  }
  return sum;
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await lstat(file)).size;
  } catch (error) {
    if (isGone(error)) return 0;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

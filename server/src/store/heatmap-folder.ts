import { join } from 'node:path';
import { type DiskOptions, type DiskResults, openDiskResults } from './disk-results.ts';
import { evictHeatmaps, touchUsed } from './eviction.ts';
import { takeLock } from './lock.ts';
import { makeFolder } from './make-folder.ts';
import { HeldElsewhere } from './result-store.ts';

/** Milliseconds between two marks of a heatmap that is open as used. */
const TOUCH_PAUSE = 60_000;

/** Folder of all heatmaps within a store. */
export function heatmapsFolder(store: string): string {
  return join(store, 'heatmaps');
}

/**
 * Takes a heatmap's folder for this process and opens what is in it.
 * @param address where other processes can speak to this one about the heatmap
 * @throws HeldElsewhere where another process has it; Error of the file system
 */
export async function openHeatmapFolder(
  folder: string,
  address: string | null,
  options: DiskOptions,
): Promise<{ disk: DiskResults; release(): Promise<void> }> {
  await makeFolder(folder);
  const lock = await takeLock(join(folder, 'lock'), { address });
  if ('holder' in lock) throw new HeldElsewhere(lock.holder);
  try {
    const disk = await openDiskResults(folder, options);
    await touchUsed(folder);
    const timer = setInterval(() => void touchUsed(folder).catch(() => {}), TOUCH_PAUSE).unref();
    return {
      disk,
      async release() {
        clearInterval(timer);
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release().catch(() => {});
    throw error;
  }
}

/** Removes whole heatmaps, those used longest ago first, until the store fits; failures are left for the next time. */
export async function boundStore(store: string, maxBytes: number): Promise<string[]> {
  return evictHeatmaps(heatmapsFolder(store), maxBytes).catch(() => []);
}

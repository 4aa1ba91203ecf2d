import { open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** No name that Zarr gives begins like this. */
const TEMPORARY = '.tmp-';
let temporaries = 0;

/** A chunk that was never written; readers of an array see its fill value there. */
export class AbsentChunk extends Error {}

/** The files below a folder as a store for zarrita, in which a chunk is either whole or absent. */
export interface ChunkFiles {
  /** @throws AbsentChunk where there is no such file */
  get(key: string): Promise<Uint8Array>;
  set(key: string, bytes: Uint8Array): Promise<void>;
  /** Has every file written so far outlast a power cut. */
  sync(): Promise<void>;
}

/** Files that may wait for a sync: beyond it they are synced as they are written, so that few names are remembered. */
const MOST_UNSYNCED = 256;

/** A store of the files below a folder; the folders in it must exist. */
export function chunkFiles(folder: string): ChunkFiles {
  const unsynced = new Set<string>();
  const sync = async () => {
    const files = [...unsynced];
    for (const file of files) {
      // Before it is synced: it may be written anew meanwhile.
      unsynced.delete(file);
      await syncFile(file).catch((error) => {
        unsynced.add(file);
        throw error;
      });
    }
    // A file that was put in its place by renaming is there after a power cut once its folder is synced.
    for (const synced of new Set(files.map(dirname))) await syncFile(synced);
  };
  return {
    async get(key) {
      return readFile(join(folder, key)).catch((error: NodeJS.ErrnoException) => {
        throw error.code === 'ENOENT' ? new AbsentChunk(key) : error;
      });
    },
    async set(key, bytes) {
      const file = join(folder, key);
      await writeWhole(file, bytes);
      unsynced.add(file);
      if (unsynced.size >= MOST_UNSYNCED) await sync();
    },
    sync,
  };
}

/** Writes a file that is never seen half-written: beside its place first, then put there. */
export async function writeWhole(file: string, data: string | Uint8Array): Promise<void> {
  const temporary = join(dirname(file), `${TEMPORARY}${process.pid}-${temporaries++}`);
  try {
    await writeFile(temporary, data);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Removes what a crash in the middle of writing has left in a folder. */
export async function removeTemporaries(folder: string): Promise<void> {
  const left = (await readdir(folder)).filter((name) => name.startsWith(TEMPORARY));
  await Promise.all(left.map((name) => rm(join(folder, name), { force: true })));
}

/** Also of a folder, for which some file systems have no sync: they answer EINVAL. */
async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await handle
    ?.sync()
    .catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EINVAL') throw error;
    })
    .finally(() => handle.close());
}

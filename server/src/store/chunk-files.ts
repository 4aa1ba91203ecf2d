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

/** A store of the files below a folder; the folders in it must exist. */
export function chunkFiles(folder: string): ChunkFiles {
  let unsynced = new Set<string>();
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
    },
    async sync() {
      const files = unsynced;
      unsynced = new Set();
      try {
        for (const file of files) {
          await syncFile(file);
          files.delete(file);
        }
      } catch (error) {
        for (const file of files) unsynced.add(file);
        throw error;
      }
    },
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

async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await handle?.datasync().finally(() => handle.close());
}

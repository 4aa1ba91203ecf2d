import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { lockHolder, takeLock } from '../store/lock.ts';
import { makeFolder } from '../store/make-folder.ts';

/** A folder without a lock is one that is being made, unless it is older than this, in milliseconds. */
const MAKING = 60_000;

/** What one server process keeps its uploads in. */
export interface UploadFolder {
  path: string;
  /** Removes it with all that is in it. */
  remove(): Promise<void>;
}

/** Folder of all servers' uploads within a store. */
function allUploads(store: string): string {
  return join(store, 'uploads');
}

/** Makes a folder for the uploads of this process; nobody else may read it. @throws Error of the file system */
export async function makeUploadFolder(store: string): Promise<UploadFolder> {
  await makeFolder(allUploads(store));
  const path = join(allUploads(store), randomBytes(8).toString('hex'));
  await mkdir(path, { mode: 0o700 });
  const lock = await takeLock(join(path, 'lock'));
  return {
    path,
    async remove() {
      if ('release' in lock) await lock.release();
      await rm(path, { recursive: true, force: true });
    },
  };
}

/** Removes what servers that were killed have left. @returns how many folders */
export async function removeStaleUploads(store: string): Promise<number> {
  const names = await readdir(allUploads(store)).catch(() => []);
  let removed = 0;
  for (const name of names) {
    const path = join(allUploads(store), name);
    const lock = join(path, 'lock');
    if (!(await exists(lock)) && (await isYoung(path))) continue;
    if (await lockHolder(lock)) continue;
    await rm(path, { recursive: true, force: true });
    removed++;
  }
  return removed;
}

async function isYoung(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found !== null && Date.now() - found.mtimeMs < MAKING;
}

function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

import { access, constants, mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Problem } from '../errors.ts';

/**
 * Makes the folder of the server's data where it is missing, before any work that would need it.
 * @throws Problem `failed` where it is no folder, or cannot be made or written
 */
export async function prepareStore(store: string): Promise<void> {
  try {
    await makeFolder(resolve(store));
    await access(store, constants.W_OK);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : 'unknown error';
    throw new Problem('failed', `--store ${store}: expected a folder that can be written, found ${code}`, {
      cause: error,
    });
  }
}

/** Not by mkdir's own `recursive`, which on some file systems (/proc) never ends on Node 20. */
async function makeFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  if (found?.isDirectory()) return;
  if (found) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' });
  await makeFolder(dirname(folder));
  await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

import { access, constants, mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Problem } from '../errors.ts';

/**
 * Makes the folder of the server's data where it is missing, before any work that would need it.
 * @returns a warning where it is there and cannot be written: results are then kept in memory alone
 * @throws Problem `failed` where it is no folder, or cannot be made
 */
export async function prepareStore(store: string): Promise<string | undefined> {
  const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? error.code : 'unknown error');
  const expected = `--store ${store}: expected a folder that can be written`;
  await makeFolder(resolve(store)).catch((error: unknown) => {
    throw new Problem('failed', `${expected}, found ${codeOf(error)}`, { cause: error });
  });
  return access(store, constants.W_OK).then(
    () => undefined,
    (error: unknown) => `${expected}, found ${codeOf(error)}; what is computed is kept in memory alone`,
  );
}

/**
 * Makes a folder and those around it. Not by mkdir's own `recursive`, which on Node 20 never ends on some file systems
 * (/proc), and on a read-only one says that the folder is missing.
 * @throws Error of the file system
 */
export async function makeFolder(folder: string): Promise<void> {
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

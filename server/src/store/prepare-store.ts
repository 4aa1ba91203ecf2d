import { access, constants } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Problem } from '../errors.ts';
import { makeFolder } from './make-folder.ts';

/** Of a file system that is full or read-only, or of a folder of somebody else's: it may pass. */
const UNWRITABLE = ['EROFS', 'ENOSPC', 'EDQUOT', 'EACCES', 'EPERM'];

/**
 * Makes the folder of the server's data where it is missing, before any work that would need it.
 * @returns a sentence where it cannot be written now: results then stay in memory until it can
 * @throws Problem `failed` where it is no folder and none can be made there
 */
export async function prepareStore(store: string): Promise<string | undefined> {
  let isFolder = false;
  try {
    await makeFolder(resolve(store));
    isFolder = true;
    await access(store, constants.W_OK);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    // Nobody but its owner can make a folder elsewhere: that is rather the wrong place than one to wait for.
    const mayPass = UNWRITABLE.includes(code) && (isFolder || !['EACCES', 'EPERM'].includes(code));
    if (mayPass) return `--store ${store} cannot be written (${code}); results stay in memory until it can`;
    throw new Problem('failed', `--store ${store}: expected a folder that can be written, found ${code}`, {
      cause: error,
    });
  }
}

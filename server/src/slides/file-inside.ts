import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';

/**
 * Bytes of a file of a folder that is a slide, or part of one. Whoever made the folder may have put anything in it: links
 * are followed only as long as they stay inside, and what is no file is not waited for.
 * @param root the folder, all links resolved
 * @param path of the file in it, by `/`
 * @returns undefined where there is no such file
 * @throws Error that says for the end of a sentence what is wrong with it
 */
export async function readInside(root: string, path: string, mostBytes: number): Promise<Buffer | undefined> {
  const real = await realpath(join(root, path)).catch(undefinedWhereMissing);
  if (real === undefined) return undefined;
  if (!isInside(root, real)) throw new Error('it is a link that leads out of the folder');
  const handle = await open(real, constants.O_RDONLY | constants.O_NONBLOCK).catch(undefinedWhereMissing);
  if (handle === undefined) return undefined;
  try {
    const found = await handle.stat();
    if (!found.isFile()) throw new Error('it is a folder or a device, a file was expected');
    if (found.size > mostBytes) throw new Error(`it has ${found.size} bytes, at most ${mostBytes} were expected`);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** Whether a path without links is a folder, or lies in it. */
export function isInside(root: string, real: string): boolean {
  return real === root || real.startsWith(root.endsWith(sep) ? root : root + sep);
}

function undefinedWhereMissing(error: unknown): undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
}

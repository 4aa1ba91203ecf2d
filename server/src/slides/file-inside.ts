import { constants } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';

/**
 * Bytes of a file of a folder that is a slide, or part of one. Whoever made the folder may have put anything in it: links
 * are followed only as long as they stay inside, and what is no file is not waited for.
 * @param root the folder, all links resolved
 * @param path of the file in it, by `/`
 * @returns undefined where there is no such file
 * @throws Error that says for the end of a sentence what is wrong with it
 */
export function readInside(root: string, path: string, mostBytes: number): Promise<Buffer | undefined> {
  return withFile(root, path, async (handle, size) => {
    if (size > mostBytes) throw new Error(`it has ${size} bytes, at most ${mostBytes} were expected`);
    return handle.readFile();
  });
}

/**
 * Some bytes of such a file.
 * @param range where they are in a file of `size` bytes
 * @returns undefined where there is no such file
 * @throws Error as `readInside` does, and where the file ends before them
 */
export function readRangeInside(
  root: string,
  path: string,
  range: (size: number) => { offset: number; length: number },
): Promise<Uint8Array | undefined> {
  return withFile(root, path, async (handle, size) => {
    const { offset, length } = range(size);
    if (!(offset >= 0 && length >= 0 && offset + length <= size)) {
      throw new Error(`it is truncated: bytes ${offset} to ${offset + length} were expected, it has ${size}`);
    }
    const bytes = new Uint8Array(length);
    const { bytesRead } = await handle.read(bytes, 0, length, offset);
    if (bytesRead < length) throw new Error('it became shorter while it was read');
    return bytes;
  });
}

/** Whether a path without links is a folder, or lies in it. */
export function isInside(root: string, real: string): boolean {
  return real === root || real.startsWith(root.endsWith(sep) ? root : root + sep);
}

async function withFile<T>(
  root: string,
  path: string,
  use: (handle: FileHandle, size: number) => Promise<T>,
): Promise<T | undefined> {
  const real = await realpath(join(root, path)).catch(undefinedWhereMissing);
  if (real === undefined) return undefined;
  if (!isInside(root, real)) throw new Error('it is a link that leads out of the folder');
  const handle = await open(real, constants.O_RDONLY | constants.O_NONBLOCK).catch(undefinedWhereMissing);
  if (handle === undefined) return undefined;
  try {
    const found = await handle.stat();
    if (!found.isFile()) throw new Error('it is a folder or a device, a file was expected');
    return await use(handle, found.size);
  } finally {
    await handle.close();
  }
}

function undefinedWhereMissing(error: unknown): undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
}

import type { FileHandle } from 'node:fs/promises';
import { Problem } from '../errors.ts';

/**
 * Fills an array with a file's beginning.
 *
 * @param name for messages
 * @throws Problem `unreadable-model` where the file is shorter
 */
export async function readBytes(file: FileHandle, target: Uint8Array, name: string): Promise<void> {
  for (let read = 0; read < target.length; ) {
    const { bytesRead } = await file.read(target, read, target.length - read, read);
    if (bytesRead === 0) throw new Problem('unreadable-model', `${name} became shorter while it was read`);
    read += bytesRead;
  }
}

import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { fileProblem } from './image-file.ts';

const BLOCKS = 16;
const BLOCK_BYTES = 64 * 1024;

/**
 * 16 hex digits that change when a file does: SHA-256 of its size, its modification time and 16 blocks of 64 KiB spread
 * evenly from its first byte to its last. A gigapixel slide takes milliseconds.
 * @throws Problem `not-found`, `unreadable-slide`
 */
export async function slideFingerprint(file: string): Promise<string> {
  try {
    const handle = await open(file);
    try {
      const { size, mtimeMs } = await handle.stat();
      const hash = createHash('sha256').update(`${size} ${Math.round(mtimeMs)} `);
      const block = Buffer.alloc(BLOCK_BYTES);
      for (let i = 0; i < BLOCKS; i++) {
        const position = Math.round((Math.max(0, size - BLOCK_BYTES) * i) / (BLOCKS - 1));
        const { bytesRead } = await handle.read(block, 0, BLOCK_BYTES, position);
        hash.update(block.subarray(0, bytesRead));
        if (size <= BLOCK_BYTES) break;
      }
      return hash.digest('hex').slice(0, 16);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fileProblem(file, error);
  }
}

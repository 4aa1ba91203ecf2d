import type { AsyncReadable } from '@zarrita/storage';
import { readInside, readRangeInside } from './file-inside.ts';

/** Bytes that a chunk's samples may take: 4096 x 4096 pixels of three channels of 16 bits, and more. */
export const LARGEST_CHUNK_BYTES = 2 ** 27;

/** Coded chunks of noise are a little larger than their samples. */
const LARGEST_FILE = LARGEST_CHUNK_BYTES + 2 ** 20;

/**
 * The files of a folder as a store that zarrita reads.
 * @param root the folder, all links resolved
 * @param onBytes sees everything that is read
 */
export function zarrFolder(root: string, onBytes?: (key: string, bytes: Uint8Array) => void): AsyncReadable {
  const seen = async (key: string, reading: Promise<Uint8Array | undefined>) => {
    const bytes = await reading.catch((error: unknown) => {
      throw new Error(`${key.slice(1)}: ${error instanceof Error ? error.message : error}`, { cause: error });
    });
    if (bytes !== undefined) onBytes?.(key, bytes);
    return bytes;
  };
  return {
    get: (key) => seen(key, readInside(root, key, LARGEST_FILE)),
    getRange: (key, range) =>
      seen(
        key,
        readRangeInside(root, key, (size) => {
          const { offset, length } =
            'suffixLength' in range ? { offset: size - range.suffixLength, length: range.suffixLength } : range;
          if (length <= LARGEST_FILE) return { offset, length };
          throw new Error(`it has parts of ${length} bytes, at most ${LARGEST_FILE} were expected`);
        }),
      ),
  };
}

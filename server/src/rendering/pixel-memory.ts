/** Buffers that wait to be used again: more tiles than that are seldom compressed at a time. */
const MOST_KEPT = 8;

/** Larger ones are no tiles, and let go. */
const MOST_BYTES = 4 * 514 * 514;

const kept: ArrayBuffer[] = [];

/**
 * Lends memory for RGBA pixels, whatever it holds. New memory for each tile would have the whole heap collected every
 * twenty tiles.
 * @param use what is resolved must not be a view of the memory
 */
export async function withPixels<T>(
  width: number,
  height: number,
  use: (pixels: Uint8ClampedArray<ArrayBuffer>) => Promise<T>,
): Promise<T> {
  const length = 4 * width * height;
  const found = kept.findIndex((buffer) => buffer.byteLength >= length);
  const buffer = found < 0 ? new ArrayBuffer(length) : kept.splice(found, 1)[0];
  try {
    return await use(new Uint8ClampedArray(buffer, 0, length));
  } finally {
    if (buffer.byteLength <= MOST_BYTES) kept.unshift(buffer);
    if (kept.length > MOST_KEPT) kept.pop();
  }
}

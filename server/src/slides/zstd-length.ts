const MAGIC = 0xfd2fb528;
/** Frames that hold no data have one of 16 such numbers. */
const SKIPPABLE = 0x184d2a50;
const DICTIONARY_BYTES = [0, 1, 2, 4];
/** What a compressed block counts as: the largest is 16 times that. */
const LEAST_BLOCK = 8 * 1024;
const RLE = 1;
const COMPRESSED = 2;

/**
 * Bytes that Zstandard frames (RFC 8878) unpack to, by their headers alone: what a frame says, or where it does not,
 * what its blocks hold: of compressed ones no more than a guess, so that the result is at least a sixteenth of the
 * truth.
 * @throws Error where they are no such frames
 */
export function zstdLength(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let length = 0;
  let at = 0;
  try {
    while (at < bytes.length) {
      const magic = view.getUint32(at, true);
      if (magic >>> 4 === SKIPPABLE >>> 4) {
        at += 8 + view.getUint32(at + 4, true);
        continue;
      }
      if (magic !== MAGIC) throw new Error('a chunk is no Zstandard');
      const frame = readFrame(view, at);
      length += frame.length;
      at = frame.end;
    }
  } catch (error) {
    if (error instanceof RangeError) throw new Error('a chunk is truncated', { cause: error });
    throw error;
  }
  return length;
}

function readFrame(view: DataView, start: number): { length: number; end: number } {
  const descriptor = view.getUint8(start + 4);
  const isSingle = (descriptor & 0x20) !== 0;
  const hasChecksum = (descriptor & 4) !== 0;
  let at = start + 5 + (isSingle ? 0 : 1) + DICTIONARY_BYTES[descriptor & 3];
  const [sizeBytes, said] = contentSize(view, at, descriptor >> 6, isSingle);
  at += sizeBytes;
  let inBlocks = 0;
  for (let isLast = false; !isLast; ) {
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    isLast = (header & 1) === 1;
    const kind = (header >> 1) & 3;
    const size = header >> 3;
    at += 3 + (kind === RLE ? 1 : size);
    inBlocks += kind === COMPRESSED ? LEAST_BLOCK : size;
  }
  return { length: said ?? inBlocks, end: at + (hasChecksum ? 4 : 0) };
}

/** The bytes that the content's size takes in a header, and the size itself. */
function contentSize(view: DataView, at: number, kind: number, isSingle: boolean): [number, number | undefined] {
  if (kind === 0) return isSingle ? [1, view.getUint8(at)] : [0, undefined];
  if (kind === 1) return [2, view.getUint16(at, true) + 256];
  return kind === 2 ? [4, view.getUint32(at, true)] : [8, Number(view.getBigUint64(at, true))];
}

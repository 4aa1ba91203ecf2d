import { jpegSegments } from './jpeg-segments.ts';

/** Frames whose one scan has the blocks of all components from the top down: sequential by Huffman codes. */
const SEQUENTIAL: ReadonlySet<number> = new Set([0xc0, 0xc1]);

/** Rows that a decoder looks beyond those wanted: colours of 4:2:0 are interpolated from the next row of theirs. */
const LOOK_AHEAD = 4;

/** TIFF wants the heights of tiles to be multiples of this. */
const STEP = 16;

/** Rows of a tile to decode where the topmost `wanted` are needed, at most all of its `height`. */
export function rowsToDecode(wanted: number, height: number): number {
  return Math.min(height, Math.ceil((wanted + LOOK_AHEAD) / STEP) * STEP);
}

/**
 * A JPEG stream that tells fewer rows than it has (the frame header's number of lines, ITU-T T.81, B.2.2), so that a decoder
 * ends there: what is wanted of a tile is often its upper half.
 * @returns null where rows cannot be left out at the end: progressive streams, scans of single components, what is damaged
 */
export function shortenedJpeg(stream: Uint8Array, rows: number): Uint8Array | null {
  const copy = stream.slice();
  const segments = jpegSegments(copy);
  if (segments === null || segments.rest === null) return null;
  const frame = segments.kept.find(([, marker]) => SEQUENTIAL.has(marker));
  if (frame === undefined || frame[9] !== segments.rest[4] || ((frame[5] << 8) | frame[6]) < rows) return null;
  frame[5] = rows >> 8;
  frame[6] = rows & 0xff;
  return copy;
}

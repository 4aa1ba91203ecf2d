import type { Size } from '../../../shared/geometry/deep-zoom.ts';
import { asRgb, openImage, pictureFormat, reason } from './image-file.ts';

/** Bytes that the coded tile of a size may have: 16 bits of 4 samples for each pixel, twice, and what describes them. */
export function mostTileBytes({ width, height }: Size): number {
  return 16 * width * height + 2 ** 20;
}

/**
 * Width and height of a JPEG, PNG or WebP that somebody else made.
 * @throws Error that says for the end of a sentence what is wrong with it
 */
export async function pictureSize(bytes: Uint8Array): Promise<Size> {
  if (pictureFormat(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)) === null) {
    throw new Error('it is no JPEG, PNG or WebP');
  }
  const { width, height } = await openImage(bytes).metadata().catch(damaged);
  return { width, height };
}

/**
 * RGB pixels of a tile that somebody else made: a JPEG, PNG or WebP of exactly this size.
 * @throws Error that says for the end of a sentence what is wrong with it
 */
export async function foreignTile(bytes: Uint8Array, { width, height }: Size): Promise<Uint8Array> {
  const found = await pictureSize(bytes);
  // Looked at before anything is decoded: few bytes may unpack to very much.
  if (found.width !== width || found.height !== height) {
    throw new Error(`it has ${found.width} x ${found.height} pixels, ${width} x ${height} were expected`);
  }
  return asRgb(openImage(bytes)).raw().toBuffer().catch(damaged);
}

function damaged(error: unknown): never {
  throw new Error(`it is truncated or damaged (${reason(error)})`, { cause: error });
}

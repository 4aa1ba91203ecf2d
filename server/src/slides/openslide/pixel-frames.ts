import type { Readable } from 'node:stream';

/** Number of the request and bytes of its answer, 4 bytes each, little endian. */
const HEADER_BYTES = 8;

/**
 * Takes apart the stream in which the process that calls OpenSlide sends pixels: messages between processes would copy
 * them several times over.
 */
export function readPixelFrames(stream: Readable, onFrame: (id: number, pixels: Uint8Array) => void): void {
  let pixels: Uint8Array = new Uint8Array(HEADER_BYTES);
  let filled = 0;
  let id: number | undefined;
  stream.on('data', (chunk: Buffer) => {
    for (let at = 0; at < chunk.length; ) {
      const taken = Math.min(chunk.length - at, pixels.length - filled);
      pixels.set(chunk.subarray(at, at + taken), filled);
      at += taken;
      filled += taken;
      if (filled < pixels.length) return;
      filled = 0;
      if (id === undefined) {
        const header = new DataView(pixels.buffer);
        id = header.getUint32(0, true);
        pixels = new Uint8Array(header.getUint32(4, true));
      } else {
        onFrame(id, pixels);
        id = undefined;
        pixels = new Uint8Array(HEADER_BYTES);
      }
    }
  });
}

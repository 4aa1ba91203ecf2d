import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { readPixelFrames } from '../../../server/src/slides/openslide/pixel-frames.ts';

function frame(id: number, pixels: Uint8Array): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(id, 0);
  header.writeUInt32LE(pixels.length, 4);
  return Buffer.concat([header, pixels]);
}

test.each([1, 3, 8, 9, 1000])('pixels arrive whole, in chunks of %d bytes', async (size) => {
  const sent: [id: number, pixels: Uint8Array][] = [
    [7, Uint8Array.from({ length: 300 }, (_, i) => i % 256)],
    [2 ** 32 - 1, Uint8Array.of(1, 2, 3)],
    [3, new Uint8Array(64).fill(9)],
  ];
  const bytes = Buffer.concat(sent.map(([id, pixels]) => frame(id, pixels)));
  const stream = new PassThrough();
  const received: [id: number, pixels: Uint8Array][] = [];
  readPixelFrames(stream, (id, pixels) => received.push([id, pixels]));
  for (let at = 0; at < bytes.length; at += size) stream.write(bytes.subarray(at, at + size));
  await expect.poll(() => received.length).toBe(sent.length);
  expect(received).toEqual(sent);
});

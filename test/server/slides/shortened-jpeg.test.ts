import sharp, { type JpegOptions } from 'sharp';
import { describe, expect, test } from 'vitest';
import { rowsToDecode, shortenedJpeg } from '../../../server/src/slides/shortened-jpeg.ts';
import { image, picture } from './pictures.ts';

const SIDE = 96;
const encode = async (options: JpegOptions = {}) =>
  new Uint8Array(await image(picture(SIDE, SIDE).data, SIDE, SIDE).jpeg(options).toBuffer());
// What is left of the stream is no end that libvips knows of.
const pixels = (stream: Uint8Array) => sharp(stream, { failOn: 'none' }).raw().toBuffer();

describe('a stream that ends early has the same pixels down to what is wanted', () => {
  test.each(['4:2:0', '4:4:4'])('%s', async (chromaSubsampling) => {
    const stream = await encode({ chromaSubsampling });
    const whole = await pixels(stream);
    for (const wanted of [1, 12, 13, 40, 60]) {
      const rows = rowsToDecode(wanted, SIDE);
      const shortened = shortenedJpeg(stream, rows);
      if (shortened === null) throw new Error('expected a shortened stream');
      const decoded = await pixels(shortened);
      expect(decoded.length).toBe(3 * SIDE * rows);
      const bytes = 3 * SIDE * wanted;
      expect(decoded.subarray(0, bytes).equals(whole.subarray(0, bytes)), `${wanted} rows`).toBe(true);
    }
  });
});

test.each([
  [1, 256, 16],
  [12, 256, 16],
  [13, 256, 32],
  [128, 256, 144],
  [236, 256, 240],
  [237, 256, 256],
  [256, 256, 256],
  [40, 40, 40],
])('%i rows of %i take %i', (wanted, height, rows) => {
  expect(rowsToDecode(wanted, height)).toBe(rows);
});

describe('is left as it is', () => {
  const cases: [string, () => Promise<Uint8Array>][] = [
    ['a progressive stream', () => encode({ progressive: true })],
    [
      'a stream that has fewer rows',
      async () =>
        new Uint8Array(
          await sharp(await encode())
            .resize(96, 20)
            .jpeg()
            .toBuffer(),
        ),
    ],
    ['a stream that is cut off', async () => (await encode()).subarray(0, 900)],
    ['what is no JPEG', async () => new Uint8Array(50)],
    ['nothing', async () => new Uint8Array()],
  ];
  test.each(cases)('%s', async (_name, make) => {
    expect(shortenedJpeg(await make(), 32)).toBe(null);
  });
});

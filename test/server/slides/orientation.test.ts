import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { describeSlide, readSlideHeader } from '../../../server/src/slides/describe-slide.ts';
import { slideFingerprint } from '../../../server/src/slides/fingerprint.ts';
import { openSlide } from '../../../server/src/slides/open-slide.ts';
import { image, temporaryFolder } from './pictures.ts';

const folder = await temporaryFolder();
const store = join(folder, 'store');
const WIDTH = 37;
const HEIGHT = 23;

/** Every pixel its own colour. */
const data = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => {
  const pixel = Math.floor(i / 3);
  return [(pixel % WIDTH) * 6, Math.floor(pixel / WIDTH) * 10, 128][i % 3];
});

/** Where the pixel (x, y) of the upright picture lies in the stored one, by EXIF's definition of each orientation. */
const STORED: Record<number, (x: number, y: number) => [x: number, y: number]> = {
  1: (x, y) => [x, y],
  2: (x, y) => [WIDTH - 1 - x, y],
  3: (x, y) => [WIDTH - 1 - x, HEIGHT - 1 - y],
  4: (x, y) => [x, HEIGHT - 1 - y],
  5: (x, y) => [y, x],
  6: (x, y) => [y, HEIGHT - 1 - x],
  7: (x, y) => [WIDTH - 1 - y, HEIGHT - 1 - x],
  8: (x, y) => [WIDTH - 1 - y, x],
};

describe('a photograph is laid the way up that its EXIF data say', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('orientation %i', async (orientation) => {
    const file = join(folder, `${orientation}.webp`);
    await writeFile(
      file,
      await image(data, WIDTH, HEIGHT).withMetadata({ orientation }).webp({ lossless: true }).toBuffer(),
    );
    const [width, height] = orientation >= 5 ? [HEIGHT, WIDTH] : [WIDTH, HEIGHT];
    expect(await readSlideHeader(file)).toMatchObject({ width, height, reader: 'picture' });
    const description = await describeSlide(file, { store });
    expect(description).toMatchObject({ width, height });
    const read = await openSlide(description).readRegion(0, { x: 0, y: 0, width, height });
    const expected = new Uint8Array(read.length);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const [storedX, storedY] = STORED[orientation](x, y);
        const at = (storedY * WIDTH + storedX) * 3;
        expected.set(data.subarray(at, at + 3), (y * width + x) * 3);
      }
    }
    expect(Buffer.compare(read, expected)).toBe(0);
  });

  test('a JPEG too', async () => {
    const file = join(folder, 'photograph.jpg');
    await writeFile(file, await image(data, WIDTH, HEIGHT).withMetadata({ orientation: 6 }).jpeg().toBuffer());
    const description = await describeSlide(file, { store });
    const read = await openSlide(description).readRegion(0, { x: 0, y: 0, width: HEIGHT, height: WIDTH });
    expect(Buffer.compare(read, await sharp(file).autoOrient().raw().toBuffer())).toBe(0);
  });

  test('the fingerprint of one that lies as it is stored is that of its file, and a turned one has another', async () => {
    const upright = join(folder, 'upright.webp');
    await copyFile(join(folder, '1.webp'), upright);
    expect((await describeSlide(upright, { store })).fingerprint).toBe(await slideFingerprint(upright));
    const turned = join(folder, '6.webp');
    expect((await describeSlide(turned, { store })).fingerprint).not.toBe(await slideFingerprint(turned));
  });
});

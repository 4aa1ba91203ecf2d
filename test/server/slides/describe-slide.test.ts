import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { describeSlide } from '../../../server/src/slides/describe-slide.ts';
import { openSlide } from '../../../server/src/slides/open-slide.ts';
import { image, picture, temporaryFolder } from './pictures.ts';

const folder = await temporaryFolder();
const store = join(folder, 'store');
const WIDTH = 700;
const HEIGHT = 530;
const source = picture(WIDTH, HEIGHT);
const rgb = () => image(source.data, WIDTH, HEIGHT);
const tiles = { tile: true, tileWidth: 256, tileHeight: 256, compression: 'lzw' } as const;

async function wholeSlide(file: string): Promise<Uint8Array> {
  const description = await describeSlide(file, { store });
  const { width, height } = description;
  return openSlide(description).readRegion(0, { x: 0, y: 0, width, height });
}

describe('formats', () => {
  test.each([
    ['PNG', 'a.png', () => rgb().png()],
    ['PNG', 'interlaced.png', () => rgb().png({ progressive: true })],
    ['WebP', 'a.webp', () => rgb().webp({ lossless: true })],
    ['TIFF', 'strips.tif', () => rgb().tiff({ compression: 'lzw' })],
    ['TIFF', 'tiles.tiff', () => rgb().tiff(tiles)],
    ['TIFF', 'pyramid.tif', () => rgb().tiff({ ...tiles, pyramid: true })],
    ['TIFF', 'bigtiff.tif', () => rgb().tiff({ ...tiles, bigtiff: true })],
    ['PNG', 'ending-says.jpg', () => rgb().png()],
  ])('%s %s gives its exact pixels', async (format, name, encode) => {
    const file = join(folder, name);
    await writeFile(file, await encode().toBuffer());
    const description = await describeSlide(file, { store });
    expect(description).toMatchObject({ file, format, width: WIDTH, height: HEIGHT, tileSize: 256, mpp: null });
    expect(Buffer.compare(await wholeSlide(file), source.data)).toBe(0);
  });

  test('JPEG gives the pixels of a plain decoder, whatever its profile', async () => {
    const file = join(folder, 'a.jpg');
    await writeFile(file, await rgb().withMetadata({ icc: 'p3' }).jpeg({ quality: 80 }).toBuffer());
    const expected = await sharp(file, { ignoreIcc: true }).raw().toBuffer();
    expect(await describeSlide(file, { store })).toMatchObject({ format: 'JPEG', width: WIDTH, height: HEIGHT });
    expect(Buffer.compare(await wholeSlide(file), expected)).toBe(0);
  });

  test('a plain tiled TIFF is read where it lies', async () => {
    const file = join(folder, 'in-place.tif');
    await writeFile(file, await rgb().tiff(tiles).toBuffer());
    expect((await describeSlide(file, { store })).regionFile).toBe(file);
  });

  test('a large tiled TIFF without small levels is given them', async () => {
    const file = join(folder, 'no-levels.tif');
    const white = sharp({ create: { width: 5000, height: 300, channels: 3, background: '#e0c0d0' } });
    await writeFile(file, await white.tiff(tiles).toBuffer());
    const { regionFile, levels } = await describeSlide(file, { store });
    expect(regionFile).not.toBe(file);
    expect(levels.map(({ width }) => width).slice(0, 3)).toEqual([5000, 2500, 1250]);
  });
});

describe('samples become 8-bit RGB', () => {
  const grey = Uint8Array.from({ length: 64 }, (_, i) => i * 4);
  test.each([
    ['grey', () => image(grey, 8, 8, 1).png(), (i: number) => grey[i]],
    ['grey tiled TIFF', () => image(grey, 8, 8, 1).tiff({ ...tiles }), (i: number) => grey[i]],
    [
      '16-bit grey',
      () =>
        image(
          Uint16Array.from(grey, (v) => v * 256 + 77),
          8,
          8,
          1,
        )
          .toColourspace('grey16')
          .png(),
      (i: number) => grey[i],
    ],
    [
      '16-bit grey tiled TIFF',
      () =>
        image(
          Uint16Array.from(grey, (v) => v * 256 + 77),
          8,
          8,
          1,
        )
          .toColourspace('grey16')
          .tiff(tiles),
      (i: number) => grey[i],
    ],
    [
      'transparent grey over white',
      () =>
        image(
          Uint8Array.from(grey, (_, i) => (i % 2 === 0 ? 255 : 0)).reduce(withAlpha, new Uint8Array(128)),
          8,
          8,
          2,
        ).png(),
      (i: number) => (i % 2 === 0 ? 40 : 255),
    ],
    ['palette', () => image(grey, 8, 8, 1).png({ palette: true, colours: 256, dither: 0 }), (i: number) => grey[i]],
  ])('%s', async (name, encode, expected) => {
    const file = join(folder, `samples ${name}`);
    await writeFile(file, await encode().toBuffer());
    const pixels = await wholeSlide(file);
    expect([...pixels]).toEqual(Array.from({ length: 192 }, (_, k) => expected(Math.floor(k / 3))));
  });

  function withAlpha(pairs: Uint8Array, alpha: number, index: number): Uint8Array {
    pairs[2 * index] = 40;
    pairs[2 * index + 1] = alpha;
    return pairs;
  }
});

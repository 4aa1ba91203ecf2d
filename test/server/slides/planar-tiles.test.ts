import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeSlide } from '../../../server/src/slides/describe-slide.ts';
import { openSlide } from '../../../server/src/slides/open-slide.ts';
import { crop, picture, temporaryFolder } from './pictures.ts';
import { tilesOf } from './raw-tiles.ts';
import { type TiffTag, type WrittenTiff, writtenTiff } from './written-tiff.ts';

const folder = await temporaryFolder();
const store = join(folder, 'store');
const TILE = 64;
const source = picture(200, 150);
const half = picture(100, 75);
const region = { x: 30, y: 10, width: 160, height: 130 };

const sample = (tile: Uint8Array, plane: number) => tile.filter((_, i) => i % 3 === plane % 3);
const high = (tile: Uint8Array, littleEndian: boolean) =>
  tile.length === 0
    ? tile
    : Uint8Array.from({ length: 2 * tile.length }, (_, i) => (i % 2 === (littleEndian ? 1 : 0) ? tile[i >> 1] : 7));

interface Kind {
  planes: number;
  photometric: number;
  extra?: number[];
  bits?: 8 | 16;
  littleEndian?: boolean;
  big?: boolean;
}

/** A page whose samples lie in tiles of their own: all of the first, then all of the second. */
function page(
  picture: typeof source,
  { planes, photometric, extra, bits = 8, littleEndian = true, big = false }: Kind,
): WrittenTiff {
  const tiles = tilesOf({ ...picture, tileSize: TILE });
  const apart = Array.from({ length: planes }, (_, plane) => tiles.map((tile) => sample(tile, plane))).flat();
  const extras: TiffTag[] = extra ? [[338, 'short', extra]] : [];
  return {
    ...{ littleEndian, big, width: picture.width, height: picture.height, tileSize: TILE },
    tiles: bits === 8 ? apart : apart.map((tile) => high(tile, littleEndian)),
    tags: [
      [258, 'short', Array.from({ length: planes }, () => bits)],
      [259, 'short', [1]],
      [262, 'short', [photometric]],
      [277, 'short', [planes]],
      [284, 'short', [2]],
      ...extras,
    ],
  };
}

const grey = (rgb: Uint8Array) => rgb.map((_, i) => rgb[i - (i % 3)]);

describe('samples that lie apart, in tiles', () => {
  test.each<[string, Kind, (rgb: Uint8Array) => Uint8Array]>([
    ['red, green and blue', { planes: 3, photometric: 2 }, (rgb) => rgb],
    ['with 16 bits, big-endian', { planes: 3, photometric: 2, bits: 16, littleEndian: false }, (rgb) => rgb],
    ['in a BigTIFF, and one that is no alpha', { planes: 4, photometric: 2, extra: [0], big: true }, (rgb) => rgb],
    ['four stains, of which the first is read', { planes: 4, photometric: 1, extra: [0, 0, 0] }, grey],
    ['white is zero', { planes: 2, photometric: 0, extra: [0] }, (rgb) => grey(rgb).map((value) => 255 - value)],
  ])('%s', async (name, kind, expected) => {
    const file = join(folder, `${name}.tif`);
    await writeFile(file, writtenTiff(page(source, kind), page(half, kind)));
    const description = await describeSlide(file, { store });
    expect(description).toMatchObject({ regionFile: file, levels: [{ width: 200 }, { width: 100 }] });
    const reader = openSlide(description);
    expect(Buffer.compare(await reader.readRegion(0, region), expected(crop(source, region)))).toBe(0);
    const whole = { x: 0, y: 0, width: 100, height: 75 };
    expect(Buffer.compare(await reader.readRegion(1, whole), expected(half.data))).toBe(0);
    expect(await reader.storedJpeg?.(0, { x: 0, y: 0, width: TILE, height: TILE })).toBeNull();
  });

  test('a file that has grown short is damaged', async () => {
    const file = join(folder, 'short.tif');
    const bytes = writtenTiff(page(source, { planes: 3, photometric: 2 }));
    await writeFile(file, bytes);
    const description = await describeSlide(file, { store });
    await truncate(file, bytes.length - 900);
    await expect(openSlide(description).readRegion(0, region)).rejects.toMatchObject({ code: 'unreadable-slide' });
  });

  test.each([
    ['alpha', { planes: 4, photometric: 2, extra: [2] }],
    ['CMYK', { planes: 4, photometric: 5 }],
  ] as [string, Kind][])('%s is refused in a sentence', async (name, kind) => {
    const file = join(folder, `${name}.tif`);
    await writeFile(file, writtenTiff(page(source, kind)));
    await expect(describeSlide(file, { store })).rejects.toMatchObject({
      code: 'unreadable-slide',
      message: expect.stringMatching(
        /its samples lie apart, in tiles; red, green and blue without alpha were expected/,
      ),
    });
  });
});

test('samples apart in tiles that are too large to be read by are refused in a sentence', async () => {
  const file = join(folder, 'large.tif');
  const plane = new Uint8Array(2112 * 2112);
  await writeFile(
    file,
    writtenTiff({
      ...{ littleEndian: true, big: false, width: 100, height: 75, tileSize: 2112, tiles: [plane, plane, plane] },
      tags: page(half, { planes: 3, photometric: 2 }).tags,
    }),
  );
  await expect(describeSlide(file, { store })).rejects.toThrow(
    'large.tif cannot be read as a slide: its samples lie apart, in tiles; red, green and blue without alpha were expected, tiles of up to 2048',
  );
});

import { open, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type TiffOptions } from 'sharp';
import { describe, expect, test } from 'vitest';
import { emptyPixels } from '../../../server/src/slides/copy-pixels.ts';
import { asRgb, openImage } from '../../../server/src/slides/image-file.ts';
import { pictureCoding } from '../../../server/src/slides/picture-coding.ts';
import type { TiffLevel } from '../../../server/src/slides/slide.ts';
import { readTiffDirectories } from '../../../server/src/slides/tiff-directories.ts';
import { tiffLevels } from '../../../server/src/slides/tiff-levels.ts';
import { createTileReader } from '../../../server/src/slides/tile-reader.ts';
import { encodedTile } from '../../../server/src/slides/whole-tile.ts';
import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';
import { crop, image, picture, temporaryFolder } from './pictures.ts';
import { type TiffTag, writtenTiff } from './written-tiff.ts';

const folder = await temporaryFolder();
const WIDTH = 900;
const HEIGHT = 700;
const source = picture(WIDTH, HEIGHT);
const rgb = () => image(source.data, WIDTH, HEIGHT);
const tiled = { tile: true, tileWidth: 256, tileHeight: 256 } as const;
const deflate = { ...tiled, compression: 'deflate' } as const;
const jpeg = { ...tiled, compression: 'jpeg' } as const;

const reader = createTileReader({ cacheBytes: 4 * 1024 ** 2 });

async function levelsOf(file: string): Promise<TiffLevel[]> {
  return tiffLevels(await readTiffDirectories(file));
}

/** Regions inside tiles, across their borders and at the edges of a level. */
function regionsOf({ width, height }: TiffLevel): Rectangle[] {
  const side = Math.min(128, width, height);
  const inside = (x: number, y: number) => ({ x, y, width: side, height: side });
  return [
    inside(0, 0),
    inside(Math.min(200, width - side), Math.min(130, height - side)),
    inside(width - side, height - side),
    { x: 0, y: 0, width, height },
    { x: width - 1, y: height >> 1, width: 1, height: 1 },
  ];
}

/** A tile that is decoded and encoded in one step has the pixels of one that is decoded alone: the first, and the last. */
async function expectSameTiles(file: string, level: TiffLevel): Promise<void> {
  const tile = (await readTiffDirectories(file))[level.page].tile ?? level;
  const [right, bottom] = [level.width - 1, level.height - 1];
  for (const [x, y] of [
    [0, 0],
    [right - (right % tile.width), bottom - (bottom % tile.height)],
  ]) {
    const size = { width: Math.min(tile.width, level.width - x), height: Math.min(tile.height, level.height - y) };
    const region = emptyPixels({ x, y, ...size });
    const png = await encodedTile(file, level, region, pictureCoding('png'));
    if (png === null) throw new Error('it was left to be decoded first');
    const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ ...size, channels: 3 });
    expect(await reader.fill(file, level, [region])).toBe(true);
    expect(Buffer.compare(data, region.data), `tile at ${x}, ${y}`).toBe(0);
  }
}

async function expectSameBytes(file: string, levels?: TiffLevel[]): Promise<void> {
  for (const level of levels ?? (await levelsOf(file))) {
    const regions = regionsOf(level).map(emptyPixels);
    expect(await reader.fill(file, level, regions)).toBe(true);
    // By itself, a region needs not all rows of its tiles.
    const alone = regionsOf(level).map(emptyPixels);
    for (const [index, region] of alone.entries()) {
      await createTileReader().fill(file, level, [region]);
      expect(Buffer.compare(region.data, regions[index].data), `region ${index} alone`).toBe(0);
    }
    const { page, subifd } = level;
    for (const { data, x, y, width, height } of regions) {
      const whole = openImage(file, subifd < 0 ? { page } : { page, tiff: { subifd } });
      const expected = await asRgb(whole.extract({ left: x, top: y, width, height }))
        .raw()
        .toBuffer();
      expect(Buffer.compare(expected, data), `level ${width} x ${height} at ${x}, ${y}`).toBe(0);
    }
    await expectSameTiles(file, level);
  }
}

describe('the same bytes as libvips reads from the whole file', () => {
  const kinds: [string, TiffOptions][] = [
    ['JPEG, 4:2:0', { ...jpeg, quality: 85 }],
    ['JPEG, 4:4:4', { ...jpeg, quality: 95 }],
    ['Deflate', { ...deflate, predictor: 'none' }],
    ['Deflate with a predictor', { ...deflate, predictor: 'horizontal' }],
    ['LZW', { ...tiled, compression: 'lzw' }],
    ['PackBits', { ...tiled, compression: 'packbits' }],
    ['uncompressed', { ...tiled, compression: 'none' }],
    ['a pyramid of pages', { ...jpeg, pyramid: true }],
    ['BigTIFF', { ...jpeg, bigtiff: true, pyramid: true }],
    ['tiles of 512', { ...deflate, tileWidth: 512, tileHeight: 512 }],
    ['tiles that are not square', { ...jpeg, tileWidth: 128, tileHeight: 64 }],
  ];
  test.each(kinds)('%s', async (name, options) => {
    const file = join(folder, `${name}.tif`);
    await writeFile(file, await rgb().tiff(options).toBuffer());
    await expectSameBytes(file);
  });

  const samples = Uint16Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => (source.data[i] << 8) | (i % 251));
  const grey = source.data.subarray(0, WIDTH * HEIGHT);
  const alpha = source.data.subarray(0, 4 * 400 * 300);
  const others: [string, () => Promise<Buffer>][] = [
    ['grey', () => image(grey, WIDTH, HEIGHT, 1).toColourspace('b-w').tiff(deflate).toBuffer()],
    ['grey JPEG', () => image(grey, WIDTH, HEIGHT, 1).toColourspace('b-w').tiff(jpeg).toBuffer()],
    ['16 bits', () => image(samples, WIDTH, HEIGHT).toColourspace('rgb16').tiff(deflate).toBuffer()],
    ['alpha', () => image(alpha, 400, 300, 4).tiff(deflate).toBuffer()],
    ['CMYK', () => rgb().toColourspace('cmyk').tiff(deflate).toBuffer()],
  ];
  test.each(others)('%s', async (name, encode) => {
    const file = join(folder, `${name}.tif`);
    await writeFile(file, await encode());
    await expectSameBytes(file);
  });

  const SIDE = 128;
  const corners = [0, 1, 2, 3, 4, 5].map((i) => ({ x: SIDE * (i % 3), y: SIDE * (i >> 1), width: SIDE, height: SIDE }));
  const plain = corners.map((corner) => crop(source, corner));
  const coded = () =>
    Promise.all(plain.map(async (data) => new Uint8Array(await image(data, SIDE, SIDE).jpeg().toBuffer())));
  const tags = (compression: number, photometric: number, ...more: TiffTag[]): TiffTag[] => [
    [258, 'short', [8, 8, 8]],
    [259, 'short', [compression]],
    [262, 'short', [photometric]],
    [277, 'short', [3]],
    [284, 'short', [1]],
    ...more,
  ];
  const written: [string, boolean, boolean, () => Promise<[Uint8Array[], TiffTag[]]>][] = [
    ['big-endian', false, false, async () => [plain, tags(1, 2)]],
    ['big-endian BigTIFF', false, true, async () => [plain, tags(1, 2)]],
    ['big-endian JPEG', false, false, async () => [await coded(), tags(7, 6, [530, 'short', [2, 2]])]],
    ['JPEG that is RGB', true, false, async () => [await coded(), tags(7, 2)]],
  ];
  test.each(written)('%s', async (name, littleEndian, big, make) => {
    const file = join(folder, `${name}.tif`);
    const [tiles, more] = await make();
    const size = { width: 3 * SIDE - 20, height: 2 * SIDE - 30 };
    await writeFile(file, writtenTiff({ littleEndian, big, ...size, tileSize: SIDE, tiles, tags: more }));
    await expectSameBytes(file);
  });

  test('levels that are SubIFDs', async () => {
    const file = join(folder, 'subifds.tif');
    const bytes = await rgb()
      .tiff({ ...jpeg, pyramid: true })
      .toBuffer();
    // Names the second page in the first one, where its SampleFormat was, and ends the chain there.
    const directory = bytes.readUInt32LE(4);
    const end = directory + 2 + 12 * bytes.readUInt16LE(directory);
    for (let entry = directory + 2; entry < end; entry += 12) {
      if (bytes.readUInt16LE(entry) !== 339) continue;
      bytes.writeUInt16LE(330, entry);
      bytes.writeUInt16LE(4, entry + 2);
      bytes.writeUInt32LE(1, entry + 4);
      bytes.writeUInt32LE(bytes.readUInt32LE(end), entry + 8);
    }
    bytes.writeUInt32LE(0, end);
    await writeFile(file, bytes);
    expect(await levelsOf(file)).toMatchObject([{ subifd: -1 }, { subifd: 0, width: WIDTH / 2 }]);
    await expectSameBytes(file);
  });
});

test('the rows of JPEG tiles that are decoded grow as more are wanted', async () => {
  const file = join(folder, 'rows.tif');
  await writeFile(file, await rgb().tiff(jpeg).toBuffer());
  const [level] = await levelsOf(file);
  const whole = await rgb()
    .tiff(jpeg)
    .toBuffer()
    .then(openImage)
    .then((opened) => asRgb(opened).raw().toBuffer());
  const kept = createTileReader({ cacheBytes: 4 * 1024 ** 2 });
  for (const bottom of [1, 11, 12, 13, 16, 17, 128, 127, 139, 140, 141, 240, 252, 253, 255, 256, 3, 700]) {
    const region = emptyPixels({ x: 230, y: Math.max(0, bottom - 40), width: 50, height: Math.min(40, bottom) });
    expect(await kept.fill(file, level, [region])).toBe(true);
    const expected = crop({ data: whole, width: WIDTH }, region);
    expect(Buffer.compare(expected, region.data), `${bottom} rows`).toBe(0);
  }
});

test('planes that lie apart are left to libvips where none of them is asked for', async () => {
  const file = join(folder, 'planes.tif');
  const tiles = Array.from({ length: 3 }, () => new Uint8Array(64 * 64).fill(7));
  const tags: TiffTag[] = [
    [258, 'short', [8, 8, 8]],
    [259, 'short', [1]],
    [262, 'short', [2]],
    [277, 'short', [3]],
    [284, 'short', [2]],
  ];
  await writeFile(
    file,
    writtenTiff({ littleEndian: true, big: false, width: 64, height: 64, tileSize: 64, tiles, tags }),
  );
  const [{ plane, planes, ...level }] = await levelsOf(file);
  expect([plane, planes?.map((each) => each.plane)]).toEqual([0, [1, 2]]);
  expect(await reader.fill(file, level, [emptyPixels({ x: 0, y: 0, width: 9, height: 9 })])).toBe(false);
});

test('a file that was replaced is read anew', async () => {
  const file = join(folder, 'replaced.tif');
  const read = async () => {
    const region = emptyPixels({ x: 3, y: 3, width: 1, height: 1 });
    const [level] = await levelsOf(file);
    await reader.fill(file, level, [region]);
    return [...region.data];
  };
  await writeFile(
    file,
    await image(new Uint8Array(3 * 300 * 300).fill(10), 300, 300)
      .tiff(deflate)
      .toBuffer(),
  );
  expect(await read()).toEqual([10, 10, 10]);
  await writeFile(
    file,
    await image(new Uint8Array(3 * 310 * 300).fill(20), 310, 300)
      .tiff(deflate)
      .toBuffer(),
  );
  expect(await read()).toEqual([20, 20, 20]);
});

test('a tile that was read is kept, and decoded again without memory for it', async () => {
  const file = join(folder, 'kept.tif');
  const make = (value: number) =>
    image(new Uint8Array(3 * 300 * 300).fill(value), 300, 300)
      .tiff({ ...tiled, compression: 'none' })
      .toBuffer();
  const forgetful = createTileReader();
  const read = async (from: typeof reader) => {
    const region = emptyPixels({ x: 3, y: 3, width: 1, height: 1 });
    const [level] = await levelsOf(file);
    await from.fill(file, level, [region]);
    return [...region.data];
  };
  await writeFile(file, await make(10));
  const { atime, mtime } = await stat(file);
  await utimes(file, atime, mtime);
  expect([await read(reader), await read(forgetful)]).toEqual([
    [10, 10, 10],
    [10, 10, 10],
  ]);
  // As if it were the same file.
  await writeFile(file, await make(20));
  await utimes(file, atime, mtime);
  expect([await read(reader), await read(forgetful)]).toEqual([
    [10, 10, 10],
    [20, 20, 20],
  ]);
});

test('once everything is decoding the file is not needed any more', async () => {
  const file = join(folder, 'gone.tif');
  await writeFile(file, await rgb().tiff(deflate).toBuffer());
  const [level] = await levelsOf(file);
  const region = emptyPixels({ x: 0, y: 0, width: WIDTH, height: HEIGHT });
  const filling = reader.fill(file, level, [region]);
  await reader.decoding();
  await rm(file);
  expect(await filling).toBe(true);
  expect(Buffer.compare(region.data, source.data)).toBe(0);
});

test.each(['jpeg', 'deflate'] as const)('a tile of %s that is damaged fails the regions on it', async (compression) => {
  const file = join(folder, `damaged-${compression}.tif`);
  await writeFile(
    file,
    await rgb()
      .tiff({ ...tiled, compression })
      .toBuffer(),
  );
  const [level] = await levelsOf(file);
  const handle = await open(file, 'r+');
  const { size } = await handle.stat();
  const middle = Math.floor(size / 3);
  await handle.write(Buffer.alloc(middle, 0x55), 0, middle, middle);
  await handle.close();
  const whole = [emptyPixels({ x: 0, y: 0, width: WIDTH, height: HEIGHT })];
  await expect(reader.fill(file, level, whole)).rejects.toThrow();
  await expect(reader.fill(file, level, [emptyPixels({ x: 0, y: 0, width: 256, height: 256 })])).resolves.toBe(true);
});

import { chmod, copyFile, mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { describeSlide, readSlideHeader } from '../../../server/src/slides/describe-slide.ts';
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

  test('JPEG gives the pixels of a plain decoder, whatever its profile and orientation', async () => {
    const file = join(folder, 'a.jpg');
    await writeFile(file, await rgb().withMetadata({ orientation: 6, icc: 'p3' }).jpeg({ quality: 80 }).toBuffer());
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

describe('microns per pixel', () => {
  test.each([
    ['0.25 µm as resolution tags', 4000, 0.25],
    ['72 dpi', 72 / 25.4, null],
    ['a nanometre', 1e6, null],
  ])('%s', async (name, pixelsPerMillimetre, mpp) => {
    for (const [ending, encode] of [
      ['tif', () => rgb().tiff({ ...tiles, xres: pixelsPerMillimetre, yres: pixelsPerMillimetre })],
      ['strips.tif', () => rgb().tiff({ xres: pixelsPerMillimetre, yres: pixelsPerMillimetre, resolutionUnit: 'cm' })],
      [
        'png',
        () =>
          rgb()
            .withMetadata({ density: pixelsPerMillimetre * 25.4 })
            .png(),
      ],
    ] as const) {
      const file = join(folder, `${name}.${ending}`);
      await writeFile(file, await encode().toBuffer());
      const found = (await readSlideHeader(file)).mpp;
      if (mpp === null) expect(found).toBeNull();
      else expect(found).toBeCloseTo(mpp, 5);
    }
  });
});

describe('the pyramid that is made', () => {
  test('is made once for concurrent calls, reports progress and leaves nothing half-written', async () => {
    const file = join(folder, 'once.png');
    await writeFile(file, await image(picture(900, 900).data, 900, 900).png().toBuffer());
    const fresh = join(folder, 'fresh');
    const progress: number[] = [];
    const calls = [1, 2, 3].map(() => describeSlide(file, { store: fresh, onProgress: (done) => progress.push(done) }));
    const [first, ...others] = await Promise.all(calls);
    for (const other of others) expect(other).toEqual(first);
    expect(progress.slice(-3)).toEqual([1, 1, 1]);
    expect(await readdir(join(fresh, 'slides'))).toEqual([`${first.fingerprint}.tif`]);
  });

  test('one caller that stops waiting fails no other', async () => {
    const file = join(folder, 'abort.png');
    await writeFile(file, await image(picture(910, 900).data, 910, 900).png().toBuffer());
    const controller = new AbortController();
    const left = describeSlide(file, { store, signal: controller.signal });
    const stayed = describeSlide(file, { store });
    controller.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    expect((await stayed).width).toBe(910);
  });

  test('a changed file gets another fingerprint and another pyramid', async () => {
    const file = join(folder, 'changing.png');
    await writeFile(file, await rgb().png().toBuffer());
    const before = await describeSlide(file, { store });
    await writeFile(file, await rgb().negate().png().toBuffer());
    const after = await describeSlide(file, { store });
    expect(after.fingerprint).not.toBe(before.fingerprint);
    expect(after.regionFile).not.toBe(before.regionFile);
  });

  test('what an ended process left half-written goes, what another machine writes stays', async () => {
    const slides = join(folder, 'litter', 'slides');
    await mkdir(slides, { recursive: true });
    const { hostname } = await import('node:os');
    await writeFile(join(slides, `aa.${hostname()}.999999999.bb.partial`), 'x');
    await writeFile(join(slides, 'aa.elsewhere.999999999.bb.partial'), 'x');
    const file = join(folder, 'litter.png');
    await writeFile(file, await rgb().png().toBuffer());
    const { fingerprint } = await describeSlide(file, { store: join(folder, 'litter') });
    expect((await readdir(slides)).sort()).toEqual([`${fingerprint}.tif`, 'aa.elsewhere.999999999.bb.partial'].sort());
  });
});

describe('files that are no slides', () => {
  const root = process.getuid?.() === 0;
  const cases: [string, string, (file: string) => Promise<void>, RegExp][] = [
    ['missing', 'not-found', async () => {}, /no such file/],
    ['a folder', 'unreadable-slide', async (file) => void (await mkdir(file)), /folder/],
    ['empty', 'unreadable-slide', (file) => writeFile(file, ''), /empty/],
    ['text', 'unreadable-slide', (file) => writeFile(file, 'hello, this is text'), /JPEG, PNG, WebP and TIFF/],
    [
      'an SVG',
      'unreadable-slide',
      (file) => writeFile(file, '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
      /JPEG, PNG, WebP and TIFF/,
    ],
    [
      'a GIF',
      'unreadable-slide',
      async (file) => writeFile(file, await rgb().gif().toBuffer()),
      /JPEG, PNG, WebP and TIFF/,
    ],
    ['a truncated PNG', 'unreadable-slide', (file) => cut(file, () => rgb().png().toBuffer()), /damaged/],
    ['a truncated JPEG', 'unreadable-slide', (file) => cut(file, () => rgb().jpeg().toBuffer()), /damaged/],
    ['a truncated WebP', 'unreadable-slide', (file) => cut(file, () => rgb().webp().toBuffer()), /cannot be read/],
    [
      'a TIFF cut before its directory',
      'unreadable-slide',
      (file) => cut(file, () => rgb().tiff(tiles).toBuffer()),
      /truncated/,
    ],
    [
      'four bytes of a TIFF',
      'unreadable-slide',
      (file) => writeFile(file, Buffer.from('49492a00', 'hex')),
      /cut short/,
    ],
    [
      'float samples',
      'unreadable-slide',
      async (file) => writeFile(file, await rgb().toColourspace('scrgb').tiff(tiles).toBuffer()),
      /8 or 16 bits/,
    ],
  ];
  test.each(cases)('%s: %s', async (name, code, make, message) => {
    const file = join(folder, `${name}.tif`);
    await make(file);
    const error = await describeSlide(file, { store }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'Problem', code, message: expect.stringMatching(message) });
    expect(error).toMatchObject({ message: expect.stringContaining(`${name}.tif`) });
    expect(
      (await readdir(join(folder, 'store', 'slides')).catch(() => [])).filter((left) => left.endsWith('.partial')),
    ).toEqual([]);
  });

  test.skipIf(root)('one that this user may not read', async () => {
    const file = join(folder, 'secret.png');
    await writeFile(file, await rgb().png().toBuffer());
    await chmod(file, 0);
    await expect(describeSlide(file, { store })).rejects.toMatchObject({ code: 'unreadable-slide' });
  });

  test('a tiled TIFF with its pixels missing, directory first', async () => {
    const whole = join(folder, 'whole.tif');
    await writeFile(
      whole,
      await rgb()
        .tiff({ ...tiles, bigtiff: true })
        .toBuffer(),
    );
    const file = join(folder, 'directory-first.tif');
    await copyFile(whole, file);
    // The directory moves to the front, so that the header is fine and only the pixels are cut.
    const bytes = await readFile(file);
    const at = Number(bytes.readBigUInt64LE(8));
    const entries = Number(bytes.readBigUInt64LE(at));
    for (let i = 0; i < entries; i++) {
      const entry = at + 8 + 20 * i;
      if (bytes.readUInt16LE(entry) === 257) bytes.writeUInt32LE(HEIGHT, entry + 12);
      if (bytes.readUInt16LE(entry) === 324) {
        const offsets = Number(bytes.readBigUInt64LE(entry + 12));
        const type = bytes.readUInt16LE(entry + 2);
        if (type === 16) bytes.writeBigUInt64LE(BigInt(bytes.length), offsets);
        else bytes.writeUInt32LE(bytes.length, offsets);
      }
    }
    await writeFile(file, bytes);
    await expect(describeSlide(file, { store })).rejects.toThrow(/truncated: \d+ bytes were expected/);
    await truncate(file, 0);
    await expect(describeSlide(file, { store })).rejects.toThrow(/empty/);
  });

  async function cut(file: string, encode: () => Promise<Buffer>): Promise<void> {
    const bytes = await encode();
    await writeFile(file, bytes.subarray(0, Math.floor(bytes.length / 2)));
  }
});

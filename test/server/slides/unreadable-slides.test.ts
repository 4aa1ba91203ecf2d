import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeSlide } from '../../../server/src/slides/describe-slide.ts';
import { image, picture, temporaryFolder } from './pictures.ts';

const folder = await temporaryFolder();
const source = picture(700, 530);
const rgb = () => image(source.data, 700, 530);
const tiles = { tile: true, tileWidth: 256, tileHeight: 256, compression: 'lzw' } as const;
const store = join(folder, 'store');

describe('files that are no slides', () => {
  const root = process.getuid?.() === 0;
  const cases: [string, string, (file: string) => Promise<void>, RegExp][] = [
    ['missing', 'not-found', async () => {}, /no such file/],
    ['a folder', 'unreadable-slide', async (file) => void (await mkdir(file)), /folder/],
    ['empty', 'unreadable-slide', (file) => writeFile(file, ''), /empty/],
    [
      'text',
      'unreadable-slide',
      (file) => writeFile(file, 'hello, this is text'),
      /JPEG, PNG, WebP, TIFF, Deep Zoom, OME-Zarr and the slide formats of OpenSlide/,
    ],
    [
      'an SVG',
      'unreadable-slide',
      (file) => writeFile(file, '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
      /JPEG, PNG, WebP, TIFF, Deep Zoom, OME-Zarr and the slide formats of OpenSlide/,
    ],
    [
      'a GIF',
      'unreadable-slide',
      async (file) => writeFile(file, await rgb().gif().toBuffer()),
      /JPEG, PNG, WebP, TIFF, Deep Zoom, OME-Zarr and the slide formats of OpenSlide/,
    ],
    ['a truncated PNG', 'unreadable-slide', (file) => cut(file, () => rgb().png().toBuffer()), /damaged/],
    ['a truncated JPEG', 'unreadable-slide', (file) => cut(file, () => rgb().jpeg().toBuffer()), /damaged/],
    [
      'a JPEG damaged in its middle',
      'unreadable-slide',
      async (file) => {
        const bytes = await rgb().jpeg().toBuffer();
        await writeFile(file, bytes.fill(0x55, Math.floor(bytes.length * 0.4), Math.floor(bytes.length * 0.5)));
      },
      /damaged/,
    ],
    [
      'a JPEG of 12 bits',
      'unreadable-slide',
      async (file) => {
        const bytes = await rgb().jpeg().toBuffer();
        // Behind the marker of the frame and its length: bits of a sample.
        bytes[bytes.indexOf(Buffer.from('ffc0', 'hex')) + 4] = 12;
        await writeFile(file, bytes);
      },
      /it is of a kind that is not decoded \(.*precision 12/,
    ],
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

  test('a tiled TIFF whose pixels lie beyond its end', async () => {
    const file = join(folder, 'pixels-cut.tif');
    const bytes = await rgb()
      .tiff({ ...tiles, bigtiff: true })
      .toBuffer();
    const directory = Number(bytes.readBigUInt64LE(8));
    for (let entry = directory + 8; bytes.readUInt16LE(entry) <= 324; entry += 20) {
      if (bytes.readUInt16LE(entry) === 324)
        bytes.writeUInt32LE(bytes.length, Number(bytes.readBigUInt64LE(entry + 12)));
    }
    await writeFile(file, bytes);
    await expect(describeSlide(file, { store })).rejects.toThrow(/truncated: \d+ bytes were expected/);
  });

  async function cut(file: string, encode: () => Promise<Buffer>): Promise<void> {
    const bytes = await encode();
    await writeFile(file, bytes.subarray(0, Math.floor(bytes.length / 2)));
  }
});

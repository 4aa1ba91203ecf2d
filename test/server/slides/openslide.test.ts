import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { copyOverlap } from '../../../server/src/slides/copy-pixels.ts';
import { describeSlide, readSlideHeader } from '../../../server/src/slides/describe-slide.ts';
import { openSlide } from '../../../server/src/slides/open-slide.ts';
import { writeMirax } from './mirax-slide.ts';
import {
  openslideVersion,
  writeAperioJpeg2000,
  writeLeica,
  writeNdpi,
  writePhilips,
  writeTrestle,
  writeVms,
} from './openslide-slides.ts';
import { crop, picture, temporaryFolder } from './pictures.ts';

const folder = await temporaryFolder();
const store = join(folder, 'store');
const source = picture(512, 384);

describe.skipIf(openslideVersion === undefined)('through OpenSlide', () => {
  test('a Trestle slide has its exact pixels', async () => {
    const file = join(folder, 'trestle.tif');
    await writeTrestle(file, source);
    const description = await describeSlide(file, { store });
    expect(description).toMatchObject({
      format: 'Trestle',
      reader: 'openslide',
      width: 512,
      height: 384,
      regionFile: file,
    });
    const regions = [
      { x: 0, y: 0, width: 512, height: 384 },
      { x: 100, y: 50, width: 200, height: 300 },
      { x: 511, y: 383, width: 1, height: 1 },
    ];
    const reader = openSlide(description);
    const read = await Promise.all(regions.map((region) => reader.readRegion(0, region)));
    read.forEach((pixels, i) => {
      expect(Buffer.compare(pixels, crop(source, regions[i]))).toBe(0);
    });
    await reader.close();
    expect(Buffer.compare(await reader.readRegion(0, regions[1]), read[1])).toBe(0);
  });

  test('a Philips slide: its resolution, and background where a tile is not stored', async () => {
    const file = join(folder, 'philips.tiff');
    await writePhilips(file, source, [5]);
    expect(await readSlideHeader(file)).toMatchObject({
      ...{ format: 'Philips TIFF', reader: 'openslide', width: 512, height: 384, mpp: 0.25 },
      levels: [{ width: 512, height: 384 }],
    });
    const reader = openSlide(await describeSlide(file, { store }));
    const region = { x: 120, y: 120, width: 20, height: 20 };
    const expected = crop(source, region);
    // The tile in the second row and column.
    for (let y = 8; y < 20; y++) expected.fill(255, (y * 20 + 8) * 3, (y + 1) * 20 * 3);
    expect(Buffer.compare(await reader.readRegion(0, region), expected)).toBe(0);
  });

  test('an Aperio slide in JPEG 2000', async () => {
    const file = join(folder, 'aperio.svs');
    const { data, width, height } = await writeAperioJpeg2000(file);
    expect(await readSlideHeader(file)).toMatchObject({
      ...{
        format: 'Aperio SVS (JPEG 2000)',
        reader: 'openslide',
        mpp: 0.252,
        objective: 40,
        levels: [{ width, height }],
      },
    });
    const reader = openSlide(await describeSlide(file, { store }));
    const region = { x: 3, y: 5, width: 120, height: 119 };
    expect(Buffer.compare(await reader.readRegion(0, region), crop({ data, width }, region))).toBe(0);
  });

  test('a Leica slide: its scan lies where it says, and around it is background', async () => {
    const file = join(folder, 'leica.scn');
    const scan = picture(256, 192);
    await writeLeica(file, scan);
    expect(await readSlideHeader(file)).toMatchObject({
      ...{ format: 'Leica SCN', reader: 'openslide', width: 512, height: 384, objective: 20 },
    });
    const whole = { data: new Uint8Array(512 * 384 * 3).fill(255), width: 512, height: 384, x: 0, y: 0 };
    copyOverlap({ ...scan, x: 64, y: 32 }, whole);
    const reader = openSlide(await describeSlide(file, { store }));
    expect(Buffer.compare(await reader.readRegion(0, { x: 0, y: 0, width: 512, height: 384 }), whole.data)).toBe(0);
  });

  test('a Hamamatsu VMS slide: the pixels of its JPEG, and its smaller levels', async () => {
    const file = join(folder, 'hamamatsu.vms');
    const jpeg = await writeVms(folder, 'hamamatsu', source);
    const description = await describeSlide(file, { store });
    expect(description).toMatchObject({
      format: 'Hamamatsu VMS',
      reader: 'openslide',
      width: 512,
      height: 384,
      mpp: 0.46,
    });
    expect(description.levels.slice(0, 3)).toMatchObject([{ width: 512 }, { width: 256 }, { width: 128 }]);
    const region = { x: 17, y: 9, width: 300, height: 200 };
    const data = await sharp(jpeg).raw().toBuffer();
    const read = await openSlide(description).readRegion(0, region);
    expect(Buffer.compare(read, crop({ data, width: 512 }, region))).toBe(0);
  });

  test('a MIRAX slide: the tiles in its folder, two levels, and background where a tile is not stored', async () => {
    const half = picture(256, 128);
    const full = picture(512, 256);
    await writeMirax(folder, 'mirax', [full, half], [5]);
    const file = join(folder, 'mirax.mrxs');
    const description = await describeSlide(file, { store });
    expect(description).toMatchObject({ format: 'MIRAX', reader: 'openslide', width: 512, height: 256, mpp: 0.25 });
    expect(description.levels).toMatchObject([{ width: 512 }, { width: 256 }]);
    const reader = openSlide(description);
    const expected = crop(full, { x: 0, y: 0, width: 512, height: 256 });
    // The tile in the second row and column.
    for (let y = 128; y < 256; y++) expected.fill(255, (y * 512 + 128) * 3, (y * 512 + 256) * 3);
    expect(Buffer.compare(await reader.readRegion(0, { x: 0, y: 0, width: 512, height: 256 }), expected)).toBe(0);
    const coarse = await reader.readRegion(1, { x: 0, y: 0, width: 256, height: 128 });
    expect(Buffer.compare(coarse, half.data)).toBe(0);
  });

  test('a MIRAX slide whose tiles are missing is refused', async () => {
    await writeMirax(folder, 'partial', [picture(256, 128)], []);
    await rm(join(folder, 'partial/Data0000.dat'));
    await expect(describeSlide(join(folder, 'partial.mrxs'), { store })).rejects.toMatchObject({
      code: 'unreadable-slide',
      message: expect.stringMatching(/^partial\.mrxs cannot be read as a slide: /),
    });
  });

  test.each([
    ['small', 0],
    ['of 5 GB', 5e9],
  ])('a Hamamatsu NDPI slide, %s: the pixels of its JPEG', async (name, hole) => {
    const file = join(folder, `${name}.ndpi`);
    const jpeg = await writeNdpi(file, source, hole);
    const description = await describeSlide(file, { store });
    expect(description).toMatchObject({ format: 'Hamamatsu NDPI', reader: 'openslide', width: 512, height: 384 });
    const region = { x: 17, y: 9, width: 300, height: 200 };
    const data = await sharp(jpeg).raw().toBuffer();
    const read = await openSlide(description).readRegion(0, region);
    expect(Buffer.compare(read, crop({ data, width: 512 }, region))).toBe(0);
    await rm(file);
  });
});

test.skipIf(openslideVersion !== undefined)('without OpenSlide one line says how to install it', async () => {
  const file = join(folder, 'aperio.svs');
  await writeAperioJpeg2000(file);
  await expect(describeSlide(file, { store })).rejects.toMatchObject({
    code: 'unreadable-slide',
    message: expect.stringMatching(
      /^aperio\.svs .*Aperio SVS \(JPEG 2000\) is read through OpenSlide.*apt-get install libopenslide0.*$/,
    ),
  });
});

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeSlide, readSlideHeader } from '../../../server/src/slides/describe-slide.ts';
import { openSlide } from '../../../server/src/slides/open-slide.ts';
import { openslideVersion, writePhilips, writeTrestle } from './openslide-slides.ts';
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
});

import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { describeSlide } from '../../../server/src/slides/describe-slide.ts';
import { openSlide } from '../../../server/src/slides/open-slide.ts';
import { readPatches } from '../../../server/src/slides/patches.ts';
import { patchGrid } from '../../../shared/geometry/patch-grid.ts';
import { referenceData } from '../../reference-data.ts';
import { crop, temporaryFolder } from './pictures.ts';

const slides = join(referenceData ?? '', 'slides');
const store = await temporaryFolder();

describe.skipIf(referenceData === undefined)('real slides', () => {
  test.each([
    ['mosaic.tif', 'TIFF', 4096, 4096],
    ['Gray1.png', 'PNG', 1024, 1024],
    ['example.png', 'PNG', 1042, 708],
  ])('%s has the pixels of a plain decoder, whole and in concurrent regions', async (name, format, width, height) => {
    const file = join(slides, name);
    const description = await describeSlide(file, { store });
    expect(description).toMatchObject({ format, width, height, mpp: null });
    const reader = openSlide(description);
    const data = await sharp(file).raw().toBuffer();
    expect(Buffer.compare(await reader.readRegion(0, { x: 0, y: 0, width, height }), data)).toBe(0);
    const regions = Array.from({ length: 24 }, (_, i) => ({
      x: (i * 7919) % (width - 224),
      y: (i * 104729) % (height - 224),
      width: 224,
      height: 224,
    }));
    const read = await Promise.all(regions.map((region) => reader.readRegion(0, region)));
    read.forEach((pixels, i) => {
      expect(Buffer.compare(pixels, crop({ data, width }, regions[i]))).toBe(0);
    });
  });

  test('all patches of example.png, read at once, are its pixels without the remainder', async () => {
    const file = join(slides, 'example.png');
    const reader = openSlide(await describeSlide(file, { store }));
    const grid = patchGrid(reader.description, { patchHeight: 128, patchWidth: 128, cellRows: 8, cellColumns: 8 }, 1);
    const positions = Array.from({ length: 40 }, (_, i) => ({ row: Math.floor(i / 8), column: i % 8 }));
    const patches = await readPatches(reader, grid, positions);
    const data = await sharp(file).raw().toBuffer();
    positions.forEach(({ row, column }, i) => {
      const expected = crop({ data, width: 1042 }, { x: column * 128, y: row * 128, width: 128, height: 128 });
      expect(Buffer.compare(patches.subarray(i * 49152, (i + 1) * 49152), expected)).toBe(0);
    });
  });

  test('the resolution that an Aperio file writes in its description', async () => {
    expect((await describeSlide(join(slides, 'small.svs'), { store })).mpp).toBe(0.499);
  });

  test('a damaged one is refused when it is described', async () => {
    await expect(describeSlide(join(slides, 'unreadable.svs'), { store })).rejects.toMatchObject({
      code: 'unreadable-slide',
      message: expect.stringContaining('unreadable.svs'),
    });
  });
});

import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeSlide } from '../../../server/src/slides/describe-slide.ts';
import { openSlide } from '../../../server/src/slides/open-slide.ts';
import type { SlideDescription } from '../../../server/src/slides/slide.ts';
import { image, picture, temporaryFolder } from './pictures.ts';

const folder = await temporaryFolder();
const { data, width, height } = picture(1100, 900);
const tiles = { tile: true, tileWidth: 256, tileHeight: 256, compression: 'deflate' } as const;

test('a description that has travelled as JSON opens the same slide', async () => {
  const file = join(folder, 'travel.tif');
  await writeFile(file, await image(data, width, height).tiff(tiles).toBuffer());
  const description: SlideDescription = JSON.parse(JSON.stringify(await describeSlide(file, { store: folder })));
  const pixels = await openSlide(description).readRegion(0, { x: 1, y: 2, width: 1, height: 1 });
  expect([...pixels]).toEqual([...data.subarray((2 * width + 1) * 3, (2 * width + 1) * 3 + 3)]);
});

test('a tile that is damaged fails the regions on it, and no others', async () => {
  const file = join(folder, 'damaged.tif');
  await writeFile(file, await image(data, width, height).tiff(tiles).toBuffer());
  const reader = openSlide(await describeSlide(file, { store: folder }));
  // The first tiles come first in the file; the tile behind them is overwritten.
  const handle = await open(file, 'r+');
  await handle.write(Buffer.alloc(100_000, 0x55), 0, 100_000, 300_000);
  await handle.close();
  await expect(reader.readRegion(0, { x: 0, y: 0, width: 256, height: 256 })).resolves.toHaveLength(256 * 256 * 3);
  await expect(reader.readRegion(0, { x: 0, y: 0, width: 1100, height: 900 })).rejects.toMatchObject({
    code: 'unreadable-slide',
    message: expect.stringContaining('damaged.tif'),
  });
});

test.each([
  [{ x: -1, y: 0, width: 2, height: 2 }],
  [{ x: 1099, y: 0, width: 2, height: 2 }],
  [{ x: 0, y: 900, width: 2, height: 2 }],
  [{ x: 0, y: 0, width: 0, height: 2 }],
])('a region outside the level is a mistake of the caller: %o', async (region) => {
  const file = join(folder, 'outside.tif');
  await writeFile(file, await image(data, width, height).tiff(tiles).toBuffer());
  const reader = openSlide(await describeSlide(file, { store: folder }));
  await expect(reader.readRegion(0, region)).rejects.toThrow(RangeError);
  await expect(reader.readRegion(7, { x: 0, y: 0, width: 1, height: 1 })).rejects.toThrow(RangeError);
});

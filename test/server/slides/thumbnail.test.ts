import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { describeSlide } from '../../../server/src/slides/describe-slide.ts';
import { openSlide } from '../../../server/src/slides/open-slide.ts';
import type { SlideReader } from '../../../server/src/slides/slide.ts';
import { createThumbnails } from '../../../server/src/slides/thumbnail.ts';
import { image, picture, temporaryFolder } from './pictures.ts';

const folder = await temporaryFolder();
const source = picture(700, 530);
const file = join(folder, 'a.tif');
await writeFile(
  file,
  await image(source.data, 700, 530)
    .tiff({ tile: true, tileWidth: 256, tileHeight: 256, compression: 'none' })
    .toBuffer(),
);
const slide = openSlide(await describeSlide(file, { store: join(folder, 'store') }));

/** Mean of the slide over a pixel of a thumbnail, as far as the slide goes. */
function meanAt(column: number, row: number, scale: number, sample: number): number {
  let sum = 0;
  let area = 0;
  for (let y = Math.floor(row * scale); y < Math.min(530, (row + 1) * scale); y++) {
    for (let x = Math.floor(column * scale); x < Math.min(700, (column + 1) * scale); x++) {
      const across = Math.min(x + 1, (column + 1) * scale) - Math.max(x, column * scale);
      const down = Math.min(y + 1, (row + 1) * scale) - Math.max(y, row * scale);
      sum += across * down * source.data[(y * 700 + x) * 3 + sample];
      area += across * down;
    }
  }
  return sum / area;
}

test.each([
  [500, 500, 379],
  [256, 256, 194],
  [100, 100, 76],
  [1, 1, 1],
])('at %i pixels it is %i x %i, each the mean of what it covers', async (size, width, height) => {
  const png = await createThumbnails().get(slide, size, 'png');
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  expect(info).toMatchObject({ width, height, channels: 3 });
  let worst = 0;
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / 3);
    const mean = meanAt(pixel % width, Math.floor(pixel / width), 700 / size, i % 3);
    worst = Math.max(worst, Math.abs(data[i] - mean));
  }
  expect(worst).toBeLessThan(0.501);
});

test('a slide is not enlarged: it is its own thumbnail', async () => {
  const png = await createThumbnails().get(slide, 2000, 'png');
  expect(Buffer.compare(await sharp(png).raw().toBuffer(), source.data)).toBe(0);
});

test('one that was made is kept, those asked for at once are made once, and a failure is not kept', async () => {
  let reads = 0;
  let isBroken = true;
  const counted: SlideReader = {
    ...slide,
    readRegion: (...words) => {
      reads++;
      return isBroken ? Promise.reject(new Error('broken')) : slide.readRegion(...words);
    },
  };
  const thumbnails = createThumbnails();
  await expect(thumbnails.get(counted, 100, 'jpeg')).rejects.toThrow('broken');
  isBroken = false;
  const [first, second] = await Promise.all([
    thumbnails.get(counted, 100, 'jpeg'),
    thumbnails.get(counted, 100, 'jpeg'),
  ]);
  expect(await thumbnails.get(counted, 100, 'jpeg')).toBe(first);
  expect(second).toBe(first);
  expect(reads).toBe(2);
  expect(await sharp(await thumbnails.get(counted, 100, 'png')).metadata()).toMatchObject({
    format: 'png',
    width: 100,
  });
  expect(reads).toBe(3);
});

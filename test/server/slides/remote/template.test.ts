import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { describeSlide, readSlideHeader } from '../../../../server/src/slides/describe-slide.ts';
import { openSlide } from '../../../../server/src/slides/open-slide.ts';
import { crop, image, picture } from '../pictures.ts';
import { servedFolder } from './served-folder.ts';

const { folder, sourceFile, instead } = await servedFolder();
const options = { store: join(folder, 'store') };
const source = picture(700, 530);
const size = { width: 700, height: 530 };

/** Tiles of maps by libvips, those at the edges padded to whole ones. */
await image(source.data, 700, 530).png().tile({ size: 256, layout: 'google' }).toFile(join(folder, 'map'));

test('tiles of maps, padded or cut off at the edges', async () => {
  const padded = await sharp(join(folder, 'map/2/2/2.png')).metadata();
  expect([padded.width, padded.height]).toEqual([256, 256]);
  const file = await sourceFile('map', { type: 'template', path: '/map/{z}/{y}/{x}.png?a={z}', ...size });
  const description = await describeSlide(file, options);
  expect(description).toMatchObject({ format: 'tiles (remote)', reader: 'remote', ...size, tileSize: 256, mpp: null });
  expect(description.levels.map(({ width, height }) => [width, height])).toEqual([
    [700, 530],
    [350, 265],
    [175, 133],
  ]);
  const slide = openSlide(description);
  for (const region of [
    { x: 0, y: 0, ...size },
    { x: 500, y: 400, width: 200, height: 130 },
  ]) {
    expect(Buffer.compare(await slide.readRegion(0, region), crop(source, region))).toBe(0);
  }
  const smallest = await sharp(join(folder, 'map/0/0/0.png')).raw().toBuffer();
  const whole = { x: 0, y: 0, width: 175, height: 133 };
  expect(Buffer.compare(await slide.readRegion(2, whole), crop({ data: smallest, width: 256 }, whole))).toBe(0);

  const cut = await sharp(join(folder, 'map/2/2/2.png'))
    .extract({ left: 0, top: 0, width: 188, height: 18 })
    .png()
    .toBuffer();
  instead.set('/map/2/2/2.png', () => ({ body: cut }));
  const corner = { x: 512, y: 512, width: 188, height: 18 };
  const again = openSlide({ ...description, fingerprint: 'another' });
  expect(Buffer.compare(await again.readRegion(0, corner), crop(source, corner))).toBe(0);
  const odd = await sharp(cut).resize(200, 18, { fit: 'fill' }).png().toBuffer();
  instead.set('/map/2/2/2.png', () => ({ body: odd }));
  await expect(openSlide({ ...description, fingerprint: 'third' }).readRegion(0, corner)).rejects.toThrow(
    'it has 200 x 18 pixels, 188 x 18 were expected',
  );
  instead.clear();
});

test('levels that are named count from the smallest', async () => {
  // Of four levels the last three, by other names.
  for (const [level, column, row] of [
    [2, 0, 0],
    [2, 1, 1],
    [2, 2, 2],
  ]) {
    expect((await sharp(join(folder, `map/${level}/${row}/${column}.png`)).metadata()).width).toBe(256);
  }
  const named = { type: 'template', path: '/map/{z}/{y}/{x}.png', ...size, levels: 1 };
  const header = await readSlideHeader(await sourceFile('one', { ...named }));
  expect(header.levels).toEqual([size]);
  const deep = await describeSlide(await sourceFile('deep', { ...named, levels: 3 }), options);
  expect(deep.levels.map((level) => ('address' in level ? new URL(level.address).pathname[5] : ''))).toEqual([
    '2',
    '1',
    '0',
  ]);
});

test.each<[object, string]>([
  [{ path: '/{z}/{x}.png', ...size }, 'url: expected an address with {z}, {x} and {y}'],
  [{ path: '/{s}/{z}/{x}/{y}', ...size }, 'url: expected no places but {z}, {x} and {y}, found {s}'],
  [{ path: '/{z}/{x}/{y}', width: 700 }, 'height: expected a whole number of pixels from 1'],
  [{ path: '/{z}/{x}/{y}', width: 1.5, height: 1 }, 'width: expected a whole number of pixels from 1'],
  [{ path: '/{z}/{x}/{y}', width: 2 ** 31, height: 1 }, 'width: expected a whole number of pixels from 1'],
  [{ path: '/{z}/{x}/{y}', ...size, tileSize: 1 }, 'tileSize: expected a whole number of pixels from 32 to 4096'],
  [{ path: '/{z}/{x}/{y}', ...size, levels: 99 }, 'levels: expected a whole number from 1 to 32'],
  [{ path: '/{z}/{x}/{y}', width: 9999, height: 9999, levels: 1 }, 'its smallest level has 9999 x 9999 pixels'],
  [{ path: '/{z}/{x}/{y}', width: 2 ** 30, height: 2 ** 30 }, 'at most 1099511627776 were expected'],
])('%j is refused', async (more, message) => {
  const file = await sourceFile('bad', { type: 'template', path: '', ...more });
  await expect(readSlideHeader(file)).rejects.toMatchObject({ code: 'unreadable-slide' });
  await expect(readSlideHeader(file)).rejects.toThrow(message);
});

import { spawnSync } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { deepZoomTile } from '../../../server/src/slides/deep-zoom-tile.ts';
import { describeSlide } from '../../../server/src/slides/describe-slide.ts';
import { openSlide } from '../../../server/src/slides/open-slide.ts';
import { maxLevel, tileBounds, tileCount } from '../../../shared/geometry/deep-zoom.ts';
import { crop, image, picture, temporaryFolder } from './pictures.ts';

const folder = await temporaryFolder();

async function slideOf(width: number, height: number) {
  const source = picture(width, height);
  const file = join(folder, `${width}x${height}.png`);
  await writeFile(file, await image(source.data, width, height).png().toBuffer());
  return { file, source, reader: openSlide(await describeSlide(file, { store: folder })) };
}

test('tiles of full resolution have the exact pixels', async () => {
  const { source, reader } = await slideOf(700, 530);
  const tile = await deepZoomTile(reader, 10, 2, 2, 'png');
  const { data, info } = await sharp(tile).raw().toBuffer({ resolveWithObject: true });
  expect(info).toMatchObject({ width: 188, height: 18, channels: 3 });
  expect(Buffer.compare(data, crop(source, { x: 512, y: 512, width: 188, height: 18 }))).toBe(0);
});

test('pixel i of a lower level is the mean of slide pixels [i 2^d, (i + 1) 2^d)', async () => {
  const { source, reader } = await slideOf(300, 200);
  const tile = await sharp(await deepZoomTile(reader, maxLevel(source) - 2, 0, 0, 'png'))
    .raw()
    .toBuffer();
  for (const [x, y] of [
    [0, 0],
    [74, 49],
    [31, 17],
  ]) {
    const block = crop(source, { x: 4 * x, y: 4 * y, width: 4, height: 4 });
    for (let channel = 0; channel < 3; channel++) {
      const mean = block.filter((_, i) => i % 3 === channel).reduce((sum, value) => sum + value, 0) / 16;
      // Stored levels are rounded once each.
      expect(Math.abs(tile[(y * 75 + x) * 3 + channel] - mean)).toBeLessThanOrEqual(1);
    }
  }
});

test('JPEG tiles resemble the PNG ones', async () => {
  const { reader } = await slideOf(700, 530);
  const jpeg = await sharp(await deepZoomTile(reader, 9, 0, 0, 'jpeg'))
    .raw()
    .toBuffer();
  const png = await sharp(await deepZoomTile(reader, 9, 0, 0, 'png'))
    .raw()
    .toBuffer();
  const error = jpeg.reduce((sum, value, i) => sum + Math.abs(value - png[i]), 0) / png.length;
  expect(jpeg).toHaveLength(png.length);
  expect(error).toBeLessThan(10);
});

test.each([
  [11, 0, 0],
  [-1, 0, 0],
  [10, 3, 0],
  [10, 0, 3],
  [10, 0.5, 0],
])('there is no tile %d/%d_%d', async (level, column, row) => {
  const { reader } = await slideOf(700, 530);
  await expect(deepZoomTile(reader, level, column, row, 'png')).rejects.toMatchObject({ code: 'not-found' });
});

/** Size, and what `vips dzsave --tile-size 256 --overlap 0` makes of it: for each level `columns x rows last-tile`. */
const DZSAVE: [width: number, height: number, levels: string][] = [
  [1, 1, '1x1 1x1'],
  [1, 600, '1x1 1x1, 1x1 1x2, 1x1 1x3, 1x1 1x5, 1x1 1x10, 1x1 1x19, 1x1 1x38, 1x1 1x75, 1x1 1x150, 1x2 1x44, 1x3 1x88'],
  [600, 1, '1x1 1x1, 1x1 2x1, 1x1 3x1, 1x1 5x1, 1x1 10x1, 1x1 19x1, 1x1 38x1, 1x1 75x1, 1x1 150x1, 2x1 44x1, 3x1 88x1'],
  [255, 257, '1x1 1x1, 1x1 1x2, 1x1 2x3, 1x1 4x5, 1x1 8x9, 1x1 16x17, 1x1 32x33, 1x1 64x65, 1x1 128x129, 1x2 255x1'],
  [256, 256, '1x1 1x1, 1x1 2x2, 1x1 4x4, 1x1 8x8, 1x1 16x16, 1x1 32x32, 1x1 64x64, 1x1 128x128, 1x1 256x256'],
  [257, 255, '1x1 1x1, 1x1 2x1, 1x1 3x2, 1x1 5x4, 1x1 9x8, 1x1 17x16, 1x1 33x32, 1x1 65x64, 1x1 129x128, 2x1 1x255'],
  [
    511,
    513,
    '1x1 1x1, 1x1 1x2, 1x1 2x3, 1x1 4x5, 1x1 8x9, 1x1 16x17, 1x1 32x33, 1x1 64x65, 1x1 128x129, 1x2 256x1, 2x3 255x1',
  ],
  [
    512,
    512,
    '1x1 1x1, 1x1 2x2, 1x1 4x4, 1x1 8x8, 1x1 16x16, 1x1 32x32, 1x1 64x64, 1x1 128x128, 1x1 256x256, 2x2 256x256',
  ],
  [
    1025,
    1023,
    '1x1 1x1, 1x1 2x1, 1x1 3x2, 1x1 5x4, 1x1 9x8, 1x1 17x16, 1x1 33x32, 1x1 65x64, 1x1 129x128, 2x1 1x256, 3x2 1x256, 5x4 1x255',
  ],
  [
    1042,
    708,
    '1x1 1x1, 1x1 2x1, 1x1 3x2, 1x1 5x3, 1x1 9x6, 1x1 17x12, 1x1 33x23, 1x1 66x45, 1x1 131x89, 2x1 5x177, 3x2 9x98, 5x3 18x196',
  ],
  [
    3,
    1000,
    '1x1 1x1, 1x1 1x2, 1x1 1x4, 1x1 1x8, 1x1 1x16, 1x1 1x32, 1x1 1x63, 1x1 1x125, 1x1 1x250, 1x2 2x244, 1x4 3x232',
  ],
  [
    1300,
    777,
    '1x1 1x1, 1x1 2x1, 1x1 3x2, 1x1 6x4, 1x1 11x7, 1x1 21x13, 1x1 41x25, 1x1 82x49, 1x1 163x98, 2x1 69x195, 3x2 138x133, 6x4 20x9',
  ],
];

describe('pyramids have the tiles that libvips makes', () => {
  const vips = spawnSync('vips', ['--version']).status === 0;

  test.each(DZSAVE)('%d x %d as recorded', async (width, height, levels) => {
    expect(await ourLevels(width, height)).toBe(levels);
  });

  test.skipIf(!vips).each(DZSAVE)('%d x %d as vips does it here', async (width, height) => {
    const { file } = await slideOf(width, height);
    const target = join(folder, `dz ${width}x${height}`);
    const options = ['--tile-size', '256', '--overlap', '0', '--suffix', '.png'];
    expect(spawnSync('vips', ['dzsave', file, target, ...options]).status).toBe(0);
    expect(await vipsLevels(`${target}_files`)).toBe(await ourLevels(width, height));
  });

  async function ourLevels(width: number, height: number): Promise<string> {
    const { reader } = await slideOf(width, height);
    const pyramid = { width, height, tileSize: 256, overlap: 0 };
    const levels: string[] = [];
    for (let level = 0; level <= maxLevel(pyramid); level++) {
      const { columns, rows } = tileCount(pyramid, level);
      const bounds = tileBounds(pyramid, { level, column: columns - 1, row: rows - 1 });
      const tile = await sharp(await deepZoomTile(reader, level, columns - 1, rows - 1, 'png')).metadata();
      expect([tile.width, tile.height]).toEqual([bounds.width, bounds.height]);
      levels.push(`${columns}x${rows} ${tile.width}x${tile.height}`);
    }
    return levels.join(', ');
  }

  async function vipsLevels(files: string): Promise<string> {
    const levels: string[] = [];
    for (let level = 0; level < (await readdir(files)).filter((name) => /^\d+$/.test(name)).length; level++) {
      const tiles = (await readdir(join(files, `${level}`))).map((name) =>
        name.replace('.png', '').split('_').map(Number),
      );
      const columns = Math.max(...tiles.map(([column]) => column)) + 1;
      const rows = Math.max(...tiles.map(([, row]) => row)) + 1;
      const last = await sharp(join(files, `${level}`, `${columns - 1}_${rows - 1}.png`)).metadata();
      levels.push(`${columns}x${rows} ${last.width}x${last.height}`);
    }
    return levels.join(', ');
  }
});

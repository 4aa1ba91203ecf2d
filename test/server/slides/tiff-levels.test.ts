import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { describeSlide } from '../../../server/src/slides/describe-slide.ts';
import { openSlide } from '../../../server/src/slides/open-slide.ts';
import type { TiffDirectory } from '../../../server/src/slides/tiff-directories.ts';
import { levelDistance, tiffLevels } from '../../../server/src/slides/tiff-levels.ts';
import { image, picture, temporaryFolder } from './pictures.ts';

const folder = await temporaryFolder();

function directory(width: number, height: number, tile: number | null = 256): TiffDirectory {
  const size = tile === null ? null : { width: tile, height: tile };
  return {
    ...{
      width,
      height,
      tile: size,
      pixelsPerCentimetre: null,
      description: '',
      subfileType: 0,
      dataEnd: 0,
      subDirectories: [],
    },
    ...{
      compression: 1,
      samples: 3,
      bits: 8,
      sampleFormat: 1,
      photometric: 2,
      isPlanar: false,
      isSubsampled: false,
      extraSample: undefined,
      software: '',
      xmp: '',
      isHamamatsu: false,
      parts: { expected: 1, found: 1 },
    },
  };
}

test.each([
  ['half', [1001, 701], [500, 350], 1],
  ['half, rounded up', [1001, 701], [501, 351], 1],
  ['a quarter', [46000, 32914], [11500, 8228], 2],
  ['sides down to one pixel', [1000, 3], [62, 1], 4],
  ['the same size', [1000, 700], [1000, 700], null],
  ['a third', [900, 600], [300, 200], null],
  ['a thumbnail of about a quarter', [1000, 700], [256, 179], null],
  ['a macro picture', [1000, 700], [500, 200], null],
] as const)('%s of a level', (_, [width, height], [w, h], distance) => {
  expect(levelDistance({ width, height }, { width: w, height: h })).toBe(distance);
});

test('levels come from pages and SubIFDs, sorted, without labels and without levels in strips', () => {
  const main = { ...directory(4000, 3000), subDirectories: [directory(1000, 750), directory(2000, 1500)] };
  const pages = [directory(700, 900), main, directory(500, 375), directory(250, 187, null), directory(4000, 3000)];
  expect(tiffLevels(pages)).toEqual([
    { width: 4000, height: 3000, page: 1, subifd: -1 },
    { width: 2000, height: 1500, page: 1, subifd: 1 },
    { width: 1000, height: 750, page: 1, subifd: 0 },
    { width: 500, height: 375, page: 2, subifd: -1 },
  ]);
});

test.each([
  ['strips', directory(900, 700, null)],
  ['one huge tile', directory(9000, 7000, 9216)],
])('a main page in %s has no levels to read regions from', (_, main) => {
  expect(tiffLevels([main, directory(450, 350)])).toEqual([]);
});

const vips = spawnSync('vips', ['--version']).status === 0;
describe.skipIf(!vips)('a pyramid in SubIFDs', () => {
  test('has its levels read from them', async () => {
    const { data } = picture(1200, 900);
    const plain = join(folder, 'plain.tif');
    const file = join(folder, 'subifds.tif');
    await writeFile(plain, await image(data, 1200, 900).tiff({ compression: 'none' }).toBuffer());
    const options = ['--tile', '--tile-width', '256', '--tile-height', '256', '--pyramid', '--subifd'];
    expect(spawnSync('vips', ['tiffsave', plain, file, ...options]).status).toBe(0);
    const description = await describeSlide(file, { store: folder });
    expect(description.levels.slice(0, 3)).toEqual([
      { width: 1200, height: 900, page: 0, subifd: -1 },
      { width: 600, height: 450, page: 0, subifd: 0 },
      { width: 300, height: 225, page: 0, subifd: 1 },
    ]);
    const pixels = await openSlide(description).readRegion(1, { x: 0, y: 0, width: 600, height: 450 });
    expect(
      Buffer.compare(
        pixels,
        await sharp(file, { tiff: { subifd: 0 } })
          .raw()
          .toBuffer(),
      ),
    ).toBe(0);
  });
});

import sharp from 'sharp';
import { expect, test } from 'vitest';
import { deepZoomTile } from '../../../server/src/slides/deep-zoom-tile.ts';
import type { SlideDescription, SlideReader } from '../../../server/src/slides/slide.ts';
import { levelFor, levelScales } from '../../../server/src/slides/stored-level.ts';
import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';

const SIDE = 16_384;

function described(levels: SlideDescription['levels']): SlideDescription {
  const [{ width, height }] = levels;
  return {
    ...{
      file: 'a.tif',
      regionFile: 'a.tif',
      format: 'TIFF',
      reader: 'tiff',
      mpp: null,
      fingerprint: '0',
      version: '0',
    },
    ...{ width, height, levels, tileSize: 256 },
  };
}

test('a tile over far more pixels than memory should hold is read in parts, and is the same', async () => {
  const read: Rectangle[] = [];
  const reader: SlideReader = {
    description: described([{ width: SIDE, height: SIDE, page: 0, subifd: -1 }]),
    // Every 64 pixels another colour: what a pixel of the tile is the mean of.
    async readRegion(_level, region) {
      read.push(region);
      const data = new Uint8Array(region.width * region.height * 3);
      for (let y = 0, at = 0; y < region.height; y++) {
        for (let x = 0; x < region.width; x++, at += 3) {
          data[at] = (region.x + x) >> 6;
          data[at + 1] = (region.y + y) >> 6;
        }
      }
      return data;
    },
    fill: () => Promise.reject(new Error('not asked for')),
  };
  const tile = await sharp(await deepZoomTile(reader, 8, 0, 0, 'png'))
    .raw()
    .toBuffer();
  const expected = Uint8Array.from({ length: 256 * 256 * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return [pixel % 256, Math.floor(pixel / 256), 0][i % 3];
  });
  expect(Buffer.compare(tile, expected)).toBe(0);
  expect(Math.max(...read.map(({ width, height }) => width * height))).toBe(4096 ** 2);
  expect(read.reduce((sum, { width, height }) => sum + width * height, 0)).toBe(SIDE ** 2);
});

test('levels of OpenSlide that are no power of two have the scale that it says', () => {
  const level = (index: number, width: number, downsample: number) => ({ index, width, height: width, downsample });
  const description = described([level(0, 8000, 1), level(1, 4000, 2), level(2, 1980, 4.04), level(3, 500, 16.0001)]);
  const scales = levelScales(description);
  expect(scales).toEqual([1, 2, 4.04, 16]);
  expect([1, 4, 8, 16].map((scale) => levelFor(scales, scale))).toEqual([0, 1, 2, 3]);
});

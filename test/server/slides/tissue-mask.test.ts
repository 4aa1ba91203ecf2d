import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeSlide } from '../../../server/src/slides/describe-slide.ts';
import { openSlide } from '../../../server/src/slides/open-slide.ts';
import type { SlideReader } from '../../../server/src/slides/slide.ts';
import { backgroundPatches, type TissueMask, tissueMask } from '../../../server/src/slides/tissue-mask.ts';
import { decodeNpy } from '../../../shared/codecs/npy.ts';
import { patchGrid } from '../../../shared/geometry/patch-grid.ts';
import { referenceData } from '../../reference-data.ts';
import { temporaryFolder } from './pictures.ts';

type Colour = readonly [red: number, green: number, blue: number];

const GLASS: Colour = [244, 243, 240];
const STAIN: Colour = [190, 120, 170];
const BLACK: Colour = [0, 3, 1];

/** A slide of stored levels whose pixels are computed; says how many were read at once at most. */
function painted(levels: { width: number; height: number }[], colourAt: (x: number, y: number) => Colour) {
  const description = {
    file: 'slide.tif',
    reader: 'tiff' as const,
    regionFile: 'slide.tif',
    format: 'TIFF',
    ...levels[0],
    mpp: null,
    levels: levels.map((size, page) => ({ ...size, page, subifd: -1 })),
    tileSize: 256,
    fingerprint: 'slide',
    version: '',
  };
  const read = { levels: new Set<number>(), largest: 0 };
  const reader: SlideReader = {
    description,
    async readRegion(level, { x, y, width, height }) {
      const stored = levels[level];
      expect(x >= 0 && y >= 0 && width > 0 && height > 0).toBe(true);
      expect(x + width <= stored.width && y + height <= stored.height).toBe(true);
      read.levels.add(level);
      read.largest = Math.max(read.largest, width * height);
      const scale = 2 ** Math.round(Math.log2(levels[0].width / stored.width));
      const pixels = new Uint8Array(width * height * 3);
      for (let i = 0; i < width * height; i++) {
        pixels.set(colourAt((x + (i % width)) * scale, (y + Math.floor(i / width)) * scale), i * 3);
      }
      return pixels;
    },
    async fill(level, regions) {
      for (const region of regions) region.data.set(await reader.readRegion(level, region));
    },
  };
  return { reader, read };
}

const gridOf = (width: number, height: number, patch: number) =>
  patchGrid({ width, height }, { patchHeight: patch, patchWidth: patch, cellRows: 1, cellColumns: 1 }, 1);

const share = (values: Uint8Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('the mask', () => {
  test('has 1 where there is stain, at the size of the slide where that is small', async () => {
    const { reader } = painted([{ width: 300, height: 200 }], (x, y) => (x >= 100 && y < 50 ? STAIN : GLASS));
    const { width, height, scale, tissue } = await tissueMask(reader);
    expect({ width, height, scale }).toEqual({ width: 300, height: 200, scale: 1 });
    expect(tissue.every((value, i) => value === (i % 300 >= 100 && i < 50 * 300 ? 1 : 0))).toBe(true);
  });

  test.each<[string, (x: number, y: number) => Colour, number]>([
    ['pale stain on glass', (x) => (x < 30 ? [235, 215, 228] : GLASS), 0.3],
    ['a black surround with the noise of JPEG', (x) => (x < 60 ? BLACK : STAIN), 0.4],
    ['stain of two strengths without glass', (x) => (x < 50 ? STAIN : [220, 90, 170]), 1],
    [
      'glass alone but for a speck of dust',
      (x, y) => (x === 5 && y === 5 ? [90, 60, 40] : [244, 240 + (x % 5), 240]),
      0.0001,
    ],
    ['a grey-scale picture', (x, y) => [x + y, x + y, x + y], 1],
    ['white alone', () => [255, 255, 255], 1],
  ])('of %s', async (_, colourAt, expected) => {
    const { reader } = painted([{ width: 100, height: 100 }], colourAt);
    expect(share((await tissueMask(reader)).tissue)).toBeCloseTo(expected, 9);
  });

  test.each([
    ['without small levels', [{ width: 9000, height: 3001 }], 8, 0],
    [
      'with a level of the size',
      [
        { width: 9000, height: 3001 },
        { width: 1125, height: 375 },
      ],
      8,
      1,
    ],
    [
      'with a level between',
      [
        { width: 9000, height: 3001 },
        { width: 4500, height: 1501 },
      ],
      8,
      1,
    ],
  ])('of a large slide %s is reduced, in bounded reads', async (_, levels, scale, level) => {
    const { reader, read } = painted(levels, (x) => (x < 4096 ? STAIN : GLASS));
    const mask = await tissueMask(reader);
    expect(mask).toMatchObject({ scale, width: 1125, height: 376 });
    expect(read.levels).toEqual(new Set([level]));
    expect(read.largest).toBeLessThanOrEqual(2048 ** 2);
    expect(share(mask.tissue)).toBeCloseTo(512 / 1125, 9);
  });
});

describe('background patches', () => {
  // Tissue in a square of 10 x 10 mask pixels of 4 slide pixels each.
  const mask: TissueMask = { width: 50, height: 40, scale: 4, tissue: new Uint8Array(2000) };
  for (let y = 10; y < 20; y++) mask.tissue.fill(1, y * 50 + 10, y * 50 + 20);

  test.each([
    ['of 40 pixels, one of which is the square', 40, 1],
    // Those at its border share a third with it.
    ['of 60 pixels', 60, 4],
    ['of a part of a mask pixel', 3, 14 ** 2],
    ['as large as the slide', 160, 1],
  ])('%s', (_, patch, tissuePatches) => {
    const grid = gridOf(200, 160, patch);
    const background = backgroundPatches(mask, grid);
    expect(background).toHaveLength(grid.rows * grid.columns);
    expect(background.filter((value) => value === 0)).toHaveLength(tissuePatches);
  });

  test('are those with less than 5 % of tissue, exactly', () => {
    const single: TissueMask = { width: 20, height: 1, scale: 10, tissue: new Uint8Array(20) };
    single.tissue[7] = 1;
    const grid = { ...gridOf(200, 10, 10), rows: 1, columns: 1, patchWidth: 200 };
    expect(backgroundPatches(single, grid)).toEqual(Uint8Array.of(0));
    expect(
      backgroundPatches(
        { ...single, width: 21, tissue: new Uint8Array(21).fill(1, 0, 1) },
        {
          ...grid,
          slide: { width: 210, height: 10 },
          patchWidth: 210,
        },
      ),
    ).toEqual(Uint8Array.of(1));
  });
});

describe.skipIf(referenceData === undefined)('on real slides', async () => {
  const slides = join(referenceData ?? '', 'slides');
  const store = await temporaryFolder();
  const BLANK = 0;

  async function backgroundOf(name: string) {
    const description = await describeSlide(join(slides, name), { store });
    const grid = gridOf(description.width, description.height, 128);
    return backgroundPatches(await tissueMask(openSlide(description)), grid);
  }

  test('the background of the mosaic is its class Blank', async () => {
    const truth = decodeNpy(await readFile(join(slides, 'mosaic.truth.npy')));
    const background = await backgroundOf('mosaic.tif');
    const agreeing = background.filter((value, i) => (value === 1) === (truth.data[i] === BLANK));
    expect(agreeing.length / background.length).toBeGreaterThan(0.99);
  });

  test.each([
    ['Gray1.png', 0],
    ['Lesion1.png', 8],
    ['example.png', 2],
    ['mosaic.tif', 224],
  ])(
    'of %s at least %i patches are background, and none that the tissue model takes for tissue',
    async (name, least) => {
      const reference: { probabilities: number[][] } = JSON.parse(
        await readFile(join(slides, name.replace(/\..*/, '.reference.json')), 'utf8'),
      );
      const background = await backgroundOf(name);
      const isBlank = reference.probabilities.map(
        (probabilities) => probabilities[BLANK] === Math.max(...probabilities),
      );
      expect(background.filter((value) => value === 1).length).toBeGreaterThanOrEqual(least);
      expect(background.filter((value, i) => value === 1 && !isBlank[i])).toHaveLength(0);
    },
  );
});

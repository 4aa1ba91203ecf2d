import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { analysisDownsample } from '../../../server/src/heatmaps/analysis-resolution.ts';
import { describeSlide } from '../../../server/src/slides/describe-slide.ts';
import { openSlide } from '../../../server/src/slides/open-slide.ts';
import { readPatches } from '../../../server/src/slides/patches.ts';
import type { SlideReader } from '../../../server/src/slides/slide.ts';
import { levelFor, levelScales } from '../../../server/src/slides/stored-level.ts';
import { patchGrid } from '../../../shared/geometry/patch-grid.ts';
import { image, picture, temporaryFolder } from './pictures.ts';

const folder = await temporaryFolder();
const SHAPE = { patchHeight: 48, patchWidth: 64, cellRows: 3, cellColumns: 4 };
const SLIDE_MPP = 0.25;

const python = process.env.PYTHON ?? 'python3';
const hasNumpy = spawnSync(python, ['-c', 'import numpy']).status === 0;
if (!hasNumpy) console.log(`skipped: patches by numpy (${python} has no numpy; PYTHON names another)`);

interface ReferenceRequest {
  pixels: string;
  levelWidth: number;
  levelHeight: number;
  scale: number;
  width: number;
  height: number;
  origins: [x: number, y: number][];
}

function byNumpy(request: ReferenceRequest): Uint8Array {
  const script = fileURLToPath(new URL('./patch-resolution.py', import.meta.url));
  const input = JSON.stringify([request]);
  const { status, stdout, stderr } = spawnSync(python, [script], { input, encoding: 'utf8', maxBuffer: 2 ** 30 });
  if (status !== 0) throw new Error(stderr);
  const [answer]: string[] = JSON.parse(stdout);
  return Buffer.from(answer, 'base64');
}

test.skipIf(!hasNumpy).each([
  // Within 2 % of the slide's own resolution pixels are taken unchanged.
  { ratio: 1, downsample: 1, level: 0 },
  { ratio: 1.01, downsample: 1, level: 0 },
  { ratio: 2, downsample: 2, level: 1 },
  { ratio: 2.2, downsample: 2.2, level: 1 },
  { ratio: 4.7, downsample: 4.7, level: 2 },
])('patches at $ratio times the slide’s microns per pixel are those of numpy', async ({ ratio, downsample, level }) => {
  const source = picture(1501, 1207);
  const file = join(folder, `slide-${ratio}.tif`);
  const pixelsPerMillimetre = 1000 / SLIDE_MPP;
  await writeFile(
    file,
    await image(source.data, source.width, source.height)
      .tiff({ tile: true, pyramid: true, compression: 'deflate', xres: pixelsPerMillimetre, yres: pixelsPerMillimetre })
      .toBuffer(),
  );
  const slide = await describeSlide(file, { store: folder });
  expect(slide.mpp).toBeCloseTo(SLIDE_MPP, 6);
  const analysed = analysisDownsample(slide, { ...SHAPE, file: 'model.h5', resolution: { mpp: ratio * SLIDE_MPP } });
  expect(analysed.downsample).toBeCloseTo(downsample, 6);

  const grid = patchGrid(slide, SHAPE, analysed.downsample);
  const reader = openSlide(slide);
  const scales = levelScales(slide);
  expect(levelFor(scales, grid.downsample)).toBe(level);
  const { width, height } = slide.levels[level];
  const pixels = join(folder, `level-${ratio}.rgb`);
  await writeFile(pixels, await reader.readRegion(level, { x: 0, y: 0, width, height }));

  const positions = [
    { row: 0, column: 0 },
    { row: 1, column: 2 },
    { row: grid.rows - 1, column: 0 },
    { row: grid.rows - 1, column: grid.columns - 1 },
  ];
  const scale = grid.downsample / scales[level];
  const expected = byNumpy({
    pixels,
    levelWidth: width,
    levelHeight: height,
    scale,
    width: SHAPE.patchWidth,
    height: SHAPE.patchHeight,
    origins: positions.map(({ row, column }) => [column * SHAPE.patchWidth * scale, row * SHAPE.patchHeight * scale]),
  });
  const patches = await readPatches(reader, grid, positions);
  expect(patches.length).toBe(expected.length);
  const different = patches.reduce((count, value, at) => count + Number(value !== expected[at]), 0);
  expect(different).toBe(0);
});

/** Red of a pixel by its column: no multiple of anything that patches are made of, so that a shift of one pixel shows. */
const PERIOD = 251;
const valueAt = (x: number) => (x * 97) % PERIOD;
const periodSum = (PERIOD * (PERIOD - 1)) / 2;

/** Sum of the values before a place of n / q pixels, times q: integers all the way. */
function sumBefore(n: number, q: number): number {
  const whole = Math.floor(n / q);
  let sum = Math.floor(whole / PERIOD) * periodSum;
  for (let x = whole - (whole % PERIOD); x < whole; x++) sum += valueAt(x);
  return q * sum + (n % q) * valueAt(whole);
}

/** A slide without a file, whose pixels tell where they lie. */
function ramp(side: number): SlideReader {
  const fill: SlideReader['fill'] = async (_level, regions) => {
    for (const { x, width, height, data } of regions) {
      for (let i = 0; i < width * height; i++) data[3 * i] = valueAt(x + (i % width));
    }
  };
  const level = { width: side, height: side, page: 0, subifd: -1 };
  return {
    description: {
      ...{ file: 'ramp', regionFile: 'ramp', format: 'ramp', reader: 'tiff', fingerprint: '', version: '' },
      ...{ width: side, height: side, levels: [level], mpp: null, tileSize: 256 },
    },
    fill,
    async readRegion(number, region) {
      const data = new Uint8Array(3 * region.width * region.height);
      await fill(number, [{ ...region, data }]);
      return data;
    },
  };
}

test('patches do not drift: the last ones of 200,000 pixels lie where exact arithmetic has them', async () => {
  const side = 200_000;
  const fraction = fc
    .integer({ min: 1, max: 400 })
    .chain((q) => fc.tuple(fc.integer({ min: q + 1, max: 8 * q }), fc.constant(q)));
  await fc.assert(
    fc.asyncProperty(fraction, fc.integer({ min: 0, max: 3 }), async ([p, q], before) => {
      const grid = patchGrid({ width: side, height: side }, { ...SHAPE, patchHeight: 2 }, p / q);
      const column = grid.columns - 1 - before;
      const patch = await readPatches(ramp(side), grid, [{ row: grid.rows - 1, column }]);
      for (let x = 0; x < SHAPE.patchWidth; x++) {
        // In q-ths of a pixel, and so are the sums.
        const left = (column * SHAPE.patchWidth + x) * p;
        const mean = (sumBefore(left + p, q) - sumBefore(left, q)) / p;
        expect(Math.abs(patch[3 * x] - mean)).toBeLessThanOrEqual(0.5 + 1e-4);
      }
    }),
  );
});

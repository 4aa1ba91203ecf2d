import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEMO_MPP, DEMO_SLIDE, generateDemoSlide, paintBands } from '../../demo/slide/generate.ts';
import { ADIPOSE, GLASS, LYMPHOCYTES, MUSCLE, TISSUES, TUMOUR, tissueMap } from '../../demo/slide/tissue-map.ts';

const small = { seed: 3, width: 1500, height: 1000 };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'cam-demo-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('the file is a tiled pyramid of the asked size that knows its microns per pixel', async () => {
  const file = path.join(folder, 'slides/demo.tif');
  const shares: number[] = [];
  await generateDemoSlide(file, { ...small, onProgress: (share) => shares.push(share) });
  expect(await readdir(path.dirname(file))).toEqual(['demo.tif']);
  expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  expect(shares.at(-1)).toBe(1);
  const { width, height, pages, resolutionUnit, density } = await sharp(file).metadata();
  expect({ width, height, pages }).toEqual({ width: 1500, height: 1000, pages: 4 });
  expect(resolutionUnit).toBe('cm');
  expect(25400 / (density ?? 0)).toBeCloseTo(DEMO_MPP, 3);
  const level = await sharp(file, { page: 1 }).metadata();
  expect([level.width, level.height]).toEqual([750, 500]);
});

test('the same seed gives the same pixels, another seed others', () => {
  const pixels = (seed: number) =>
    Buffer.concat([...paintBands({ seed, width: 480, height: 320 })].map((band) => band.pixels.slice()));
  const first = pixels(3);
  expect(pixels(3).equals(first)).toBe(true);
  expect(pixels(4).equals(first)).toBe(false);
});

test('an aborted run leaves nothing behind', async () => {
  const file = path.join(folder, 'aborted/demo.tif');
  const controller = new AbortController();
  const run = generateDemoSlide(file, { ...small, signal: controller.signal, onProgress: () => controller.abort() });
  await expect(run).rejects.toThrow(/abort/i);
  expect(await readdir(path.dirname(file))).toEqual([]);
});

test('every tissue covers at least 2 % of the demo slide', () => {
  const map = tissueMap(DEMO_SLIDE);
  const counts = new Array<number>(TISSUES.length).fill(0);
  for (let y = 32; y < map.height; y += 64) {
    for (let x = 32; x < map.width; x += 64) {
      const tissue = map.truthAt(x, y);
      counts[tissue] = (counts[tissue] ?? 0) + 1;
    }
  }
  const total = counts.reduce((sum, count) => sum + count, 0);
  expect(counts.map((count) => count / total > 0.02)).toEqual(counts.map(() => true));
  expect([map.truthAt(-1, 5), map.truthAt(5, map.height)]).toEqual([GLASS, GLASS]);
});

test('pixels have the colour of the tissue that the truth names', () => {
  const map = tissueMap(small);
  const sums = TISSUES.map(() => ({ red: 0, green: 0, count: 0 }));
  for (const { top, rows, pixels } of paintBands(small)) {
    for (let y = 0; y < rows; y += 3) {
      for (let x = 0; x < small.width; x += 3) {
        const sum = sums[map.truthAt(x, top + y)];
        if (!sum) throw new Error(`no tissue at ${x}, ${top + y}`);
        sum.red += pixels[3 * (y * small.width + x)] ?? 0;
        sum.green += pixels[3 * (y * small.width + x) + 1] ?? 0;
        sum.count++;
      }
    }
  }
  const means = sums.map(({ red, green, count }) => ({ red: red / count, green: green / count }));
  expect(means[GLASS]?.green).toBeGreaterThan(230);
  expect(means[ADIPOSE]?.green).toBeGreaterThan(190);
  expect(means[MUSCLE]?.red).toBeGreaterThan(180);
  expect(means[TUMOUR]?.green).toBeLessThan(160);
  expect(means[LYMPHOCYTES]?.red).toBeLessThan(means[TUMOUR]?.red ?? 0);
});

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { describeSlide } from '../../../server/src/slides/describe-slide.ts';
import { openSlide } from '../../../server/src/slides/open-slide.ts';
import { readPatches } from '../../../server/src/slides/patches.ts';
import type { SlideReader } from '../../../server/src/slides/slide.ts';
import { type PatchPosition, patchGrid } from '../../../shared/geometry/patch-grid.ts';
import { crop, image, picture, temporaryFolder } from './pictures.ts';

const folder = await temporaryFolder();
const WIDTH = 1501;
const HEIGHT = 1207;
const source = picture(WIDTH, HEIGHT);
let reader: SlideReader;

beforeAll(async () => {
  const file = join(folder, 'slide.png');
  await writeFile(file, await image(source.data, WIDTH, HEIGHT).png().toBuffer());
  reader = openSlide(await describeSlide(file, { store: folder }));
});

function gridOf(downsample: number, patchHeight = 48, patchWidth = 64) {
  return patchGrid(source, { patchHeight, patchWidth, cellRows: 1, cellColumns: 1 }, downsample);
}

test('patches at downsample 1 are the exact pixels', async () => {
  const grid = gridOf(1);
  const positions = [
    { row: 0, column: 0 },
    { row: grid.rows - 1, column: grid.columns - 1 },
    { row: 3, column: 7 },
  ];
  const patches = await readPatches(reader, grid, positions);
  positions.forEach(({ row, column }, index) => {
    const expected = crop(source, { x: column * 64, y: row * 48, width: 64, height: 48 });
    expect(Buffer.compare(patches.subarray(index * expected.length, (index + 1) * expected.length), expected)).toBe(0);
  });
});

test('patches at downsample 2 are the exact pixels of the stored level', async () => {
  const grid = gridOf(2);
  const patch = await readPatches(reader, grid, [{ row: 2, column: 3 }]);
  const expected = await reader.readRegion(1, { x: 192, y: 96, width: 64, height: 48 });
  expect(Buffer.compare(patch, expected)).toBe(0);
});

test('no positions, no bytes', async () => {
  expect(await readPatches(reader, gridOf(1), [])).toHaveLength(0);
});

test.each([0.5, 1, 1.37, 2, 3.9, 4])('at downsample %d a patch never depends on its company', async (downsample) => {
  const grid = gridOf(downsample);
  const patchBytes = 64 * 48 * 3;
  const alone = new Map<string, Uint8Array>();
  const position = fc.record({
    row: fc.integer({ min: 0, max: grid.rows - 1 }),
    column: fc.integer({ min: 0, max: grid.columns - 1 }),
  });
  const readAlone = async (wanted: PatchPosition) => {
    const key = `${wanted.row} ${wanted.column}`;
    const known = alone.get(key) ?? (await readPatches(reader, grid, [wanted]));
    alone.set(key, known);
    return known;
  };
  await fc.assert(
    fc.asyncProperty(fc.array(position, { minLength: 2, maxLength: 12 }), async (positions) => {
      const together = await readPatches(reader, grid, positions);
      for (const [index, wanted] of positions.entries()) {
        const patch = together.subarray(index * patchBytes, (index + 1) * patchBytes);
        expect(Buffer.compare(patch, await readAlone(wanted))).toBe(0);
      }
    }),
    { numRuns: 15 },
  );
});

test('patches are asked for together', async () => {
  const asked: number[] = [];
  const counting: SlideReader = {
    ...reader,
    fill: (level, regions) => {
      asked.push(regions.length);
      return reader.fill(level, regions);
    },
  };
  const positions = Array.from({ length: 100 }, (_, i) => ({ row: Math.floor(i / 10), column: i % 10 }));
  await readPatches(counting, gridOf(1), positions);
  expect(asked).toEqual([100]);
});

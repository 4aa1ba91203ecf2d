import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { patchAt, patchesTouching, patchGrid, patchRectangle } from '../../../shared/geometry/patch-grid.ts';

const shape = (size: number) => ({ patchHeight: size, patchWidth: size, cellRows: 8, cellColumns: 8 });

const grids = fc
  .record({
    width: fc.integer({ min: 1, max: 60_000 }),
    height: fc.integer({ min: 1, max: 60_000 }),
    patch: fc.integer({ min: 32, max: 1024 }),
    downsample: fc.oneof(fc.constant(1), fc.double({ min: 0.3, max: 9, noNaN: true })),
  })
  .map(({ width, height, patch, downsample }) => patchGrid({ width, height }, shape(patch), downsample));

describe('patchGrid', () => {
  test.each([
    [1042, 708, 128, 1, 5, 8],
    [127, 4000, 128, 1, 31, 0],
    [4096, 4096, 128, 1, 32, 32],
    [4096, 4096, 128, 2, 16, 16],
    [1000, 1000, 100, 0.5, 20, 20],
  ])(
    'a slide of %i x %i with patches of %i at downsample %d has %i x %i',
    (width, height, size, downsample, rows, columns) => {
      expect(patchGrid({ width, height }, shape(size), downsample)).toMatchObject({ rows, columns });
    },
  );
});

test('patches tile the grid: each begins where the one before ends, and none leaves the slide', () => {
  fc.assert(
    fc.property(grids, (grid) => {
      fc.pre(grid.columns > 0 && grid.rows > 0);
      const last = patchRectangle(grid, { row: grid.rows - 1, column: grid.columns - 1 });
      expect(last.x + last.width).toBeLessThanOrEqual(grid.slide.width);
      expect(last.y + last.height).toBeLessThanOrEqual(grid.slide.height);
      for (let column = 1; column < Math.min(grid.columns, 50); column++) {
        const before = patchRectangle(grid, { row: 0, column: column - 1 });
        expect(patchRectangle(grid, { row: 0, column }).x).toBe(before.x + before.width);
      }
    }),
    { numRuns: 200 },
  );
});

test('the patch at the middle of a patch is that patch, and the remainder has none', () => {
  fc.assert(
    fc.property(grids, fc.nat(), fc.nat(), (grid, a, b) => {
      fc.pre(grid.columns > 0 && grid.rows > 0);
      const position = { row: a % grid.rows, column: b % grid.columns };
      const { x, y, width, height } = patchRectangle(grid, position);
      expect(patchAt(grid, x + width / 2, y + height / 2)).toEqual(position);
      expect(patchAt(grid, grid.columns * grid.patchWidth * grid.downsample + 0.01, 0)).toBeUndefined();
    }),
    { numRuns: 200 },
  );
});

test.each([
  [{ x: 0, y: 0, width: 128, height: 128 }, [0, 1, 0, 1]],
  [{ x: 127, y: 0, width: 2, height: 1 }, [0, 1, 0, 2]],
  [{ x: -50, y: -50, width: 5000, height: 5000 }, [0, 5, 0, 8]],
  [{ x: 1030, y: 0, width: 10, height: 10 }, [0, 1, 8, 8]],
])('patches touching %o', (region, [rowStart, rowEnd, columnStart, columnEnd]) => {
  const grid = patchGrid({ width: 1042, height: 708 }, shape(128), 1);
  expect(patchesTouching(grid, region)).toEqual({ rowStart, rowEnd, columnStart, columnEnd });
});

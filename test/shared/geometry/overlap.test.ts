import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maxLevel, tileBounds, tileCount } from '../../../shared/geometry/deep-zoom.ts';
import {
  cellRaster,
  gridExtent,
  levelGrid,
  OVERLAPS,
  patchAt,
  patchesTouching,
  patchGrid,
  patchRectangle,
} from '../../../shared/geometry/patch-grid.ts';
import { patchesOfWindow, scoreRaster, tileWindow } from '../../../shared/geometry/score-raster.ts';

const grids = fc
  .record({
    width: fc.integer({ min: 40, max: 60_000 }),
    height: fc.integer({ min: 40, max: 60_000 }),
    patch: fc.integer({ min: 32, max: 400 }),
    cells: fc.integer({ min: 1, max: 14 }),
    downsample: fc.oneof(fc.constant(1), fc.double({ min: 0.3, max: 4, noNaN: true })),
    overlap: fc.constantFrom(...OVERLAPS),
  })
  .map(({ width, height, patch, cells, downsample, overlap }) => {
    const shape = { patchHeight: patch, patchWidth: patch, cellRows: cells, cellColumns: cells };
    return patchGrid({ width, height }, shape, downsample, overlap);
  });

describe('the step of overlapping patches', () => {
  test.each([
    [8, 1, 8],
    [8, 2, 4],
    [8, 4, 2],
    [7, 2, 3],
    [7, 4, 1],
    [3, 4, 1],
    [1, 2, 1],
  ] as const)('of %i cells at overlap %i is %i cells', (cells, overlap, step) => {
    const shape = { patchHeight: 128, patchWidth: 128, cellRows: cells, cellColumns: cells };
    const grid = patchGrid({ width: 4096, height: 4096 }, shape, 1, overlap);
    expect([grid.stepRows, grid.stepColumns]).toEqual([step, step]);
    expect(cellRaster(grid).rows).toBe((grid.rows - 1) * step + cells);
  });
});

test('no patch leaves the slide, another one would, and each origin is rounded by itself', () => {
  fc.assert(
    fc.property(grids, (grid) => {
      fc.pre(grid.rows > 0 && grid.columns > 0);
      const last = patchRectangle(grid, { row: grid.rows - 1, column: grid.columns - 1 });
      expect(last.x + last.width).toBeLessThanOrEqual(grid.slide.width);
      expect(last.y + last.height).toBeLessThanOrEqual(grid.slide.height);
      const pitch = (grid.patchWidth * grid.downsample * grid.stepColumns) / grid.cellColumns;
      expect(gridExtent(grid).width + pitch).toBeGreaterThan(grid.slide.width - 1e-6 * grid.slide.width);
      expect(Math.abs(last.x - (grid.columns - 1) * pitch)).toBeLessThanOrEqual(0.5 + 1e-6);
    }),
    { numRuns: 300 },
  );
});

test('patches that touch a rectangle are those that share pixels with it', () => {
  fc.assert(
    fc.property(grids, fc.nat(), fc.nat(), fc.integer({ min: 1, max: 500 }), (grid, a, b, size) => {
      fc.pre(grid.rows > 0 && grid.columns > 0 && grid.downsample === 1 && grid.patchWidth % grid.cellColumns === 0);
      const region = { x: a % grid.slide.width, y: b % grid.slide.height, width: size, height: size };
      const { columnStart, columnEnd } = patchesTouching(grid, region);
      for (let column = Math.max(0, columnStart - 2); column < Math.min(grid.columns, columnEnd + 2); column++) {
        const { x, width } = patchRectangle(grid, { row: 0, column });
        const touches = x < region.x + region.width && x + width > region.x;
        expect(column >= columnStart && column < columnEnd).toBe(touches);
      }
    }),
    { numRuns: 300 },
  );
});

test('the patch at a point covers it, and none has its middle nearer', () => {
  fc.assert(
    fc.property(grids, fc.double({ min: 0, max: 1, noNaN: true }), (grid, place) => {
      fc.pre(grid.rows > 0 && grid.columns > 0);
      const x = place * gridExtent(grid).width * (1 - 1e-9);
      const found = patchAt(grid, x, 0);
      const middle = (column: number) =>
        grid.patchWidth * grid.downsample * ((column * grid.stepColumns) / grid.cellColumns + 0.5);
      for (const other of [(found?.column ?? 0) - 1, (found?.column ?? 0) + 1]) {
        if (other < 0 || other >= grid.columns) continue;
        expect(Math.abs(middle(found?.column ?? 0) - x)).toBeLessThanOrEqual(Math.abs(middle(other) - x) + 1e-6);
      }
      expect(Math.abs(middle(found?.column ?? 0) - x)).toBeLessThanOrEqual(
        (grid.patchWidth * grid.downsample) / 2 + 1e-6,
      );
    }),
    { numRuns: 300 },
  );
});

test('a tile has the values under every pixel that patches cover, and the patches behind them', () => {
  fc.assert(
    fc.property(grids, fc.nat(), fc.nat(), fc.constantFrom('cells' as const, 0 as const), (grid, a, b, finest) => {
      fc.pre(grid.rows > 0 && grid.columns > 0);
      const pyramid = { ...grid.slide, tileSize: 256, overlap: 1 };
      const level = Math.max(0, maxLevel(pyramid) - (a % 6));
      const { columns } = tileCount(pyramid, level);
      const address = { level, column: b % columns, row: 0 };
      const window = tileWindow(pyramid, grid, address, finest);
      const bounds = tileBounds(pyramid, address);
      const scale = 2 ** (maxLevel(pyramid) - level);
      const raster = scoreRaster(grid, window.rasterLevel);
      for (const pixel of [bounds.x, bounds.x + bounds.width - 1]) {
        const centre = (pixel + 0.5) * scale;
        if (centre >= gridExtent(grid).width) continue;
        const value = Math.floor((centre - raster.originX) / raster.valueWidth);
        const clamped = Math.min(raster.columns - 1, Math.max(0, value));
        expect(clamped).toBeGreaterThanOrEqual(window.columnStart);
        expect(clamped).toBeLessThan(window.columnStart + window.columns);
      }
      if (window.rasterLevel !== 'cells' || window.columns === 0) return;
      const range = patchesOfWindow(grid, window);
      for (
        let column = Math.max(0, range.columnStart - 1);
        column < Math.min(grid.columns, range.columnEnd + 1);
        column++
      ) {
        const first = column * grid.stepColumns;
        const covers = first < window.columnStart + window.columns && first + grid.cellColumns > window.columnStart;
        expect(column >= range.columnStart && column < range.columnEnd).toBe(covers);
      }
    }),
    { numRuns: 300 },
  );
});

test('in level mode a level has the grid of its own pixels, or of the smallest level that holds a patch', () => {
  const shape = { patchHeight: 128, patchWidth: 128, cellRows: 8, cellColumns: 8 };
  const grid = patchGrid({ width: 4096, height: 3000 }, shape, 1);
  expect(levelGrid(grid, 12, 1)).toMatchObject({ downsample: 1, rows: 23, columns: 32 });
  expect(levelGrid(grid, 10, 1)).toMatchObject({ downsample: 4, rows: 5, columns: 8 });
  expect(levelGrid(grid, 10, 2)).toMatchObject({ downsample: 4, stepRows: 4, rows: 10, columns: 15 });
  // 3000 pixels hold one patch of 128 down to level 8.
  expect(levelGrid(grid, 8, 1)).toMatchObject({ downsample: 16, rows: 1, columns: 2 });
  expect(levelGrid(grid, 0, 1)).toMatchObject({ downsample: 16, rows: 1, columns: 2 });
});

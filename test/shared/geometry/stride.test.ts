import fc from 'fast-check';
import { expect, test } from 'vitest';
import { maxLevel, tileCount } from '../../../shared/geometry/deep-zoom.ts';
import { patchGrid } from '../../../shared/geometry/patch-grid.ts';
import { patchesOfWindow, tileWindow } from '../../../shared/geometry/score-raster.ts';
import {
  levelStrides,
  MAX_BLOCKS_PER_TILE,
  mostBlocks,
  overviewStride,
  samplesOfRange,
} from '../../../shared/geometry/stride.ts';

const cases = fc.record({
  width: fc.integer({ min: 1024, max: 120_000 }),
  height: fc.integer({ min: 1024, max: 120_000 }),
  patch: fc.integer({ min: 32, max: 1024 }),
  cells: fc.integer({ min: 1, max: 16 }),
  // A model's resolution relative to the slide's.
  downsample: fc.oneof(fc.constant(1), fc.double({ min: 0.25, max: 16, noNaN: true })),
});

test('no tile below maxLevel touches more blocks than the fixed number; strides are nested and end at 1', () => {
  fc.assert(
    fc.property(cases, fc.nat(), fc.nat(), ({ width, height, patch, cells, downsample }, a, b) => {
      const shape = { patchHeight: patch, patchWidth: patch, cellRows: cells, cellColumns: cells };
      const grid = patchGrid({ width, height }, shape, downsample);
      fc.pre(grid.rows > 0 && grid.columns > 0);
      const pyramid = { width, height, tileSize: 256, overlap: 1 };
      const strides = levelStrides(pyramid, grid);
      expect(strides).toHaveLength(maxLevel(pyramid) + 1);
      expect(strides.at(-1)).toBe(1);
      for (let level = 0; level < maxLevel(pyramid); level++) {
        expect(Number.isInteger(Math.log2(strides[level]))).toBe(true);
        expect(strides[level]).toBeGreaterThanOrEqual(strides[level + 1]);
        // Counted on a tile itself, not by the function that chose the stride.
        const { columns, rows } = tileCount(pyramid, level);
        for (const finest of ['cells', 0] as const) {
          const window = tileWindow(pyramid, grid, { level, column: a % columns, row: b % rows }, finest);
          const blocks = samplesOfRange(patchesOfWindow(grid, window), strides[level]);
          expect(blocks.length).toBeLessThanOrEqual(MAX_BLOCKS_PER_TILE);
        }
        const isSmallest = strides[level] === strides[level + 1] || strides[level] === 1;
        if (!isSmallest) {
          expect(mostBlocks(pyramid, grid, level, strides[level] / 2)).toBeGreaterThan(MAX_BLOCKS_PER_TILE);
        }
      }
      const all = { rowStart: 0, rowEnd: grid.rows, columnStart: 0, columnEnd: grid.columns };
      expect(samplesOfRange(all, overviewStride(pyramid, strides)).length).toBeLessThanOrEqual(MAX_BLOCKS_PER_TILE);
    }),
    { numRuns: 60 },
  );
});

test('the samples of a coarser stride are among those of a finer one', () => {
  const range = { rowStart: 3, rowEnd: 40, columnStart: 5, columnEnd: 33 };
  const key = ({ row, column }: { row: number; column: number }) => `${row} ${column}`;
  const fine = new Set(samplesOfRange({ rowStart: 0, rowEnd: 64, columnStart: 0, columnEnd: 64 }, 4).map(key));
  for (const sample of samplesOfRange(range, 16)) expect(fine.has(key(sample))).toBe(true);
});

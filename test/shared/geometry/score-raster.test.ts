import fc from 'fast-check';
import { expect, test } from 'vitest';
import { levelScale, maxLevel, tileBounds, tileCount } from '../../../shared/geometry/deep-zoom.ts';
import { patchGrid } from '../../../shared/geometry/patch-grid.ts';
import { rasterLevelFor, scoreRaster, tileWindow } from '../../../shared/geometry/score-raster.ts';

const slides = fc.record({
  width: fc.integer({ min: 1024, max: 100_000 }),
  height: fc.integer({ min: 1024, max: 100_000 }),
  patch: fc.integer({ min: 32, max: 1024 }),
  cells: fc.integer({ min: 1, max: 20 }),
  downsample: fc.oneof(fc.constant(1), fc.double({ min: 0.5, max: 1, noNaN: true })),
  finest: fc.constantFrom('cells' as const, 0 as const),
});

function build({ width, height, patch, cells, downsample }: typeof slides extends fc.Arbitrary<infer T> ? T : never) {
  const shape = { patchHeight: patch, patchWidth: patch, cellRows: cells, cellColumns: cells };
  return {
    grid: patchGrid({ width, height }, shape, downsample),
    pyramid: { width, height, tileSize: 256, overlap: 1 },
  };
}

test('values are at least a pixel, and the next finer raster would not be', () => {
  fc.assert(
    fc.property(slides, (slide) => {
      const { grid, pyramid } = build(slide);
      for (let level = 0; level <= maxLevel(pyramid); level++) {
        const scale = levelScale(pyramid, level);
        const chosen = rasterLevelFor(grid, scale, slide.finest);
        const size = (raster: typeof chosen) => scoreRaster(grid, raster).valueWidth;
        if (chosen !== slide.finest) {
          const finer = chosen === 0 ? 'cells' : Number(chosen) - 1;
          expect(size(finer)).toBeLessThan(scale);
        }
        // A raster of cells may be coarser than the pixels only where it is the finest there is.
        if (chosen !== 'cells') expect(size(chosen)).toBeGreaterThanOrEqual(Math.min(scale, size(0)));
      }
    }),
    { numRuns: 100 },
  );
});

test('a window holds the values under every pixel of its tile and their neighbours, clipped to the raster', () => {
  fc.assert(
    fc.property(slides, fc.nat(), fc.nat(), fc.nat(), (slide, a, b, c) => {
      const { grid, pyramid } = build(slide);
      const level = a % (maxLevel(pyramid) + 1);
      const { columns, rows } = tileCount(pyramid, level);
      const address = { level, column: b % columns, row: c % rows };
      const window = tileWindow(pyramid, grid, address, slide.finest);
      const raster = scoreRaster(grid, window.rasterLevel);
      const bounds = tileBounds(pyramid, address);
      const scale = levelScale(pyramid, level);
      for (const pixel of [bounds.x, bounds.x + bounds.width - 1]) {
        const value = ((pixel + 0.5) * scale) / raster.valueWidth - 0.5;
        for (const neighbour of [Math.floor(value), Math.floor(value) + 1]) {
          if (neighbour < 0 || neighbour >= raster.columns || window.columns === 0) continue;
          expect(neighbour).toBeGreaterThanOrEqual(window.columnStart);
          expect(neighbour).toBeLessThan(window.columnStart + window.columns);
        }
      }
      expect(window.columnStart + window.columns).toBeLessThanOrEqual(raster.columns);
      expect(window.rowStart + window.rows).toBeLessThanOrEqual(raster.rows);
      expect(Math.max(window.rows, window.columns)).toBeLessThanOrEqual(256 + 8);
    }),
    { numRuns: 300 },
  );
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Region, regionAreas } from '../../../server/src/heatmaps/region-areas.ts';
import { gridExtent, OVERLAPS, type PatchGrid, patchGrid } from '../../../shared/geometry/patch-grid.ts';

const grids = fc
  .record({
    width: fc.integer({ min: 64, max: 900 }),
    height: fc.integer({ min: 64, max: 900 }),
    cells: fc.constantFrom(1, 4, 7, 8),
    overlap: fc.constantFrom(...OVERLAPS),
  })
  .map(({ width, height, cells, overlap }) =>
    patchGrid({ width, height }, { patchHeight: 64, patchWidth: 64, cellRows: cells, cellColumns: cells }, 1, overlap),
  );

function sum(grid: PatchGrid, region: Region): number {
  const { range, areaOf } = regionAreas(grid, region);
  let total = 0;
  for (let row = range.rowStart; row < range.rowEnd; row++) {
    for (let column = range.columnStart; column < range.columnEnd; column++) total += areaOf(row, column);
  }
  return total;
}

const side = fc.double({ min: 0, max: 1, noNaN: true });

test('every place that patches cover belongs to one patch: areas add up to that of the region', () => {
  fc.assert(
    fc.property(grids, side, side, side, side, (grid, a, b, c, d) => {
      const extent = gridExtent(grid);
      const [left, right] = [a * extent.width, b * extent.width].sort((x, y) => x - y);
      const [top, bottom] = [c * extent.height, d * extent.height].sort((x, y) => x - y);
      fc.pre(right - left > 0.01 && bottom - top > 0.01);
      const area = (right - left) * (bottom - top);
      const rectangle = { x: left, y: top, width: right - left, height: bottom - top };
      expect(sum(grid, rectangle) / area).toBeCloseTo(1, 6);
      const ring = [
        [left, top],
        [right, top],
        [right, bottom],
        [left, bottom],
      ] as const;
      expect(sum(grid, [[ring]]) / area).toBeCloseTo(1, 6);
      // A triangle has half of it, bends or not.
      expect(sum(grid, [[[ring[0], ring[1], ring[3]]]]) / area).toBeCloseTo(0.5, 6);
    }),
    { numRuns: 300 },
  );
});

test('a polygon gives each patch what the same rectangle does', () => {
  fc.assert(
    fc.property(grids, side, side, (grid, a, b) => {
      const extent = gridExtent(grid);
      const [x, y] = [a * extent.width * 0.7, b * extent.height * 0.7];
      const [width, height] = [extent.width * 0.3, extent.height * 0.3];
      const byRectangle = regionAreas(grid, { x, y, width, height });
      const polygon = [
        [x, y],
        [x + width, y],
        [x + width, y + height],
        [x, y + height],
      ] as const;
      const byPolygon = regionAreas(grid, [[polygon]]);
      const { range } = byPolygon;
      for (let row = range.rowStart; row < range.rowEnd; row++) {
        for (let column = range.columnStart; column < range.columnEnd; column++) {
          expect(byPolygon.areaOf(row, column)).toBeCloseTo(byRectangle.areaOf(row, column), 4);
        }
      }
    }),
    { numRuns: 200 },
  );
});

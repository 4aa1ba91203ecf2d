import fc from 'fast-check';
import { expect, test } from 'vitest';
import { analysisOrder } from '../../../server/src/heatmaps/analysis-order.ts';
import { patchGrid, patchPosition } from '../../../shared/geometry/patch-grid.ts';

const gridOf = (rows: number, columns: number, patch = 128) =>
  patchGrid(
    { width: columns * patch, height: rows * patch },
    { patchHeight: patch, patchWidth: patch, cellRows: 8, cellColumns: 8 },
    1,
  );

const side = fc.integer({ min: 1, max: 70 });

test('lists each patch of a range once, and no other', () => {
  fc.assert(
    fc.property(side, side, fc.nat(), fc.nat(), fc.nat(), fc.nat(), (rows, columns, a, b, c, d) => {
      const grid = gridOf(rows, columns);
      const [rowStart, rowEnd] = [a % rows, b % (rows + 1)].sort((x, y) => x - y);
      const [columnStart, columnEnd] = [c % columns, d % (columns + 1)].sort((x, y) => x - y);
      const expected: number[] = [];
      for (let row = rowStart; row < rowEnd; row++) {
        for (let column = columnStart; column < columnEnd; column++) expected.push(row * columns + column);
      }
      const order = [...analysisOrder(grid, { rowStart, rowEnd, columnStart, columnEnd })];
      expect(order.sort((x, y) => x - y)).toEqual(expected);
    }),
    { numRuns: 100 },
  );
});

test('goes coarse to fine down to stride 8, then block by block of 16 x 16, each in squares that are read at once', () => {
  const grid = gridOf(64, 64);
  const order = [...analysisOrder(grid, { rowStart: 0, rowEnd: 64, columnStart: 0, columnEnd: 64 })];
  const positions = order.map((index) => patchPosition(grid, index));
  const strideOf = ({ row, column }: { row: number; column: number }) => (row | column | 64) & -(row | column | 64);
  const spread = positions.slice(0, 64).map(strideOf);
  expect(spread).toEqual([...spread].sort((a, b) => b - a));
  expect(spread.at(-1)).toBe(8);
  const blocks = positions.slice(64).map(({ row, column }) => (row >> 4) * 4 + (column >> 4));
  expect(blocks).toEqual([...blocks].sort((a, b) => a - b));
  // 1024 slide pixels are 8 patches of 128.
  const square = positions.slice(64, 64 + 63).map(({ row, column }) => (row >> 3) * 8 + (column >> 3));
  expect(new Set(square)).toEqual(new Set([0]));
});

test('is not made as a whole: a slide of 200,000 pixels a side begins at once', () => {
  const grid = gridOf(6250, 6250, 32);
  const order = analysisOrder(grid, { rowStart: 0, rowEnd: 6250, columnStart: 0, columnEnd: 6250 });
  expect(order.next().value).toBe(0);
});

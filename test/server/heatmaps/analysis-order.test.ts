import fc from 'fast-check';
import { expect, test } from 'vitest';
import { analysisOrder, type DealtPatches } from '../../../server/src/heatmaps/analysis-order.ts';
import { patchGrid, patchPosition, wholeGrid } from '../../../shared/geometry/patch-grid.ts';

const gridOf = (rows: number, columns: number, patch = 128) =>
  patchGrid(
    { width: columns * patch, height: rows * patch },
    { patchHeight: patch, patchWidth: patch, cellRows: 8, cellColumns: 8 },
    1,
  );

/** All that is dealt, where the lanes take turns as listed, and the first one the rest. */
function deal(next: DealtPatches, turns: readonly number[] = []): { lane: number; index: number }[] {
  const dealt: { lane: number; index: number }[] = [];
  for (let turn = 0; ; turn++) {
    const lane = turns[turn] ?? 0;
    const index = next(lane);
    if (index === undefined) return dealt;
    dealt.push({ lane, index });
  }
}

const side = fc.integer({ min: 1, max: 70 });
const turns = fc.array(fc.nat({ max: 3 }), { maxLength: 6000, size: 'max' });

test('deals each patch of a range once, and no other, however many lanes there are and whoever is fastest', () => {
  fc.assert(
    fc.property(side, side, fc.tuple(fc.nat(), fc.nat(), fc.nat(), fc.nat()), turns, (rows, columns, ends, order) => {
      const [a, b, c, d] = ends;
      const grid = gridOf(rows, columns);
      const [rowStart, rowEnd] = [a % rows, b % (rows + 1)].sort((x, y) => x - y);
      const [columnStart, columnEnd] = [c % columns, d % (columns + 1)].sort((x, y) => x - y);
      const expected: number[] = [];
      for (let row = rowStart; row < rowEnd; row++) {
        for (let column = columnStart; column < columnEnd; column++) expected.push(row * columns + column);
      }
      const dealt = deal(analysisOrder(grid, { rowStart, rowEnd, columnStart, columnEnd }), order);
      expect(dealt.map(({ index }) => index).sort((x, y) => x - y)).toEqual(expected);
    }),
    { numRuns: 100 },
  );
});

test('goes coarse to fine down to stride 8, then block by block of 16 x 16, each in squares that are read at once', () => {
  const grid = gridOf(64, 64);
  const order = deal(analysisOrder(grid, wholeGrid(grid)));
  const positions = order.map(({ index }) => patchPosition(grid, index));
  const strideOf = ({ row, column }: { row: number; column: number }) => (row | column | 64) & -(row | column | 64);
  const spread = positions.slice(0, 64).map(strideOf);
  expect(spread).toEqual([...spread].sort((a, b) => b - a));
  expect(spread.at(-1)).toBe(8);
  const blocks = positions.slice(64).map(({ row, column }) => (row >> 4) * 4 + (column >> 4));
  expect(blocks).toEqual([...blocks].sort((a, b) => a - b));
  // 1024 slide pixels are 8 patches of 128; every square touches the one before it.
  const squares = positions.slice(64).map(({ row, column }) => (row >> 3) * 8 + (column >> 3));
  expect(squares.filter((square, i) => square !== squares[i - 1]).slice(0, 4)).toEqual([0, 1, 9, 8]);
});

test('gives each lane blocks of its own, and shares the last ones out', () => {
  const grid = gridOf(64, 64);
  const dealt = deal(
    analysisOrder(grid, wholeGrid(grid)),
    Array.from({ length: 4096 }, (_, i) => i % 3),
  ).slice(64);
  const lanesOfBlock = new Map<number, Set<number>>();
  for (const { lane, index } of dealt) {
    const { row, column } = patchPosition(grid, index);
    const block = (row >> 4) * 4 + (column >> 4);
    lanesOfBlock.set(block, (lanesOfBlock.get(block) ?? new Set()).add(lane));
  }
  const shared = [...lanesOfBlock].filter(([, lanes]) => lanes.size > 1).map(([block]) => block);
  expect(shared).toEqual([15]);
  const counts = [0, 1, 2].map((lane) => dealt.filter((patch) => patch.lane === lane).length);
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
});

test('a lane that has stopped leaves nothing undone', () => {
  const grid = gridOf(40, 40);
  const dealt = deal(analysisOrder(grid, wholeGrid(grid)), [...new Array<number>(25).fill(0), 1, 1, 1]);
  expect(new Set(dealt.map(({ index }) => index)).size).toBe(1600);
});

test('is not made as a whole: a slide of 200,000 pixels a side begins at once', () => {
  const grid = gridOf(6250, 6250, 32);
  expect(analysisOrder(grid, wholeGrid(grid))(0)).toBe(0);
});

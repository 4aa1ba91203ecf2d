import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BLOCK_SIDE, type KnownPatches, knownPatches } from '../../../server/src/values/known-patches.ts';
import { createBlock, setValues, type ValueBlock } from '../../../server/src/values/value-block.ts';
import { valuePyramid } from '../../../server/src/values/value-pyramid.ts';

/** A pyramid with all of its blocks in memory. */
function filled(rows: number, columns: number, values: number, masked = false) {
  const known = knownPatches(rows, columns);
  const pyramid = valuePyramid(known, values, masked);
  const blocks = new Map<string, ValueBlock>();
  const blockOf = (row: number, column: number) => {
    const block = blocks.get(`${row} ${column}`) ?? createBlock(values);
    blocks.set(`${row} ${column}`, block);
    return block;
  };
  const add = (row: number, column: number, patch: number[] | null) => {
    known.add(row, column, patch === null);
    const [blockRow, blockColumn] = [Math.floor(row / BLOCK_SIDE), Math.floor(column / BLOCK_SIDE)];
    const block = blockOf(blockRow, blockColumn);
    if (patch) setValues(block, row % BLOCK_SIDE, column % BLOCK_SIDE, patch);
    pyramid.settle(blockRow, blockColumn, block);
  };
  return {
    known,
    pyramid,
    add,
    mean: (k: number, row: number, column: number) => pyramid.nearestMean(k, row, column, blockOf),
  };
}

const patches = fc
  .record({ rows: fc.integer({ min: 1, max: 70 }), columns: fc.integer({ min: 1, max: 70 }) })
  .chain(({ rows, columns }) =>
    fc.record({
      rows: fc.constant(rows),
      columns: fc.constant(columns),
      indices: fc.uniqueArray(fc.integer({ min: 0, max: rows * columns - 1 }), { minLength: 1, maxLength: 60 }),
      seed: fc.nat(),
    }),
  );

const valuesOf = (index: number, seed: number) => [
  Math.fround(Math.sin(index + seed)),
  Math.fround(Math.cos(index * 3)),
];

const nodes = ({ rows, columns, top }: KnownPatches) =>
  Array.from({ length: top + 1 }, (_, k) => {
    const [down, across] = [Math.ceil(rows / 2 ** k), Math.ceil(columns / 2 ** k)];
    return Array.from({ length: down * across }, (_unused, i) => [k, Math.floor(i / across), i % across] as const);
  }).flat();

test('a node is the mean of its known patches, and the same bits whatever the order they came in', () => {
  fc.assert(
    fc.property(patches, ({ rows, columns, indices, seed }) => {
      const forwards = filled(rows, columns, 2);
      const backwards = filled(rows, columns, 2);
      for (const index of indices) forwards.add(Math.floor(index / columns), index % columns, valuesOf(index, seed));
      for (const index of [...indices].reverse()) {
        backwards.add(Math.floor(index / columns), index % columns, valuesOf(index, seed));
      }
      for (const [k, row, column] of nodes(forwards.known)) {
        const inside = indices.filter(
          (index) => Math.floor(index / columns) >> k === row && (index % columns) >> k === column,
        );
        expect(forwards.known.count(k, row, column)).toBe(inside.length);
        const found = forwards.mean(k, row, column);
        expect(found).toEqual(backwards.mean(k, row, column));
        if (inside.length === 0) continue;
        const mean = inside.reduce((sum, index) => sum + valuesOf(index, seed)[0], 0) / inside.length;
        expect(found?.mean?.[0]).toBeCloseTo(mean, 12);
        expect(found?.known).toBe(inside.length);
      }
    }),
    { numRuns: 30 },
  );
});

test('levels that are summed anew have the bits that they had', () => {
  const { pyramid, add, known } = filled(100, 80, 1);
  for (let i = 0; i < 300; i++) add((i * 37) % 100, (i * 53) % 80, [Math.sin(i)]);
  const before = Array.from({ length: known.top - 3 }, (_, i) => pyramid.level(i + 4).sums.slice());
  pyramid.resum();
  expect(before.map((_, i) => pyramid.level(i + 4).sums)).toEqual(before);
});

test('an unknown patch takes the mean of the smallest block that knows anything, with its share', () => {
  const { mean, add } = filled(5, 5, 1);
  expect(mean(0, 0, 0)).toBeUndefined();
  add(0, 1, [0.25]);
  add(3, 3, [0.75]);
  expect(mean(0, 0, 0)).toEqual({ mean: Float64Array.of(0.25), known: 1, total: 4, background: 0 });
  expect(mean(0, 0, 3)).toEqual({ mean: Float64Array.of(0.5), known: 2, total: 16, background: 0 });
  expect(mean(0, 4, 4)).toEqual({ mean: Float64Array.of(0.5), known: 2, total: 25, background: 0 });
});

test('background has no part in a mean; beforehand or by class its share is told', () => {
  const byClass = filled(2, 2, 1);
  byClass.add(0, 0, null);
  expect(byClass.mean(0, 0, 1)).toEqual({ mean: null, known: 1, total: 4, background: 1 });
  byClass.add(0, 1, [0.5]);
  expect(byClass.mean(1, 0, 0)).toEqual({ mean: Float64Array.of(0.5), known: 2, total: 4, background: 0.5 });

  const masked = filled(2, 2, 1, true);
  masked.add(0, 0, null);
  expect(masked.mean(0, 0, 0)).toEqual({ mean: null, known: 1, total: 1, background: 1 });
  expect(masked.mean(0, 0, 1)).toBeUndefined();
  masked.add(1, 1, [0.5]);
  expect(masked.mean(0, 0, 1)).toEqual({ mean: Float64Array.of(0.5), known: 2, total: 4, background: 0 });
  expect(masked.mean(1, 0, 0)).toEqual({ mean: Float64Array.of(0.5), known: 2, total: 4, background: 0.25 });
});

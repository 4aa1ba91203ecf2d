import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ValuePyramid } from '../../../server/src/heatmaps/value-pyramid.ts';

const patches = fc
  .record({ rows: fc.integer({ min: 1, max: 40 }), columns: fc.integer({ min: 1, max: 40 }) })
  .chain(({ rows, columns }) =>
    fc.record({
      rows: fc.constant(rows),
      columns: fc.constant(columns),
      known: fc.uniqueArray(fc.integer({ min: 0, max: rows * columns - 1 }), { minLength: 1, maxLength: 60 }),
      seed: fc.nat(),
    }),
  );

const valuesOf = (index: number, seed: number) => [
  Math.fround(Math.sin(index + seed)),
  Math.fround(Math.cos(index * 3)),
];

test('a node is the mean of its known patches, and the same bits whatever the order they came in', () => {
  fc.assert(
    fc.property(patches, ({ rows, columns, known, seed }) => {
      const forwards = new ValuePyramid(rows, columns, 2);
      const backwards = new ValuePyramid(rows, columns, 2);
      const add = (pyramid: ValuePyramid, index: number) =>
        pyramid.add(Math.floor(index / columns), index % columns, valuesOf(index, seed));
      for (const index of known) add(forwards, index);
      for (const index of [...known].reverse()) add(backwards, index);
      for (let k = 0; k <= forwards.top; k++) {
        for (let row = 0; row < Math.ceil(rows / 2 ** k); row++) {
          for (let column = 0; column < Math.ceil(columns / 2 ** k); column++) {
            const inside = known.filter(
              (index) => Math.floor(index / columns) >> k === row && (index % columns) >> k === column,
            );
            expect(forwards.count(k, row, column)).toBe(inside.length);
            const found = forwards.nearestMean(k, row, column);
            expect(found).toEqual(backwards.nearestMean(k, row, column));
            if (inside.length === 0) continue;
            const mean = inside.reduce((sum, index) => sum + valuesOf(index, seed)[0], 0) / inside.length;
            expect(found?.mean[0]).toBeCloseTo(mean, 12);
            expect(found?.known).toBe(inside.length);
          }
        }
      }
    }),
    { numRuns: 30 },
  );
});

test('an unknown patch takes the mean of the smallest block that knows anything, with its share', () => {
  const pyramid = new ValuePyramid(5, 5, 1);
  expect(pyramid.nearestMean(0, 0, 0)).toBeUndefined();
  pyramid.add(0, 1, [0.25]);
  pyramid.add(3, 3, [0.75]);
  expect(pyramid.nearestMean(0, 0, 0)).toEqual({ mean: Float64Array.of(0.25), known: 1, total: 4 });
  expect(pyramid.nearestMean(0, 0, 3)).toEqual({ mean: Float64Array.of(0.5), known: 2, total: 16 });
  expect(pyramid.nearestMean(0, 4, 4)).toEqual({ mean: Float64Array.of(0.5), known: 2, total: 25 });
});

test('a patch that is there keeps its values', () => {
  const pyramid = new ValuePyramid(2, 2, 1);
  pyramid.add(0, 0, [1]);
  pyramid.add(0, 0, [9]);
  expect(pyramid.nearestMean(1, 0, 0)?.mean[0]).toBe(1);
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { blocksTouching, knownPatches } from '../../../server/src/values/known-patches.ts';

const side = fc.integer({ min: 1, max: 60 });

describe('counts', () => {
  test('of any range are those of its patches', () => {
    fc.assert(
      fc.property(
        side,
        side,
        fc.array(fc.nat(), { maxLength: 200 }),
        fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
        (rows, columns, indices, ends) => {
          const known = knownPatches(rows, columns);
          for (const index of indices) {
            const at = index % (rows * columns);
            known.add(Math.floor(at / columns), at % columns, index % 3 === 0);
          }
          const [rowStart, rowEnd] = [ends[0] % (rows + 1), ends[1] % (rows + 1)].sort((a, b) => a - b);
          const [columnStart, columnEnd] = [ends[2] % (columns + 1), ends[3] % (columns + 1)].sort((a, b) => a - b);
          const expected = { total: 0, known: 0, background: 0 };
          for (let row = rowStart; row < rowEnd; row++) {
            for (let column = columnStart; column < columnEnd; column++) {
              expected.total++;
              if (known.isKnown(row, column)) expected.known++;
              if (known.isBackground(row, column)) expected.background++;
            }
          }
          expect(known.countIn({ rowStart, rowEnd, columnStart, columnEnd })).toEqual(expected);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('go back to what they were when patches are forgotten', () => {
    const known = knownPatches(40, 30);
    known.add(3, 4);
    known.add(17, 20, true);
    known.add(17, 20);
    expect([known.known, known.background(known.top, 0, 0)]).toEqual([2, 1]);
    known.remove(17, 20);
    known.remove(17, 20);
    known.remove(3, 4);
    expect([known.known, known.background(known.top, 0, 0), known.isKnown(3, 4)]).toEqual([0, 0, false]);
  });
});

describe('the finest stride whose samples are all known', () => {
  test.each([
    [1, 1],
    [2, 2],
    [4, 4],
    [64, 64],
  ])('%i', (stride, expected) => {
    const known = knownPatches(50, 41);
    for (let row = 0; row < 50; row += stride)
      for (let column = 0; column < 41; column += stride) known.add(row, column);
    expect(known.finestCompleteStride()).toBe(expected);
    known.remove(0, 0);
    expect(known.finestCompleteStride()).toBeUndefined();
  });
});

test.each([
  [{ rowStart: 0, rowEnd: 1, columnStart: 0, columnEnd: 1 }, [0]],
  [{ rowStart: 15, rowEnd: 17, columnStart: 16, columnEnd: 32 }, [1, 6]],
  [{ rowStart: 16, rowEnd: 32, columnStart: 31, columnEnd: 33 }, [6, 7]],
])('blocks that share patches with %j', (range, numbers) => {
  expect(blocksTouching(range, 5)).toEqual(numbers);
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hasTile, levelSize, maxLevel, tileBounds, tileCount } from '../../../shared/geometry/deep-zoom.ts';

const side = fc.integer({ min: 1, max: 300_000 });

describe('maxLevel', () => {
  test.each([
    [1, 1, 0],
    [2, 1, 1],
    [3, 2, 2],
    [255, 1, 8],
    [256, 256, 8],
    [257, 256, 9],
    [100_000, 80_000, 17],
  ])('%i x %i is %i', (width, height, expected) => {
    expect(maxLevel({ width, height })).toBe(expected);
  });
});

test('each level halves the one above, rounded up, down to one pixel', () => {
  fc.assert(
    fc.property(side, side, (width, height) => {
      const size = { width, height };
      expect(levelSize(size, maxLevel(size))).toEqual(size);
      expect(levelSize(size, 0)).toEqual({ width: 1, height: 1 });
      for (let level = maxLevel(size); level > 0; level--) {
        const { width: w, height: h } = levelSize(size, level);
        expect(levelSize(size, level - 1)).toEqual({ width: Math.ceil(w / 2), height: Math.ceil(h / 2) });
      }
    }),
    { numRuns: 200 },
  );
});

test('tiles cover their level, and neighbours share the overlap on both sides', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3000 }),
      fc.integer({ min: 1, max: 3000 }),
      fc.integer({ min: 1, max: 4 }),
      (width, height, overlap) => {
        const pyramid = { width, height, tileSize: 256, overlap };
        const level = maxLevel(pyramid);
        const { columns } = tileCount(pyramid, level);
        let covered = 0;
        for (let column = 0; column < columns; column++) {
          const bounds = tileBounds(pyramid, { level, column, row: 0 });
          expect(bounds.x).toBe(column === 0 ? 0 : column * 256 - overlap);
          expect(bounds.x).toBeLessThanOrEqual(covered);
          covered = bounds.x + bounds.width;
          expect(covered).toBe(column === columns - 1 ? width : Math.min(width, (column + 1) * 256 + overlap));
        }
        expect(covered).toBe(width);
      },
    ),
    { numRuns: 100 },
  );
});

test.each([
  [{ level: 9, column: 0, row: 0 }, true],
  [{ level: 9, column: 1, row: 1 }, true],
  [{ level: 9, column: 2, row: 0 }, false],
  [{ level: 10, column: 0, row: 0 }, false],
  [{ level: -1, column: 0, row: 0 }, false],
  [{ level: 9, column: 0.5, row: 0 }, false],
])('a pyramid of 400 x 300 has tile %o: %s', (address, expected) => {
  expect(hasTile({ width: 400, height: 300, tileSize: 256, overlap: 1 }, address)).toBe(expected);
});

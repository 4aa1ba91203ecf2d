import { expect, test } from 'vitest';
import { tracePatches } from '../../plugin/src/export/trace-patches.ts';

const maskOf = (rows: string[]) => Uint8Array.from(rows.join(''), (letter) => Number(letter === '#'));
const trace = (...rows: string[]) => tracePatches(maskOf(rows), rows.length, rows[0].length);

test('an area is one closed ring of its corners', () => {
  expect(trace('....', '.##.', '.##.')).toEqual([
    [
      [
        [3, 1],
        [3, 3],
        [1, 3],
        [1, 1],
        [3, 1],
      ],
    ],
  ]);
});

test('holes belong to the area around them, and areas in holes are their own', () => {
  const found = trace('#####', '#...#', '#.#.#', '#...#', '#####');
  expect(found.map((rings) => rings.length)).toEqual([2, 1]);
});

test('areas that meet at a corner stay apart', () => {
  expect(trace('#.', '.#')).toHaveLength(2);
});

test('of any mask the rings have the area of its values', () => {
  let seed = 7;
  for (let round = 0; round < 50; round++) {
    const mask = Uint8Array.from({ length: 12 * 9 }, () => {
      seed = (seed * 48271) % 2147483647;
      return Number(seed % 3 === 0);
    });
    const rings = tracePatches(mask, 9, 12).flat();
    const area = rings.reduce(
      (sum, ring) => sum + ring.slice(1).reduce((part, [x, y], i) => part + (ring[i][0] * y - x * ring[i][1]) / 2, 0),
      0,
    );
    expect(area).toBe(mask.reduce((sum, value) => sum + value, 0));
  }
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crossingEdges } from '../../../shared/geometry/ring-crossing.ts';

type Ring = [number, number][];
const closed = (...positions: Ring): Ring => [...positions, positions[0]];

test.each<[string, Ring, readonly [number, number] | undefined]>([
  ['a square', closed([0, 0], [9, 0], [9, 9], [0, 9]), undefined],
  ['a bow-tie', closed([0, 0], [9, 9], [9, 0], [0, 9]), [0, 2]],
  ['one that comes back to a corner', closed([0, 0], [4, 4], [8, 0], [8, 8], [4, 4], [0, 8]), undefined],
  ['one with edges on one line', closed([0, 0], [9, 0], [5, 0], [5, 5]), undefined],
  ['a star', closed([0, -5], [3, 4], [-5, -2], [5, -2], [-3, 4]), [1, 3]],
])('edges of %s', (_, ring, expected) => {
  expect(crossingEdges(ring)).toEqual(expected);
});

test('a ring around a point, at whatever distances, does not cross itself', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 10, max: 1000 }), { minLength: 3, maxLength: 60 }), (distances) => {
      const ring = closed(
        ...distances.map((distance, i): [number, number] => {
          const angle = (2 * Math.PI * i) / distances.length;
          return [distance * Math.cos(angle), distance * Math.sin(angle)];
        }),
      );
      expect(crossingEdges(ring)).toBeUndefined();
    }),
  );
});

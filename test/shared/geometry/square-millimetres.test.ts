import { expect, test } from 'vitest';
import { squareMillimetres } from '../../../shared/geometry/square-millimetres.ts';

test.each([
  [4_000_000, 0.5, 1],
  [1e6, 0.25, 0.0625],
  [0, 0.5, 0],
  [1e6, null, null],
])('%d square pixels at %d microns are %d square millimetres', (area, mpp, expected) => {
  expect(squareMillimetres(area, mpp)).toBe(expected);
});

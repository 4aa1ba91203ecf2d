import { expect, test } from 'vitest';
import { patchSetNumber } from '../../../server/src/values/patch-set.ts';

test('sets of one patch, of none and of all have numbers of their own, exact in a float64', () => {
  const numbers = Array.from({ length: 256 }, (_, patch) =>
    patchSetNumber((row, column) => row * 16 + column === patch),
  );
  numbers.push(
    patchSetNumber(() => false),
    patchSetNumber(() => true),
  );
  expect(new Set(numbers).size).toBe(258);
  expect(numbers[256]).toBe(0);
  expect(numbers.every(Number.isSafeInteger)).toBe(true);
});

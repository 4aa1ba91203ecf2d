import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { activate } from '../../shared/activation.ts';

describe('activate', () => {
  test.each([
    { name: 'softmax of equal logits', values: [5, 5], activation: 'softmax', expected: [0.5, 0.5] },
    { name: 'softmax', values: [0, Math.log(3)], activation: 'softmax', expected: [0.25, 0.75] },
    { name: 'softmax of huge logits', values: [1000, -1000], activation: 'softmax', expected: [1, 0] },
    { name: 'sigmoid', values: [0, Math.log(3)], activation: 'sigmoid', expected: [0.5, 0.75] },
    { name: 'sigmoid of huge logits', values: [1000, -1000], activation: 'sigmoid', expected: [1, 0] },
    { name: 'none', values: [-3, 8], activation: 'none', expected: [-3, 8] },
  ] as const)('$name', ({ values, activation, expected }) => {
    const result = activate(values, 2, activation);
    for (const [i, value] of expected.entries()) expect(result[i]).toBeCloseTo(value, 6);
  });

  it('works on each group of classes alone', () => {
    fc.assert(
      fc.property(fc.array(fc.float({ noNaN: true, min: -50, max: 50 }), { minLength: 3, maxLength: 3 }), (logits) => {
        const alone = activate(logits, 3, 'softmax');
        const among = activate([9, -9, 0, ...logits], 3, 'softmax');
        expect(Array.from(among.subarray(3))).toEqual(Array.from(alone));
        expect(alone[0] + alone[1] + alone[2]).toBeCloseTo(1, 5);
      }),
    );
  });

  it('refuses values that do not fill the classes', () => {
    expect(() => activate([1, 2, 3], 2, 'softmax')).toThrow(RangeError);
  });
});

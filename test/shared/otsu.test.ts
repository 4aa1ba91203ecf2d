import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { otsuThreshold } from '../../shared/otsu.ts';

function histogramOf(counts: Record<number, number>): number[] {
  return Array.from({ length: 256 }, (_, value) => counts[value] ?? 0);
}

describe("Otsu's threshold", () => {
  test.each<[string, Record<number, number>, number]>([
    ['nothing', {}, 0],
    ['one value', { 200: 1000 }, 0],
    ['black alone', { 0: 1000 }, 0],
    ['two neighbours', { 7: 10, 8: 3 }, 8],
    ['the first and the last value', { 0: 10, 255: 10 }, 128],
    ['two values far apart: their middle', { 100: 900, 200: 100 }, 150],
    ['two groups', { 10: 5, 11: 9, 12: 5, 90: 2, 91: 4, 92: 2 }, 51],
  ])('of %s', (_, counts, expected) => {
    expect(otsuThreshold(histogramOf(counts))).toBe(expected);
  });

  test('leaves the least variance within its two classes', () => {
    const within = (histogram: readonly number[], threshold: number) =>
      [histogram.slice(0, threshold), histogram.slice(threshold)].reduce((sum, part) => {
        const count = part.reduce((a, b) => a + b, 0);
        if (count === 0) return sum;
        const mean = part.reduce((a, b, i) => a + b * i, 0) / count;
        return sum + part.reduce((a, b, i) => a + b * (i - mean) ** 2, 0);
      }, 0);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 1000 }), { minLength: 2, maxLength: 40 }), (histogram) => {
        fc.pre(histogram.filter((count) => count > 0).length >= 2);
        const least = Math.min(...histogram.map((_, threshold) => within(histogram, threshold)));
        expect(within(histogram, otsuThreshold(histogram))).toBeLessThanOrEqual(least * (1 + 1e-9) + 1e-9);
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { effectiveSamples, meanInterval } from '../../../server/src/heatmaps/interval.ts';

const share = fc.double({ min: 0, max: 1, noNaN: true });

describe('the interval', () => {
  test.each([
    // Clopper and Pearson's, where the population is without end; the ends for no hits are 1 - 0.025^(1/n).
    [0.1, 100, 1e15, 0.0490047, 0.1762226],
    [0, 50, 1e15, 0, 0.0711217],
    [1, 50, 1e15, 0.9288783, 1],
    [0.5, 16, 1e15, 0.24651, 0.75349],
  ])('of a mean of %d in %i of %d is %d to %d', (mean, samples, patches, low, high) => {
    const interval = meanInterval(mean, samples, patches);
    expect(interval?.low).toBeCloseTo(low, 5);
    expect(interval?.high).toBeCloseTo(high, 5);
  });

  test.each([
    [0.5, 15.9, 1000, undefined],
    [0.25, 9, 9, { low: 0.25, high: 0.25 }],
    [1.0000001, 1000, 1000, { low: 1.0000001, high: 1.0000001 }],
  ])('of a mean of %d in %d of %d is %o', (mean, samples, patches, expected) => {
    expect(meanInterval(mean, samples, patches)).toEqual(expected);
  });

  test('holds the mean, lies between 0 and 1, and is the mirror image for 1 - mean', () => {
    fc.assert(
      fc.property(
        share,
        fc.double({ min: 16, max: 1e6, noNaN: true }),
        fc.integer({ min: 1, max: 1e6 }),
        (mean, n, rest) => {
          const { low, high } = meanInterval(mean, n, n + rest) ?? { low: Number.NaN, high: Number.NaN };
          expect(low).toBeGreaterThanOrEqual(0);
          expect(low).toBeLessThanOrEqual(mean);
          expect(high).toBeGreaterThanOrEqual(mean);
          expect(high).toBeLessThanOrEqual(1);
          const mirror = meanInterval(1 - mean, n, n + rest);
          expect(mirror?.low).toBeCloseTo(1 - high, 7);
          expect(mirror?.high).toBeCloseTo(1 - low, 7);
        },
      ),
    );
  });

  test('lies between 0 and 1 where the mean is all but 1', () => {
    expect(meanInterval(0.9999999999999711, 999970.6048760106, 999971.6048760106)?.high).toBeLessThanOrEqual(1);
  });

  test('shrinks with every sample, to a point as the population is used up', () => {
    const width = (samples: number) => {
      const { low, high } = meanInterval(0.3, samples, 1000) ?? { low: 0, high: Infinity };
      return high - low;
    };
    for (let samples = 17; samples <= 1000; samples++) expect(width(samples)).toBeLessThan(width(samples - 1));
    expect(width(999)).toBeLessThan(0.005);
  });
});

describe('the effective samples', () => {
  test.each([
    [[1, 1, 1, 1], 4],
    [[256, 256, 256], 3],
    [[0, 2, 2, 0], 2],
    [[4, 4, 4, 1], 169 / 49],
    [[1, 1e-9], 1],
  ])('of weights %j are %d', (weights, expected) => {
    expect(effectiveSamples(weights)).toBeCloseTo(expected, 8);
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { betaDistribution, betaQuantile } from '../../../server/src/heatmaps/beta-distribution.ts';

/** P(X >= a) of a binomial of n trials, which the beta distribution with parameters a and n - a + 1 is. */
function upperTail(x: number, a: number, n: number): number {
  let term = (1 - x) ** n;
  let below = 0;
  for (let k = 0; k < a; k++) {
    below += term;
    term *= ((n - k) / (k + 1)) * (x / (1 - x));
  }
  return 1 - below;
}

const parameter = fc.oneof(
  fc.double({ min: 1e-3, max: 1, noNaN: true }),
  fc.double({ min: 1, max: 50, noNaN: true }),
  fc.double({ min: 50, max: 1e6, noNaN: true }),
);
const share = fc.double({ min: 0.001, max: 0.999, noNaN: true });

describe('the beta distribution', () => {
  test('is a binomial tail for whole parameters', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 60 }), share, (a, more, x) => {
        expect(betaDistribution(x, a, more + 1)).toBeCloseTo(upperTail(x, a, a + more), 9);
      }),
    );
  });

  test('has closed forms where a parameter is 1', () => {
    fc.assert(
      fc.property(parameter, share, (a, x) => {
        expect(betaDistribution(x, a, 1)).toBeCloseTo(x ** a, 9);
        expect(betaDistribution(x, 1, a)).toBeCloseTo(1 - (1 - x) ** a, 9);
      }),
    );
  });

  test.each([
    [0, 3, 4, 0],
    [-1, 3, 4, 0],
    [1, 3, 4, 1],
    [0.5, 7, 7, 0.5],
  ])('at %d with %d and %d is %d', (x, a, b, expected) => {
    expect(betaDistribution(x, a, b)).toBeCloseTo(expected, 12);
  });
});

describe('its quantile', () => {
  test('is where the distribution has the share', () => {
    fc.assert(
      fc.property(parameter, parameter, fc.constantFrom(0.025, 0.5, 0.975), (a, b, q) => {
        const x = betaQuantile(q, a, b);
        // Next to 0 it is not looked for, next to 1 floats are too coarse to hit the share.
        fc.pre(x > 1e-15 && x < 1 - 1e-9);
        expect(betaDistribution(x, a, b)).toBeCloseTo(q, 6);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    [0, 2, 3, 0],
    [1, 2, 3, 1],
    [0.25, 1, 1, 0.25],
    [0.49, 2, 1, 0.7],
  ])('%d with %d and %d is %d', (q, a, b, expected) => {
    expect(betaQuantile(q, a, b)).toBeCloseTo(expected, 12);
  });
});

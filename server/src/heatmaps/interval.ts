import { betaQuantile } from './beta-distribution.ts';

/** Below so many samples no interval is given: it would be too wide to mean anything. */
const MIN_SAMPLES = 16;

/** On each side of a 95 % interval. */
const TAIL = 0.025;

/** What is known of a mean: the 95 % interval that holds it. */
export interface Interval {
  low: number;
  high: number;
}

/**
 * Samples of equal weight that tell as much as these do: (sum w)^2 / sum w^2 (Kish, Survey Sampling, 1965). The blocks at
 * the right and bottom edge of a grid are smaller, so their samples add less.
 * @param weights above 0 somewhere
 */
export function effectiveSamples(weights: Iterable<number>): number {
  let sum = 0;
  let squares = 0;
  for (const weight of weights) {
    sum += weight;
    squares += weight ** 2;
  }
  return sum ** 2 / squares;
}

/**
 * 95 % interval of the mean of values from 0 to 1, of which some were sampled: Clopper and Pearson's of a proportion
 * (Biometrika 26, 1934) with the effective sample size for the number of trials, as Korn and Graubard take it for surveys
 * (Survey Methodology 24, 1998). Wilson's, which is narrower, leaves out the truth in up to 15 of 100 slides with a rare
 * class: the first sample that hits it lifts the lower end above the truth. Values between 0 and 1 vary less than a
 * proportion of the same mean, and neighbours that are alike make a regular sample better than a random one: both make the
 * interval wider than it needs to be. What it does not allow for are structures that follow the grid's own rows and columns,
 * above all a border of glass that is thinner than the stride: the top-left patches of the first blocks lie on it, and make
 * it look as wide as a block.
 *
 * The sample size is raised for a finite population, n (N - 1) / (N - n): the more of the patches are known, the less is
 * left to be unsure of.
 * @param mean the estimate, 0 to 1
 * @param samples effective, as `effectiveSamples` counts them
 * @param patches N; the interval is a point where all are samples
 * @returns undefined below 16 samples
 */
export function meanInterval(mean: number, samples: number, patches: number): Interval | undefined {
  if (samples >= patches) return { low: mean, high: mean };
  if (samples < MIN_SAMPLES) return undefined;
  const trials = (samples * (patches - 1)) / (patches - samples);
  // Means of float32 probabilities may be a little beyond 0 and 1.
  const hits = trials * Math.max(0, Math.min(1, mean));
  return {
    low: hits > 0 ? betaQuantile(TAIL, hits, trials - hits + 1) : 0,
    high: hits < trials ? betaQuantile(1 - TAIL, hits + 1, trials - hits) : 1,
  };
}

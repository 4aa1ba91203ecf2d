import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HISTOGRAM_BINS, type RegionSample, regionStatistics } from '../../../server/src/heatmaps/region-statistics.ts';

const histogram = (shares: Record<number, number>) =>
  Array.from({ length: HISTOGRAM_BINS }, (_, bin) => shares[bin] ?? 0);

function statisticsOf(classes: number, samples: readonly RegionSample[]) {
  const statistics = regionStatistics(classes);
  for (const sample of samples) statistics.add(sample);
  return statistics.result();
}

describe('the statistics of a region', () => {
  test.each<[string, RegionSample[], object[]]>([
    [
      'no samples',
      [],
      [
        { mean: null, leadingArea: 0, histogram: histogram({}) },
        { mean: null, leadingArea: 0, histogram: histogram({}) },
      ],
    ],
    [
      'samples without area',
      [{ values: [0.5, 0.5], weight: 0 }],
      [
        { mean: null, leadingArea: 0, histogram: histogram({}) },
        { mean: null, leadingArea: 0, histogram: histogram({}) },
      ],
    ],
    [
      'samples of different areas',
      [
        { values: [0.25, 0.75], weight: 3 },
        { values: [1, 0], weight: 1 },
      ],
      [
        { mean: 0.4375, leadingArea: 1, histogram: histogram({ 5: 0.75, 19: 0.25 }) },
        { mean: 0.5625, leadingArea: 3, histogram: histogram({ 15: 0.75, 0: 0.25 }) },
      ],
    ],
    [
      'classes that are equally probable',
      [{ values: Float32Array.of(0.5, 0.5), weight: 16384 }],
      [
        { mean: 0.5, leadingArea: 16384, histogram: histogram({ 10: 1 }) },
        { mean: 0.5, leadingArea: 0, histogram: histogram({ 10: 1 }) },
      ],
    ],
    [
      'float noise beyond 0 and 1',
      [{ values: [1.0000001, -1e-8], weight: 1 }],
      [
        { mean: 1.0000001, leadingArea: 1, histogram: histogram({ 19: 1 }) },
        { mean: -1e-8, leadingArea: 0, histogram: histogram({ 0: 1 }) },
      ],
    ],
  ])('of %s', (_, samples, expected) => {
    expect(statisticsOf(2, samples)).toEqual(expected);
  });

  test('add up: histograms to 1, leading areas to the region, and a sample split in two changes nothing', () => {
    const sample = fc.record({
      values: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 }),
      weight: fc.double({ min: 0.001, max: 1e6, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 40 }), (samples) => {
        const area = samples.reduce((sum, { weight }) => sum + weight, 0);
        const statistics = statisticsOf(3, samples);
        const leading = statistics.reduce((sum, { leadingArea }) => sum + leadingArea, 0);
        expect(leading / area).toBeCloseTo(1, 9);
        const halves = samples.flatMap(({ values, weight }) => [
          { values, weight: weight / 2 },
          { values, weight: weight / 2 },
        ]);
        statisticsOf(3, halves).forEach((half, c) => {
          expect(half.mean).toBeCloseTo(statistics[c].mean ?? Number.NaN, 9);
          expect(statistics[c].histogram.reduce((sum, share) => sum + share)).toBeCloseTo(1, 9);
        });
      }),
    );
  });
});

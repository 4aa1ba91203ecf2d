import { expect, test } from 'vitest';
import type { TileScores } from '../../plugin/src/tile-scores.ts';
import { HISTOGRAM_BINS, viewHistogram } from '../../plugin/src/view-histogram.ts';

/** A row of values of one class, with the coverage and the background of each. */
function row(scores: number[], coverage: number[], background: number[]): TileScores {
  const data = Uint8Array.from([...scores, ...coverage, ...background]);
  return {
    address: { level: 8, column: 0, row: 0 },
    request: { score: 'probability', planes: [2] },
    tile: { data, classes: 1, rows: 1, columns: scores.length, one: 255 },
    missing: 0,
    revision: undefined,
    stale: false,
    fruitless: 0,
    notBefore: 0,
    painted: 0,
  };
}

test('counts what is known and no background, by the root, ends included', () => {
  const tile = row([0, 255, 255, 255, 255, 128, 90], [255, 255, 1, 255, 255, 0, 255], [0, 0, 0, 0, 0, 0, 255]);
  const bins = viewHistogram([tile], 2, [0, 1]);
  expect(bins).toHaveLength(HISTOGRAM_BINS);
  expect(bins[0]).toBe(0.5);
  expect(bins[HISTOGRAM_BINS - 1]).toBe(1);
  expect(bins.filter((height) => height > 0)).toHaveLength(2);
});

test('counts beyond the scale at its ends', () => {
  const bins = viewHistogram([row([0, 255], [255, 255], [0, 0])], 2, [0.4, 0.6]);
  expect([bins[0], bins[HISTOGRAM_BINS - 1]]).toEqual([1, 1]);
});

test('is empty where nothing is known, or of another class', () => {
  const tile = row([9], [0], [0]);
  for (const [tiles, index] of [
    [[], 2],
    [[tile], 2],
    [[tile], 0],
  ] as const) {
    expect(viewHistogram(tiles, index, [0, 1]).every((height) => height === 0)).toBe(true);
  }
});

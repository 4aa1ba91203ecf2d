import { describe, expect, test } from 'vitest';
import { breakdownOf } from '../../../server/src/heatmaps/breakdown.ts';
import { addResults, type Heatmap } from '../../../server/src/heatmaps/heatmap.ts';
import { syntheticHeatmap, syntheticResults } from './synthetic-heatmap.ts';

function classify(heatmap: Heatmap, wanted: (row: number, column: number) => boolean) {
  const { rows, columns } = heatmap.grid;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if (wanted(row, column)) addResults(heatmap, [row * columns + column], syntheticResults([{ row, column }]));
    }
  }
}

const truth = (heatmap: Heatmap) => {
  const { rows, columns } = heatmap.grid;
  let sum = 0;
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) sum += ((row * 13 + column * 29) % 100) / 100;
  return sum / (rows * columns);
};

describe('the breakdown', () => {
  test('is null while nothing is known', () => {
    const { breakdown, patches, exact } = breakdownOf(syntheticHeatmap(9, 7));
    expect(breakdown[0]).toEqual({ class: 'a', probability: null, low: null, high: null });
    expect({ patches, exact }).toEqual({ patches: { known: 0, total: 63 }, exact: false });
  });

  test('is the mean over all patches, and exact, once they are known', () => {
    const heatmap = syntheticHeatmap(21, 13);
    classify(heatmap, () => true);
    const { breakdown, exact } = breakdownOf(heatmap);
    expect(exact).toBe(true);
    expect(breakdown[0].probability).toBeCloseTo(truth(heatmap), 6);
    expect(breakdown[0].low).toBe(breakdown[0].probability);
    expect(breakdown.reduce((sum, { probability }) => sum + (probability ?? 0), 0)).toBeCloseTo(1, 6);
  });

  test('is estimated from the finest whole stride, so that a corner looked at closely does not bias it', () => {
    const heatmap = syntheticHeatmap(32, 32);
    classify(heatmap, (row, column) => row % 4 === 0 && column % 4 === 0);
    const before = breakdownOf(heatmap);
    classify(heatmap, (row, column) => row < 10 && column < 10);
    const after = breakdownOf(heatmap);
    expect(after.breakdown).toEqual(before.breakdown);
    expect(after.patches.known).toBeGreaterThan(before.patches.known);
    const [{ low, high, probability }] = after.breakdown;
    expect(low).toBeLessThan(probability ?? 0);
    expect(high).toBeGreaterThan(probability ?? 1);
    expect(truth(heatmap)).toBeGreaterThan(low ?? 1);
    expect(truth(heatmap)).toBeLessThan(high ?? 0);
  });

  test('weighs the patches of a region by the share of them that lies in it', () => {
    const heatmap = syntheticHeatmap(4, 4);
    classify(heatmap, () => true);
    // Patch 0,0 whole, half of patch 0,1.
    const { breakdown, patches, of } = breakdownOf(heatmap, { x: 0, y: 0, width: 48, height: 32 });
    expect({ patches, of }).toEqual({ patches: { known: 2, total: 2 }, of: 'region' });
    expect(breakdown[0].probability).toBeCloseTo((0 * 1 + 0.29 * 0.5) / 1.5, 6);
  });

  test('of a region in the remainder has no patches', () => {
    const heatmap = syntheticHeatmap(4, 4);
    expect(breakdownOf(heatmap, { x: 129, y: 0, width: 3, height: 9 }).patches.total).toBe(0);
  });
});

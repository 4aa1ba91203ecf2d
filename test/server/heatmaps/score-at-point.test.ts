import { expect, test } from 'vitest';
import type { Scheduler } from '../../../server/src/heatmaps/scheduler.ts';
import { scoreAtPoint } from '../../../server/src/heatmaps/score-at-point.ts';
import { syntheticHeatmap } from './synthetic-heatmap.ts';

/** Nothing is asked of it: every patch is known. */
const idle: Scheduler = {
  classify: async () => {},
  patchesPerSecond: () => null,
  isBusy: () => false,
  classified: 0,
  waiting: { wishes: 0, tasks: 0 },
};

test('on the border of two cells it is the cell that begins there', async () => {
  const shape = { patchHeight: 75, patchWidth: 75, cellRows: 10, cellColumns: 10 };
  const heatmap = await syntheticHeatmap(30, 4, { model: shape });
  const classes = heatmap.model.classes.length;
  // Each cell's CAM + bias is its column in the patch.
  const cells = Float32Array.from({ length: 100 * classes }, (_, i) => Math.floor(i / classes) % 10);
  const { columns } = heatmap.grid;
  for (let column = 0; column < columns; column++) {
    await heatmap.values.add([column], { cells, probabilities: new Float32Array(classes).fill(1 / classes) });
  }
  for (const x of [0, 285, 435, 690, 795, 7, 8, 74]) {
    const { classes: found } = await scoreAtPoint(heatmap, idle, x, 10, {});
    // The third class has no bias.
    expect(found?.[2].cam).toBe(Math.floor((x * 10) / 75) % 10);
  }
});

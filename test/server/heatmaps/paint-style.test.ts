import { expect, test } from 'vitest';
import { paintStyle } from '../../../server/src/heatmaps/paint-style.ts';
import type { Method } from '../../../shared/heatmap-descriptor.ts';
import { syntheticHeatmap } from './synthetic-heatmap.ts';

const { model } = await syntheticHeatmap(2, 2);

// The synthetic model has 2 x 2 cells.
test.each<[Method, 'cam' | 'patch', [number, number]]>([
  ['cam', 'cam', [0, 1]],
  ['hirescam', 'cam', [0, 0.25]],
  ['gradcam', 'cam', [0, 0.25]],
  ['gradcam', 'patch', [0, 1]],
])('colours of %s, score %s, end at %j unless told otherwise', (method, score, range) => {
  const mapped = { ...model, method };
  expect(paintStyle(mapped, [0], { score }).range).toEqual(range);
  expect(paintStyle(mapped, [0], { score, range: [-1, 2] }).range).toEqual([-1, 2]);
});

import { patchIndex, wholeGrid } from '../../../shared/geometry/patch-grid.ts';
import { overviewStride } from '../../../shared/geometry/stride.ts';
import type { Heatmap } from './heatmap.ts';
import { probabilitiesOf } from './patch-scores.ts';
import type { Scheduler } from './scheduler.ts';
import type { WishOptions } from './wishes.ts';

/**
 * The `count` most probable classes of the breakdown at the overview's stride (at most 36 patches, classified first
 * where they are not known), so that which classes a tile shows depends on slide and model alone.
 * @returns indices of classes, the most probable first; ties by index
 */
export async function topClasses(
  heatmap: Heatmap,
  scheduler: Scheduler,
  count: number,
  wish: WishOptions,
): Promise<number[] | undefined> {
  const overview = await heatmap.atLevel(0);
  const missing = overviewSamples(overview)
    .filter(({ row, column }) => !overview.values.known.isKnown(row, column))
    .map((position) => patchIndex(overview.grid, position));
  if (missing.length > 0) await scheduler.classify(overview, missing, wish);
  return knownTopClasses(heatmap, count);
}

/** All classes, the most probable first, of heatmaps whose overview is known: it will not change. */
const settled = new WeakMap<Heatmap, number[]>();

/** As `topClasses`, or undefined while one of the overview's patches is not known. */
export async function knownTopClasses(heatmap: Heatmap, count: number): Promise<number[] | undefined> {
  const known = settled.get(heatmap);
  if (known) return known.slice(0, count);
  const { grid, model, values, ...overview } = await heatmap.atLevel(0);
  const positions = overviewSamples({ grid, values, ...overview });
  if (!positions.every(({ row, column }) => values.known.isKnown(row, column))) return undefined;
  const indices = positions
    .filter(({ row, column }) => !values.known.isBackground(row, column))
    .map((position) => patchIndex(grid, position));
  const records = await values.records(indices);
  const sums = new Array<number>(model.classes.length).fill(0);
  for (const index of indices) {
    const record = records.get(index);
    if (!record) return undefined;
    const probabilities = probabilitiesOf(model, record);
    for (let i = 0; i < sums.length; i++) sums[i] += probabilities[i];
  }
  const order = mostProbable(sums, sums.length);
  settled.set(heatmap, order);
  return order.slice(0, count);
}

/** Indices of the `count` largest, the largest first; ties by index. */
export function mostProbable(probabilities: readonly number[], count: number): number[] {
  return probabilities
    .map((_, index) => index)
    .sort((a, b) => probabilities[b] - probabilities[a] || a - b)
    .slice(0, count);
}

function overviewSamples({ grid, pyramid, strides, values }: Pick<Heatmap, 'grid' | 'pyramid' | 'strides' | 'values'>) {
  return values.known.samplesIn(wholeGrid(grid), overviewStride(pyramid, strides));
}

import { patchIndex } from '../../../shared/geometry/patch-grid.ts';
import { overviewStride, samplesOfRange } from '../../../shared/geometry/stride.ts';
import { type Heatmap, isKnown, patchValues } from './heatmap.ts';
import type { Scheduler } from './scheduler.ts';

/**
 * The `count` most probable classes of the breakdown at the overview's stride (at most 36 patches, classified first
 * where they are not known), so that which classes a tile shows depends on slide and model alone.
 * @returns indices of classes, the most probable first; ties by index
 */
export async function topClasses(
  heatmap: Heatmap,
  scheduler: Scheduler,
  count: number,
  signal?: AbortSignal,
): Promise<number[] | undefined> {
  const missing = overviewSamples(heatmap)
    .filter(({ row, column }) => !isKnown(heatmap, row, column))
    .map((position) => patchIndex(heatmap.grid, position));
  if (missing.length > 0) await scheduler.classify(heatmap, missing, { priority: 'view', signal });
  return knownTopClasses(heatmap, count);
}

/** As `topClasses`, or undefined while one of the overview's patches is not known. */
export function knownTopClasses(heatmap: Heatmap, count: number): number[] | undefined {
  const sums = new Array<number>(heatmap.model.classes.length).fill(0);
  for (const { row, column } of overviewSamples(heatmap)) {
    const values = patchValues(heatmap, row, column, 'patch');
    if (!values) return undefined;
    for (let i = 0; i < sums.length; i++) sums[i] += values[i];
  }
  return mostProbable(sums, count);
}

/** Indices of the `count` largest, the largest first; ties by index. */
export function mostProbable(probabilities: readonly number[], count: number): number[] {
  return probabilities
    .map((_, index) => index)
    .sort((a, b) => probabilities[b] - probabilities[a] || a - b)
    .slice(0, count);
}

function overviewSamples({ grid, pyramid, strides }: Heatmap) {
  const range = { rowStart: 0, rowEnd: grid.rows, columnStart: 0, columnEnd: grid.columns };
  return samplesOfRange(range, overviewStride(pyramid, strides));
}

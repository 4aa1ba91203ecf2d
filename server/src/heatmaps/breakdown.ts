import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';
import { type PatchGrid, type PatchRange, patchesTouching } from '../../../shared/geometry/patch-grid.ts';
import { samplesOfRange } from '../../../shared/geometry/stride.ts';
import type { Breakdown, ClassShare } from '../../../shared/heatmap-descriptor.ts';
import { type Heatmap, isKnown, knownPatches, patchValues } from './heatmap.ts';
import { effectiveSamples, meanInterval } from './interval.ts';

/**
 * Mean predicted probability of every class over the patches of the slide, or of those that a region touches, each
 * weighted by the share of it that lies in the region. While patches are missing it is estimated from the finest
 * stride at which every block has its sample, blocks weighted by their patches, so that places where somebody zoomed
 * in do not count more than others.
 * @param region slide pixels
 */
export function breakdownOf(heatmap: Heatmap, region?: Rectangle): Breakdown {
  const { grid, values, model } = heatmap;
  const range: PatchRange = region
    ? patchesTouching(grid, region)
    : { rowStart: 0, rowEnd: grid.rows, columnStart: 0, columnEnd: grid.columns };
  const total = (range.rowEnd - range.rowStart) * (range.columnEnd - range.columnStart);
  const known = region ? countKnown(heatmap, range) : knownPatches(heatmap);
  const exact = total > 0 && known === total;
  const estimate =
    exact && !region
      ? { means: meanOfRoot(heatmap), samples: total }
      : estimateAtFinestStride(heatmap, range, region && patchWeights(grid, region));
  const breakdown = model.classes.map(({ name }, index): ClassShare => {
    if (!estimate) return { class: name, probability: null, low: null, high: null };
    const probability = estimate.means[index];
    if (exact) return { class: name, probability, low: probability, high: probability };
    // Only a proportion has such an interval.
    const interval = model.activation === 'none' ? undefined : meanInterval(probability, estimate.samples, total);
    return { class: name, probability, low: interval?.low ?? null, high: interval?.high ?? null };
  });
  return { breakdown, patches: { known, total }, exact, of: region ? 'region' : 'slide' };

  function meanOfRoot({ scores }: Heatmap): number[] {
    const start = scores.indexOf('patch') * model.classes.length;
    const root = values.nearestMean(values.top, 0, 0);
    return Array.from(root?.mean.subarray(start, start + model.classes.length) ?? []);
  }
}

/** Classified patches of a range. */
export function countKnown(heatmap: Heatmap, range: PatchRange): number {
  let known = 0;
  for (let row = range.rowStart; row < range.rowEnd; row++) {
    for (let column = range.columnStart; column < range.columnEnd; column++) {
      if (isKnown(heatmap, row, column)) known++;
    }
  }
  return known;
}

/** Share of a patch, by area, that counts; 0 to 1. */
type PatchWeight = (row: number, column: number) => number;

function estimateAtFinestStride(
  heatmap: Heatmap,
  range: PatchRange,
  weightOf: PatchWeight | undefined,
): { means: number[]; samples: number } | undefined {
  const coarsest = 2 ** heatmap.values.top;
  for (let stride = 1; stride <= coarsest; stride *= 2) {
    if (!everySampleIsKnown(heatmap, range, stride)) continue;
    const sums = new Array<number>(heatmap.model.classes.length).fill(0);
    const weights: number[] = [];
    for (const { row, column } of samplesOfRange(range, stride)) {
      const values = patchValues(heatmap, row, column, 'patch');
      if (!values) continue;
      const weight = blockWeight(range, row, column, stride, weightOf);
      weights.push(weight);
      for (let i = 0; i < sums.length; i++) sums[i] += weight * values[i];
    }
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    if (total === 0) return undefined;
    return { means: sums.map((sum) => sum / total), samples: effectiveSamples(weights) };
  }
  return undefined;
}

/** Stops at the first gap, which for the finer strides comes early. */
function everySampleIsKnown(heatmap: Heatmap, range: PatchRange, stride: number): boolean {
  for (let row = Math.floor(range.rowStart / stride) * stride; row < range.rowEnd; row += stride) {
    for (let column = Math.floor(range.columnStart / stride) * stride; column < range.columnEnd; column += stride) {
      if (!isKnown(heatmap, row, column)) return false;
    }
  }
  return true;
}

/** The weight of a block: its patches within the range, or the sum of their own weights. */
function blockWeight(
  range: PatchRange,
  row: number,
  column: number,
  stride: number,
  weightOf: PatchWeight | undefined,
): number {
  const rowStart = Math.max(range.rowStart, row);
  const rowEnd = Math.min(range.rowEnd, row + stride);
  const columnStart = Math.max(range.columnStart, column);
  const columnEnd = Math.min(range.columnEnd, column + stride);
  if (!weightOf) return (rowEnd - rowStart) * (columnEnd - columnStart);
  let weight = 0;
  for (let y = rowStart; y < rowEnd; y++) for (let x = columnStart; x < columnEnd; x++) weight += weightOf(y, x);
  return weight;
}

function patchWeights(grid: PatchGrid, region: Rectangle): PatchWeight {
  const width = grid.patchWidth * grid.downsample;
  const height = grid.patchHeight * grid.downsample;
  const share = (start: number, length: number, from: number, size: number) =>
    Math.max(0, Math.min(start + length, from + size) - Math.max(start, from)) / length;
  return (row, column) =>
    share(column * width, width, region.x, region.width) * share(row * height, height, region.y, region.height);
}

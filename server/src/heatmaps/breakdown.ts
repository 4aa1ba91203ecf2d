import { type PatchGrid, type PatchRange, patchPitch } from '../../../shared/geometry/patch-grid.ts';
import type { Breakdown, ClassShare, RegionBreakdown } from '../../../shared/heatmap-descriptor.ts';
import { BLOCK_SIDE } from '../values/known-patches.ts';
import { nodeOf } from '../values/value-block.ts';
import type { Heatmap } from './heatmap.ts';
import { meanInterval } from './interval.ts';
import { type Region, type RegionShares, regionShares } from './region-shares.ts';
import { regionStatistics, squareMillimetres } from './region-statistics.ts';

/** What the samples of the finest complete stride say. */
interface Estimate {
  /** [classes] */
  means: number[];
  /** Samples of equal weight that tell as much (Kish). */
  samples: number;
}

/**
 * Mean predicted probability of every class over the patches of the slide, background left out. While patches are missing
 * it is estimated from the finest stride at which every block has its sample, blocks weighted by their patches, so that
 * places where somebody zoomed in do not count more than others.
 */
export function slideBreakdown(heatmap: Heatmap): Breakdown {
  const { values, model, grid, options, scores } = heatmap;
  const { known, pyramid, samples } = values;
  const classes = model.classes.length;
  const masked = values.mask ? known.background(known.top, 0, 0) : 0;
  const patches = { known: known.known - masked, total: grid.rows * grid.columns - masked };
  const of = options.background === null ? 'slide' : 'tissue';
  const stride = known.finestCompleteStride();
  let estimate: Estimate | undefined;
  if (stride === 1) {
    const start = scores.indexOf('patch') * classes;
    const root = pyramid.nearestMean(known.top, 0, 0)?.mean;
    const means = root ? Array.from(root.subarray(start, start + classes)) : undefined;
    estimate = means && { means, samples: patches.total };
  } else if (stride !== undefined) {
    const { weight, squares, sums } = samples.ofSlide(stride);
    if (weight > 0) estimate = { means: Array.from(sums, (sum) => sum / weight), samples: weight ** 2 / squares };
  }
  return describe(heatmap, estimate, patches, of);
}

/**
 * As `slideBreakdown`, over the patches of a region, each weighted by the share of it that lies in the region; with the
 * area in which each class leads and its histogram.
 */
export async function regionBreakdown(heatmap: Heatmap, region: Region): Promise<RegionBreakdown> {
  const { model, grid, options, slide } = heatmap;
  const area = regionShares(grid, region);
  const patches = countPatches(heatmap, area);
  const of = options.background === null ? 'region' : 'tissue of the region';
  const { stepWidth, stepHeight } = patchPitch(grid);
  const statistics = regionStatistics(model.classes.length);
  let weights = 0;
  let squares = 0;
  const stride = patches.total === 0 ? undefined : finestStride(heatmap, area.range);
  if (stride !== undefined) {
    for await (const { row, column, probabilities } of samplesOf(heatmap, area.range, stride)) {
      const weight = blockShare(heatmap, area, row, column, stride);
      if (weight === 0) continue;
      weights += weight;
      squares += weight ** 2;
      statistics.add({ values: probabilities, weight: weight * stepWidth * stepHeight });
    }
  }
  const results = statistics.result();
  const means = results.map(({ mean }) => mean ?? 0);
  const estimate = weights > 0 ? { means, samples: weights ** 2 / squares } : undefined;
  return {
    ...describe(heatmap, estimate, patches, of),
    statistics: results.map(({ leadingArea, histogram }, index) => ({
      class: model.classes[index].name,
      pixels: leadingArea,
      squareMillimetres: squareMillimetres(leadingArea, slide.mpp),
      histogram,
    })),
  };
}

function describe(
  { model, values }: Heatmap,
  estimate: Estimate | undefined,
  patches: Breakdown['patches'],
  of: Breakdown['of'],
): Breakdown {
  const exact = patches.total > 0 && patches.known === patches.total;
  // Where classes tell what is background, how much of the rest there will be is estimated as well.
  const { known } = values;
  const valued = known.known > 0 ? known.valued(known.top, 0, 0) / known.known : 1;
  const total = values.mask ? patches.total : patches.total * valued;
  const breakdown = model.classes.map(({ name }, index): ClassShare => {
    if (!estimate) return { class: name, probability: null, low: null, high: null };
    const probability = estimate.means[index];
    if (exact) return { class: name, probability, low: probability, high: probability };
    // Only a proportion has such an interval.
    const interval = model.activation === 'none' ? undefined : meanInterval(probability, estimate.samples, total);
    return { class: name, probability, low: interval?.low ?? null, high: interval?.high ?? null };
  });
  return { breakdown, patches, exact, of };
}

/** Patches that a region touches, those left out that are background beforehand. */
function countPatches({ grid, values }: Heatmap, { range, shareOf }: RegionShares): Breakdown['patches'] {
  let known = 0;
  let total = 0;
  for (let row = range.rowStart; row < range.rowEnd; row++) {
    for (let column = range.columnStart; column < range.columnEnd; column++) {
      if (values.mask?.[row * grid.columns + column] || shareOf(row, column) === 0) continue;
      total++;
      if (values.known.isKnown(row, column)) known++;
    }
  }
  return { known, total };
}

/** The finest stride at which every block that a range touches has its sample. */
function finestStride({ values: { known } }: Heatmap, range: PatchRange): number | undefined {
  for (let stride = 1; stride <= 2 ** known.top; stride *= 2) {
    if (everySampleIsKnown(known.isKnown, range, stride)) return stride;
  }
  return undefined;
}

/** Stops at the first gap, which for the finer strides comes early. */
function everySampleIsKnown(
  isKnown: (row: number, column: number) => boolean,
  range: PatchRange,
  stride: number,
): boolean {
  for (let row = Math.floor(range.rowStart / stride) * stride; row < range.rowEnd; row += stride) {
    for (let column = Math.floor(range.columnStart / stride) * stride; column < range.columnEnd; column += stride) {
      if (!isKnown(row, column)) return false;
    }
  }
  return true;
}

/** The samples of the blocks that a range touches, background left out; loaded as they are asked for. */
async function* samplesOf(
  { values, scores, model, grid }: Heatmap,
  range: PatchRange,
  stride: number,
): AsyncGenerator<{ row: number; column: number; probabilities: Float64Array }> {
  const classes = model.classes.length;
  const start = scores.indexOf('patch') * classes;
  const width = values.pyramid.values;
  const band = Math.max(stride, BLOCK_SIDE);
  for (let top = Math.floor(range.rowStart / band) * band; top < range.rowEnd; top += band) {
    for (let left = Math.floor(range.columnStart / band) * band; left < range.columnEnd; left += band) {
      // Of a coarse stride the first of a band's patches alone, of a fine one all of its samples.
      const end = stride >= BLOCK_SIDE ? 1 : BLOCK_SIDE;
      const rowEnd = Math.min(top + end, range.rowEnd, grid.rows);
      const columnEnd = Math.min(left + end, range.columnEnd, grid.columns);
      const part = {
        rowStart: top,
        rowEnd: Math.max(top + 1, rowEnd),
        columnStart: left,
        columnEnd: Math.max(left + 1, columnEnd),
      };
      const blockOf = await values.blocks(part);
      const block = blockOf(top / BLOCK_SIDE, left / BLOCK_SIDE);
      for (let row = top; row < part.rowEnd; row += stride) {
        if (row + stride <= range.rowStart) continue;
        for (let column = left; column < part.columnEnd; column += stride) {
          if (column + stride <= range.columnStart) continue;
          if (!values.known.isKnown(row, column) || values.known.isBackground(row, column)) continue;
          const from = nodeOf(0, row - top, column - left) * width + start;
          yield { row, column, probabilities: block[0].subarray(from, from + classes) };
        }
      }
    }
  }
}

/** Patches that a sample stands for within a region, by the shares of their areas. */
function blockShare(
  { grid, values }: { grid: PatchGrid; values: Heatmap['values'] },
  { range, shareOf }: RegionShares,
  row: number,
  column: number,
  stride: number,
): number {
  let share = 0;
  for (let y = Math.max(range.rowStart, row); y < Math.min(range.rowEnd, row + stride); y++) {
    for (let x = Math.max(range.columnStart, column); x < Math.min(range.columnEnd, column + stride); x++) {
      if (values.mask?.[y * grid.columns + x]) continue;
      share += shareOf(y, x);
    }
  }
  return share;
}

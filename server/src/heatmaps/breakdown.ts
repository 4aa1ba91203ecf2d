import { setImmediate } from 'node:timers/promises';
import type { PatchGrid, PatchPosition, PatchRange } from '../../../shared/geometry/patch-grid.ts';
import { squareMillimetres } from '../../../shared/geometry/square-millimetres.ts';
import type { Breakdown, ClassShare, RegionBreakdown } from '../../../shared/heatmap-descriptor.ts';
import { BLOCK_SIDE, type KnownPatches } from '../values/known-patches.ts';
import { nodeOf } from '../values/value-block.ts';
import type { Heatmap } from './heatmap.ts';
import { effectiveSamples, meanInterval } from './interval.ts';
import { type Region, type RegionAreas, regionAreas } from './region-areas.ts';
import { regionStatistics } from './region-statistics.ts';

/** What the samples of the finest complete stride say. */
interface Estimate {
  /** [classes] */
  means: number[];
  /** Samples of equal weight that tell as much (Kish). */
  samples: number;
  /** Share of the patches that is no background, as far as the samples tell; 1 where that is known beforehand. */
  valued: number;
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
    estimate = means && { means, samples: patches.total, valued: 1 };
  } else if (stride !== undefined) {
    const { weight, squares, sums } = samples.ofSlide(stride);
    if (weight > 0) {
      const means = Array.from(sums, (sum) => sum / weight);
      estimate = { means, samples: weight ** 2 / squares, valued: weight / patches.total };
    }
  }
  return describe(heatmap, estimate, patches, of);
}

/**
 * As `slideBreakdown`, over the patches of a region, each weighted by the share of it that lies in the region; with the
 * area in which each class leads and its histogram.
 * @throws the signal's reason once it is aborted
 */
export async function regionBreakdown(
  heatmap: Heatmap,
  region: Region,
  signal?: AbortSignal,
): Promise<RegionBreakdown> {
  const { model, grid, options, slide } = heatmap;
  const area = regionAreas(grid, region);
  const patches = countShared(heatmap, area);
  const of = options.background === null ? 'region' : 'tissue of the region';
  const statistics = regionStatistics(model.classes.length);
  const weights: number[] = [];
  let all = 0;
  const stride = patches.total === 0 ? undefined : finestStride(heatmap, area.range);
  if (stride !== undefined) {
    for await (const { node, probabilities } of samplesOf(heatmap, area.range, stride, signal)) {
      const weight = blockArea(heatmap, area, node, stride);
      if (weight === 0) continue;
      all += weight;
      if (!probabilities) continue;
      weights.push(weight);
      statistics.add({ values: probabilities, weight });
    }
  }
  const results = statistics.result();
  const means = results.map(({ mean }) => mean ?? 0);
  const valued = weights.reduce((sum, weight) => sum + weight, 0) / all;
  const estimate = weights.length > 0 ? { means, samples: effectiveSamples(weights), valued } : undefined;
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
  { model }: Heatmap,
  estimate: Estimate | undefined,
  patches: Breakdown['patches'],
  of: Breakdown['of'],
): Breakdown {
  const exact = patches.total > 0 && patches.known === patches.total;
  const total = patches.total * (estimate?.valued ?? 1);
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
function countShared({ grid, values }: Heatmap, { range, areaOf }: RegionAreas): Breakdown['patches'] {
  let known = 0;
  let total = 0;
  for (let row = range.rowStart; row < range.rowEnd; row++) {
    for (let column = range.columnStart; column < range.columnEnd; column++) {
      if (values.mask?.[row * grid.columns + column] || areaOf(row, column) === 0) continue;
      total++;
      if (values.known.isKnown(row, column)) known++;
    }
  }
  return { known, total };
}

/** The finest stride at which every block that a range touches has its sample. */
function finestStride({ values: { known } }: Heatmap, range: PatchRange): number | undefined {
  for (let stride = 1; stride <= 2 ** known.top; stride *= 2) {
    if (everySampleIsKnown(known, range, stride)) return stride;
  }
  return undefined;
}

/** Stops at the first gap, which for the finer strides comes early. */
function everySampleIsKnown(known: KnownPatches, range: PatchRange, stride: number): boolean {
  const k = Math.log2(stride);
  for (let row = range.rowStart >> k; row << k < range.rowEnd; row++) {
    for (let column = range.columnStart >> k; column << k < range.columnEnd; column++) {
      const sample = known.sampleOf(k, row, column);
      if (sample && !known.isKnown(sample.row, sample.column)) return false;
    }
  }
  return true;
}

/**
 * The samples of the blocks that a range touches, loaded as they are asked for: the first patch of the block that each one
 * stands for, and its probabilities, undefined where it is background by its class.
 */
async function* samplesOf(
  { values, scores, model }: Heatmap,
  range: PatchRange,
  stride: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<{ node: PatchPosition; probabilities: Float64Array | undefined }> {
  const classes = model.classes.length;
  const start = scores.indexOf('patch') * classes;
  const width = values.pyramid.values;
  const k = Math.log2(stride);
  // What lies in one block of values is loaded together.
  const band = Math.max(stride, BLOCK_SIDE);
  for (let top = Math.floor(range.rowStart / band) * band; top < range.rowEnd; top += band) {
    signal?.throwIfAborted();
    // Others wait for the processor, too.
    await setImmediate();
    for (let left = Math.floor(range.columnStart / band) * band; left < range.columnEnd; left += band) {
      const nodes = nodesWithin(range, { row: top, column: left }, band, k);
      const sampled = nodes.flatMap((node) => {
        const sample = values.known.sampleOf(k, node.row >> k, node.column >> k);
        return sample && values.known.isKnown(sample.row, sample.column) ? [{ node, sample }] : [];
      });
      if (sampled.length === 0) continue;
      const [{ sample: first }] = sampled;
      const blockOf = await values.blocks({
        rowStart: first.row,
        rowEnd: first.row + 1,
        columnStart: first.column,
        columnEnd: first.column + 1,
      });
      const block = blockOf(Math.floor(first.row / BLOCK_SIDE), Math.floor(first.column / BLOCK_SIDE));
      for (const { node, sample } of sampled) {
        const from = nodeOf(0, sample.row % BLOCK_SIDE, sample.column % BLOCK_SIDE) * width + start;
        const isBackground = values.known.isBackground(sample.row, sample.column);
        yield { node, probabilities: isBackground ? undefined : block[0].subarray(from, from + classes) };
      }
    }
  }
}

/** The first patches of the blocks of 2^k x 2^k within a square that a range touches. */
function nodesWithin(range: PatchRange, square: PatchPosition, side: number, k: number): PatchPosition[] {
  const nodes: PatchPosition[] = [];
  const step = 2 ** k;
  for (let row = square.row; row < Math.min(square.row + side, range.rowEnd); row += step) {
    if (row + step <= range.rowStart) continue;
    for (let column = square.column; column < Math.min(square.column + side, range.columnEnd); column += step) {
      if (column + step > range.columnStart) nodes.push({ row, column });
    }
  }
  return nodes;
}

/** Square slide pixels of a region that a sample stands for: those of the patches of its block. */
function blockArea(
  { grid, values }: { grid: PatchGrid; values: Heatmap['values'] },
  { range, areaOf }: RegionAreas,
  { row, column }: PatchPosition,
  stride: number,
): number {
  let area = 0;
  for (let y = Math.max(range.rowStart, row); y < Math.min(range.rowEnd, row + stride); y++) {
    for (let x = Math.max(range.columnStart, column); x < Math.min(range.columnEnd, column + stride); x++) {
      if (values.mask?.[y * grid.columns + x]) continue;
      area += areaOf(y, x);
    }
  }
  return area;
}

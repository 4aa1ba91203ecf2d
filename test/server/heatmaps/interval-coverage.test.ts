import { describe, expect, test } from 'vitest';
import { breakdownOf } from '../../../server/src/heatmaps/breakdown.ts';
import { addResults, createCellsCache, createHeatmap } from '../../../server/src/heatmaps/heatmap.ts';
import { effectiveSamples, meanInterval } from '../../../server/src/heatmaps/interval.ts';
import { samplesOfRange } from '../../../shared/geometry/stride.ts';
import { seededRandom } from '../../../shared/seeded-random.ts';
import { FIELDS, type Field, simulatedTruths } from './simulated-truth.ts';
import { syntheticHeatmap } from './synthetic-heatmap.ts';

const PREVALENCES = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5];
const STRIDES = [16, 8, 4, 2];
const GRIDS = [
  { rows: 64, columns: 64 },
  { rows: 73, columns: 100 },
];
type Grid = (typeof GRIDS)[number];

const CASES = GRIDS.flatMap((grid) => FIELDS.map((field) => ({ ...grid, field })));

/** A truth of each prevalence on each of several slides. */
function simulated({ field, ...grid }: Grid & { field: Field }, slides: number, seed: number): Float64Array[][] {
  const random = seededRandom(seed);
  return Array.from({ length: slides }, () => simulatedTruths(field, grid, PREVALENCES, random));
}

/** What the product tells of a class when every block of a stride has its sample. */
interface Estimate {
  mean: number;
  low: number;
  high: number;
}

/** The samples of a stride: row-major patch numbers, and as weights the patches of their blocks. */
interface Sampling {
  indices: number[];
  weights: number[];
  effective: number;
  patches: number;
}

/** The product's rule: the top-left patch of every block, which the grid's edges may cut. */
function samplingOf({ rows, columns }: Grid, stride: number): Sampling {
  const samples = samplesOfRange({ rowStart: 0, rowEnd: rows, columnStart: 0, columnEnd: columns }, stride);
  const weights = samples.map(({ row, column }) => Math.min(stride, rows - row) * Math.min(stride, columns - column));
  return {
    indices: samples.map(({ row, column }) => row * columns + column),
    weights,
    effective: effectiveSamples(weights),
    patches: rows * columns,
  };
}

function estimateOf(truth: Float64Array, { indices, weights, effective, patches }: Sampling): Estimate {
  let sum = 0;
  for (let i = 0; i < indices.length; i++) sum += weights[i] * truth[indices[i]];
  const interval = meanInterval(sum / patches, effective, patches);
  if (interval === undefined) throw new Error(`no interval for ${effective} samples`);
  return { mean: sum / patches, ...interval };
}

describe('the 95 % interval holds the truth of at least 93 in 100 slides at every prevalence and stride', () => {
  // At a true 95 % the counted share has a standard deviation of 1.3 %; most cells are at 98 % and above.
  const SLIDES = 300;

  test.each(CASES)('$rows x $columns patches, $field', ({ field, ...grid }) => {
    const slides = simulated({ field, ...grid }, SLIDES, 1);
    const means = slides.map((truths) => truths.map(meanOf));
    const table = STRIDES.flatMap((stride) => {
      const sampling = samplingOf(grid, stride);
      return PREVALENCES.map((prevalence, rank) => {
        const covered = slides.filter((truths, slide) => {
          const { low, high } = estimateOf(truths[rank], sampling);
          return low <= means[slide][rank] && means[slide][rank] <= high;
        });
        return { prevalence, stride, covered: covered.length / SLIDES };
      });
    });
    expect(table.filter(({ covered }) => covered < 0.93)).toEqual([]);
  });
});

describe('the breakdown has that interval, stride by stride, wherever somebody zoomed in before', () => {
  const SLIDES = 3;

  test.each(CASES)('$rows x $columns patches, $field', ({ field, ...grid }) => {
    const random = seededRandom(2);
    for (const truths of simulated({ field, ...grid }, SLIDES, 3)) {
      const slide = knownSlide(truths, grid);
      for (const stride of STRIDES) {
        const sampling = samplingOf(grid, stride);
        // Where the class is frequent, at the next stride that is not whole yet.
        const looked = zoomedPatches(truths[0], grid, stride / 2, random);
        slide.classify(shuffled([...looked, ...sampling.indices], random));
        for (const [rank, { mean, low, high }] of slide.estimates().entries()) {
          const expected = estimateOf(truths[rank], sampling);
          expect(Math.abs(mean - expected.mean)).toBeLessThan(1e-6);
          expect(Math.abs(low - expected.low)).toBeLessThan(1e-6);
          expect(Math.abs(high - expected.high)).toBeLessThan(1e-6);
        }
      }
    }
  });
});

/** A slide whose patches become known: all that this file asks of the product's own breakdown. @param truths one of each class */
function knownSlide(truths: readonly Float64Array[], { rows, columns }: Grid) {
  const { slide, model } = syntheticHeatmap(columns, rows);
  const classes = truths.map((_, index) => ({ name: `class ${index}`, color: null }));
  const bias = truths.map(() => 0);
  const heatmap = createHeatmap(slide, { ...model, classes, bias, cellRows: 1, cellColumns: 1 }, createCellsCache(1e6));
  return {
    /** @param patches row-major numbers, in the order in which they become known */
    classify(patches: readonly number[]): void {
      for (const index of patches) {
        const probabilities = Float32Array.from(truths, (truth) => truth[index]);
        addResults(heatmap, [index], { cells: probabilities, probabilities });
      }
    },
    estimates: (): Estimate[] =>
      breakdownOf(heatmap).breakdown.map(({ probability, low, high }) => ({
        mean: probability ?? Number.NaN,
        low: low ?? Number.NaN,
        high: high ?? Number.NaN,
      })),
  };
}

/** Patches of a stride in a few screens around places where the class is. */
function zoomedPatches(truth: Float64Array, { rows, columns }: Grid, stride: number, random: () => number): number[] {
  const places = [...truth.keys()].filter((index) => truth[index] > 0.2);
  return Array.from({ length: 3 }, () => places[Math.floor(random() * places.length)] ?? 0).flatMap((place) => {
    const [row, column] = [Math.floor(place / columns), place % columns];
    const screen = {
      rowStart: Math.max(0, row - 4),
      rowEnd: Math.min(rows, row + 4),
      columnStart: Math.max(0, column - 5),
      columnEnd: Math.min(columns, column + 5),
    };
    return samplesOfRange(screen, stride).map((sample) => sample.row * columns + sample.column);
  });
}

function meanOf(truth: Float64Array): number {
  return truth.reduce((sum, value) => sum + value, 0) / truth.length;
}

function shuffled(values: readonly number[], random: () => number): number[] {
  const keyed = values.map((value) => ({ value, key: random() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ value }) => value);
}

import { describe, expect, test } from 'vitest';
import { countPatches } from '../../../server/src/heatmaps/analysis.ts';
import { regionBreakdown, slideBreakdown } from '../../../server/src/heatmaps/breakdown.ts';
import { missingSamples, scoreTile, windowOfTile } from '../../../server/src/heatmaps/score-tile.ts';
import { maxLevel } from '../../../shared/geometry/deep-zoom.ts';
import { classify, positionsWhere, syntheticHeatmap, syntheticResults } from './synthetic-heatmap.ts';

/** Half of a slide of 8 x 8 patches is background. */
const mask = Uint8Array.from({ length: 64 }, (_, index) => (index % 8 < 4 ? 1 : 0));

const masked = () => syntheticHeatmap(8, 8, { options: { background: 'otsu' }, values: { mask } });

describe('background by a mask', () => {
  test('is never asked for, and the cost is that of the rest', async () => {
    const heatmap = await masked();
    expect(countPatches(heatmap)).toEqual({ known: 0, total: 32 });
    expect(countPatches(heatmap, { x: 0, y: 0, width: 160, height: 32 })).toEqual({ known: 0, total: 1 });
    const window = windowOfTile(heatmap, { level: maxLevel(heatmap.pyramid), column: 0, row: 0 }, 'probability');
    expect(missingSamples(heatmap, window, 1).every((index) => mask[index] === 0)).toBe(true);
  });

  test('has a plane of its own in a tile, and no values', async () => {
    const heatmap = await masked();
    await classify(
      heatmap,
      positionsWhere(heatmap, (_, column) => column >= 4),
    );
    for (const score of ['probability', 'patch'] as const) {
      const window = windowOfTile(heatmap, { level: maxLevel(heatmap.pyramid), column: 0, row: 0 }, score);
      const { data, rows, columns } = await scoreTile(heatmap, window, score, [0]);
      const plane = rows * columns;
      for (let i = 0; i < plane; i++) {
        const isBackground = (i % columns) * (8 / columns) < 4;
        expect([data[plane + i], data[2 * plane + i]]).toEqual([255, isBackground ? 255 : 0]);
        if (isBackground) expect(data[i]).toBe(0);
      }
    }
    const overview = { rasterLevel: 3, rowStart: 0, columnStart: 0, rows: 1, columns: 1 };
    const { data } = await scoreTile(heatmap, overview, 'patch', [0]);
    expect([data[1], data[2]]).toEqual([255, 128]);
  });

  test('is left out of the breakdown, which says that it is of the tissue', async () => {
    const heatmap = await masked();
    const tissue = positionsWhere(heatmap, (_, column) => column >= 4);
    await classify(heatmap, tissue);
    const { probabilities } = syntheticResults(tissue);
    const mean = tissue.reduce((sum, _, i) => sum + probabilities[3 * i], 0) / tissue.length;
    const whole = slideBreakdown(heatmap);
    expect(whole).toMatchObject({ of: 'tissue', exact: true, patches: { known: 32, total: 32 } });
    expect(whole.breakdown[0].probability).toBeCloseTo(mean, 6);
    const { width, height } = heatmap.slide;
    const region = await regionBreakdown(heatmap, { x: 0, y: 0, width, height });
    expect(region).toMatchObject({ of: 'tissue of the region', exact: true, patches: { known: 32, total: 32 } });
    expect(region.breakdown[0].probability).toBeCloseTo(mean, 6);
  });

  test('does not count when the breakdown is estimated', async () => {
    const heatmap = await masked();
    const samples = positionsWhere(heatmap, (row, column) => row % 2 === 0 && column % 2 === 0 && column >= 4);
    await classify(heatmap, samples);
    const { probabilities } = syntheticResults(samples);
    const mean = samples.reduce((sum, _, i) => sum + probabilities[3 * i], 0) / samples.length;
    const { breakdown, exact, patches } = slideBreakdown(heatmap);
    expect({ exact, patches }).toEqual({ exact: false, patches: { known: 8, total: 32 } });
    expect(breakdown[0].probability).toBeCloseTo(mean, 6);
  });
});

describe('thin tissue, which no regular sample meets', () => {
  /** Of 50 x 50 patches those of two rows, which are multiples of no power of two. */
  const isTissue = (row: number, column: number) => (row === 21 || row === 22) && column >= 3 && column < 47;
  const thin = () => {
    const mask = Uint8Array.from({ length: 2500 }, (_, i) => (isTissue(Math.floor(i / 50), i % 50) ? 0 : 1));
    return syntheticHeatmap(50, 50, { options: { background: 'otsu' }, values: { mask } });
  };

  test('is sampled at every stride, by patches that serve again at the finer ones', async () => {
    const { values } = await thin();
    const whole = { rowStart: 0, rowEnd: 50, columnStart: 0, columnEnd: 50 };
    let coarser: string[] = [];
    for (let stride = 64; stride >= 1; stride /= 2) {
      const samples = values.known.samplesIn(whole, stride);
      expect(samples.length).toBeGreaterThan(0);
      expect(samples.every(({ row, column }) => isTissue(row, column))).toBe(true);
      const names = samples.map(({ row, column }) => `${row} ${column}`);
      expect(names).toEqual(expect.arrayContaining(coarser));
      coarser = names;
    }
  });

  test('shows in an overview as soon as its samples are known, and its breakdown is estimated from them', async () => {
    const heatmap = await thin();
    const samples = heatmap.values.known.samplesIn({ rowStart: 0, rowEnd: 50, columnStart: 0, columnEnd: 50 }, 8);
    await classify(heatmap, samples);
    expect(heatmap.values.known.finestCompleteStride()).toBe(8);
    const { breakdown, exact } = slideBreakdown(heatmap);
    expect(exact).toBe(false);
    const { width, height } = heatmap.slide;
    const region = await regionBreakdown(heatmap, { x: 0, y: 0, width, height });
    for (const [i, { probability }] of breakdown.entries()) {
      expect(probability).not.toBeNull();
      expect(region.breakdown[i].probability).toBeCloseTo(probability ?? Number.NaN, 9);
    }
    const overview = { rasterLevel: 3, rowStart: 0, columnStart: 0, rows: 7, columns: 7 };
    const { data } = await scoreTile(heatmap, overview, 'patch', [0]);
    const coverage = data.subarray(49, 98);
    // The row of blocks with tissue, and all others, which are background.
    expect(coverage.every((value) => value > 0)).toBe(true);
  });
});

describe('background by a class', () => {
  const isLed = ({ row, column }: { row: number; column: number }) => {
    const [a, b, c] = syntheticResults([{ row, column }]).probabilities;
    return a >= b && a >= c;
  };

  test('is every patch in which the class leads: transparent, and left out of the breakdown', async () => {
    const heatmap = await syntheticHeatmap(8, 8, {
      options: { background: { class: 'a' } },
      values: { backgroundClass: 0 },
    });
    const all = positionsWhere(heatmap);
    await classify(heatmap, all);
    const rest = all.filter((position) => !isLed(position));
    const { probabilities } = syntheticResults(rest);
    const mean = rest.reduce((sum, _, i) => sum + probabilities[3 * i + 1], 0) / rest.length;
    const { breakdown, of, patches } = slideBreakdown(heatmap);
    expect({ of, patches }).toEqual({ of: 'tissue', patches: { known: 64, total: 64 } });
    expect(breakdown[1].probability).toBeCloseTo(mean, 6);
    const window = windowOfTile(heatmap, { level: maxLevel(heatmap.pyramid), column: 0, row: 0 }, 'patch');
    const { data } = await scoreTile(heatmap, window, 'patch', [1]);
    expect(all.map(({ row, column }) => data[2 * 64 + row * 8 + column] === 255)).toEqual(all.map(isLed));
  });

  test('leaves the interval as wide as the samples of a region are few, whatever is known elsewhere', async () => {
    const heatmap = await syntheticHeatmap(64, 64, {
      options: { background: { class: 'a' } },
      values: { backgroundClass: 0 },
    });
    const glass = positionsWhere(heatmap, (_, column) => column < 48);
    const tissue = positionsWhere(heatmap, (row, column) => column >= 48 && row % 2 === 0 && column % 2 === 0);
    const results = (probabilities: number[], count: number) => ({
      cells: new Float32Array(count * 12),
      probabilities: Float32Array.from(Array.from({ length: count }, () => probabilities).flat()),
    });
    const numbers = (positions: { row: number; column: number }[]) =>
      positions.map(({ row, column }) => row * 64 + column);
    await heatmap.values.add(numbers(glass), results([1, 0, 0], glass.length));
    await heatmap.values.add(numbers(tissue), results([0, 0.5, 0.5], tissue.length));
    const { breakdown, exact } = await regionBreakdown(heatmap, { x: 48 * 32, y: 0, width: 16 * 32, height: 64 * 32 });
    expect(exact).toBe(false);
    expect((breakdown[1].high ?? 0) - (breakdown[1].low ?? 1)).toBeGreaterThan(0.05);
  });

  test('must be one of the model', async () => {
    await expect(syntheticHeatmap(2, 2, { options: { background: { class: 'glass' } } })).rejects.toThrow(
      'expected a class of the model (a, b, c), found glass',
    );
  });
});

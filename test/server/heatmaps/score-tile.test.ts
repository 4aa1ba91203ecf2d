import { describe, expect, test } from 'vitest';
import {
  coverageByte,
  isExact,
  missingSamples,
  scoreTile,
  windowOfTile,
} from '../../../server/src/heatmaps/score-tile.ts';
import { activate } from '../../../shared/activation.ts';
import { maxLevel } from '../../../shared/geometry/deep-zoom.ts';
import { classify, positionsWhere, syntheticHeatmap, syntheticResults } from './synthetic-heatmap.ts';

test.each([
  [0, 64, 0],
  [64, 64, 255],
  [63, 64, 250],
  [1, 64, 4],
  [1, 1000, 1],
  [999_999, 1_000_000, 254],
])('coverage of %i of %i patches is %i', (known, total, expected) => {
  expect(coverageByte(known, total)).toBe(expected);
});

describe('a tile of cells', () => {
  test('holds round(255 p) of each cell, and raw CAM without the bias', async () => {
    const heatmap = await syntheticHeatmap(4, 4);
    await classify(heatmap, positionsWhere(heatmap));
    const address = { level: maxLevel(heatmap.pyramid), column: 0, row: 0 };
    const window = windowOfTile(heatmap, address, 'probability');
    expect(window).toMatchObject({ rasterLevel: 'cells', rows: 8, columns: 8 });
    expect(isExact(heatmap, window)).toBe(true);
    const { cells } = syntheticResults([{ row: 2, column: 1 }]);
    const probabilities = await scoreTile(heatmap, window, 'probability', [0, 1, 2]);
    const cam = await scoreTile(heatmap, window, 'cam', [2, 0]);
    for (const [cell, position] of [0, 1, 8, 9].entries()) {
      const at = 2 * 2 * 8 + 2 + position;
      const own = cells.slice(cell * 3, cell * 3 + 3);
      expect(probabilities.data[64 + at]).toBe(Math.round(255 * activate(own, 3, 'softmax')[1]));
      expect(cam.data[64 + at]).toBeCloseTo(own[0] - 0.5, 6);
      expect(cam.data[at]).toBeCloseTo(own[2], 6);
    }
    expect(probabilities.data.subarray(3 * 64, 4 * 64).every((coverage) => coverage === 255)).toBe(true);
    expect(cam.data.subarray(2 * 64, 3 * 64).every((coverage) => coverage === 1)).toBe(true);
  });

  test('fills what is not known with the mean around it, and says so in its coverage', async () => {
    const heatmap = await syntheticHeatmap(4, 4);
    const address = { level: maxLevel(heatmap.pyramid), column: 0, row: 0 };
    const window = windowOfTile(heatmap, address, 'patch');
    expect((await scoreTile(heatmap, window, 'patch', [0])).data.every((value) => value === 0)).toBe(true);
    await classify(heatmap, [
      { row: 0, column: 1 },
      { row: 3, column: 3 },
    ]);
    expect(missingSamples(heatmap, window, 1)).toHaveLength(14);
    const { data, rows, columns } = await scoreTile(heatmap, window, 'patch', [0]);
    expect([rows, columns]).toEqual([4, 4]);
    const coverage = data.subarray(16, 32);
    expect(data[1]).toBe(Math.round(255 * 0.29));
    expect(data[0]).toBe(data[1]);
    expect([coverage[0], coverage[1], coverage[2]]).toEqual([coverageByte(1, 4), 255, coverageByte(2, 16)]);
  });
});

test('patch tiles average to the breakdown at every level of the raster', async () => {
  const heatmap = await syntheticHeatmap(16, 16);
  await classify(heatmap, positionsWhere(heatmap));
  const mean =
    positionsWhere(heatmap).reduce((sum, position) => sum + syntheticResults([position]).probabilities[1], 0) / 256;
  for (let k = 0; k <= 4; k++) {
    const side = 16 / 2 ** k;
    const window = { rasterLevel: k, rowStart: 0, columnStart: 0, rows: side, columns: side };
    const { data } = await scoreTile(heatmap, window, 'patch', [1]);
    let sum = 0;
    for (let i = 0; i < side * side; i++) sum += data[i];
    expect(sum / side ** 2 / 255).toBeCloseTo(mean, 2);
  }
});

test('tiles of a model of many classes are made without holding all blocks under them, and answer others meanwhile', async () => {
  const names = Array.from({ length: 200 }, (_, i) => `class ${i}`);
  const model = { classes: names.map((name) => ({ name, color: null })), bias: names.map(() => 0) };
  const heatmap = await syntheticHeatmap(512, 16, { model });
  const patches = Array.from({ length: 32 }, (_, i) => 16 * i);
  const probability = (index: number) => (index % 7) / 8;
  await heatmap.values.add(patches, {
    cells: new Float32Array(patches.length * 4 * names.length),
    probabilities: Float32Array.from({ length: patches.length * names.length }, (_, i) =>
      probability(patches[Math.floor(i / names.length)] / 16),
    ),
  });
  const window = { rowStart: 0, columnStart: 0, rows: 16, columns: 512, rasterLevel: 0 as const };
  let turns = 0;
  const turn = setInterval(() => turns++);
  const tile = await scoreTile(heatmap, window, 'patch', [3]);
  clearInterval(turn);
  for (const [i, index] of patches.entries()) expect(tile.data[index]).toBe(Math.round(255 * probability(i)));
  expect(turns).toBeGreaterThan(0);
});

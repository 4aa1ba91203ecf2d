import { describe, expect, test } from 'vitest';
import { tileRevision, tilesInView, viewOrder } from '../../../server/src/heatmaps/view.ts';
import { maxLevel } from '../../../shared/geometry/deep-zoom.ts';
import { classify, positionsWhere, syntheticHeatmap } from './synthetic-heatmap.ts';

describe('tiles in view', () => {
  test.each([
    [{ x: 0, y: 0, width: 1, height: 1 }, ['0_0']],
    [{ x: 250, y: 10, width: 20, height: 10 }, ['0_0', '1_0']],
    [{ x: 256, y: 256, width: 256, height: 256 }, ['1_1']],
    [{ x: -500, y: -500, width: 10, height: 10 }, []],
    [{ x: 1e6, y: 0, width: 10, height: 10 }, []],
  ])('of %j', async (region, expected) => {
    const heatmap = await syntheticHeatmap(40, 40);
    const tiles = tilesInView(heatmap, region, maxLevel(heatmap.pyramid));
    expect(tiles.map(({ column, row }) => `${column}_${row}`)).toEqual(expected);
  });

  test('are no more than a screen has', async () => {
    const heatmap = await syntheticHeatmap(400, 400);
    const region = { x: 0, y: 0, width: 12_800, height: 12_800 };
    expect(() => tilesInView(heatmap, region, maxLevel(heatmap.pyramid))).toThrow('at most 1024 tiles');
  });
});

describe('the order of a view', () => {
  test('is coarse to fine down to the stride of its level, and square by square, centre first, within a stride', async () => {
    const heatmap = await syntheticHeatmap(64, 64);
    const level = maxLevel(heatmap.pyramid) - 1;
    const stride = heatmap.strides[level];
    expect(stride).toBeGreaterThan(1);
    const region = { x: 0, y: 0, width: 2048, height: 2048 };
    const order = viewOrder(heatmap, tilesInView(heatmap, region, level), region, 'probability');
    const positions = order.map((index) => ({ row: Math.floor(index / 64), column: index % 64 }));
    expect(order).toHaveLength((64 / stride) ** 2);
    const strides = positions.map(({ row, column }) => (row | column | 128) & -(row | column | 128));
    expect(strides).toEqual([...strides].sort((a, b) => b - a));
    // 512 pixels are 16 patches: the four squares in the middle go first, each as a whole.
    const squares = positions
      .filter((_, i) => strides[i] === stride)
      .map(({ row, column }) => (row >> 4) * 4 + (column >> 4))
      .filter((square, i, all) => square !== all[i - 1]);
    expect(squares).toHaveLength(16);
    expect(squares.slice(0, 4).sort((a, b) => a - b)).toEqual([5, 6, 9, 10]);
  });

  test('leaves out what is known; the revisions of its tiles grow until nothing is missing', async () => {
    const heatmap = await syntheticHeatmap(64, 64);
    const level = maxLevel(heatmap.pyramid) - 2;
    const region = { x: 300, y: 300, width: 900, height: 700 };
    const tiles = tilesInView(heatmap, region, level);
    const order = viewOrder(heatmap, tiles, region, 'probability');
    let before = tiles.map((tile) => tileRevision(heatmap, tile, 'probability'));
    expect(before.every(({ revision, missing, exact }) => revision === 0 && missing > 0 && !exact)).toBe(true);
    for (let start = 0; start < order.length; start += 20) {
      const part = order.slice(start, start + 20);
      await classify(
        heatmap,
        part.map((index) => ({ row: Math.floor(index / 64), column: index % 64 })),
      );
      const after = tiles.map((tile) => tileRevision(heatmap, tile, 'probability'));
      expect(after.every(({ revision }, i) => revision >= before[i].revision)).toBe(true);
      before = after;
    }
    expect(before.every(({ missing }) => missing === 0)).toBe(true);
    expect(viewOrder(heatmap, tiles, region, 'probability')).toEqual([]);
    await classify(heatmap, positionsWhere(heatmap));
    expect(tiles.every((tile) => tileRevision(heatmap, tile, 'probability').exact)).toBe(true);
  });
});

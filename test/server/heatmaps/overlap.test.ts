import { describe, expect, test } from 'vitest';
import { scoreTile, windowOfTile } from '../../../server/src/heatmaps/score-tile.ts';
import { activate } from '../../../shared/activation.ts';
import { maxLevel } from '../../../shared/geometry/deep-zoom.ts';
import { cellRaster } from '../../../shared/geometry/patch-grid.ts';
import { classify, positionsWhere, syntheticHeatmap, syntheticResults } from './synthetic-heatmap.ts';

const CELLS = 2;
const CLASSES = 3;

describe('cells of patches that overlap', () => {
  test('are the mean of all patches over them, the middle of a patch counting more than its border', async () => {
    const heatmap = await syntheticHeatmap(4, 4, { options: { overlap: 2 } });
    const { grid } = heatmap;
    expect(grid).toMatchObject({ stepRows: 1, stepColumns: 1, rows: 7, columns: 7 });
    await classify(heatmap, positionsWhere(heatmap));
    const address = { level: maxLevel(heatmap.pyramid), column: 0, row: 0 };
    const window = windowOfTile(heatmap, address, 'probability');
    const { rows, columns } = cellRaster(grid);
    expect(window).toMatchObject({ rows, columns });
    const { data } = await scoreTile(heatmap, window, 'probability', [0, 1, 2]);
    const plane = rows * columns;
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) {
        // With 2 x 2 cells to a patch all of them are at its border: plain means.
        const over: Float32Array[] = [];
        for (let row = Math.max(0, y - 1); row <= Math.min(grid.rows - 1, y); row++) {
          for (let column = Math.max(0, x - 1); column <= Math.min(grid.columns - 1, x); column++) {
            const cell = (y - row) * CELLS + (x - column);
            const { cells } = syntheticResults([{ row, column }]);
            over.push(activate(cells.slice(cell * CLASSES, (cell + 1) * CLASSES), CLASSES, 'softmax'));
          }
        }
        let sum = 0;
        for (let c = 0; c < CLASSES; c++) {
          const expected = over.reduce((total, cell) => total + cell[c], 0) / over.length;
          const found = data[c * plane + y * columns + x];
          expect(Math.abs(found - 255 * expected)).toBeLessThanOrEqual(0.5 + 1e-6);
          sum += found;
        }
        // Each of three bytes is rounded by itself.
        expect(Math.abs(sum - 255)).toBeLessThanOrEqual(1);
      }
    }
    expect(data.subarray(3 * plane, 4 * plane).every((coverage) => coverage === 255)).toBe(true);
  });

  test('say in their coverage how many of the patches over them are known', async () => {
    const heatmap = await syntheticHeatmap(4, 4, { options: { overlap: 2 } });
    await classify(heatmap, [{ row: 2, column: 2 }]);
    const address = { level: maxLevel(heatmap.pyramid), column: 0, row: 0 };
    const window = windowOfTile(heatmap, address, 'probability');
    const { data } = await scoreTile(heatmap, window, 'probability', [0]);
    const plane = window.rows * window.columns;
    // Inside, four patches lie over a cell.
    expect(data[plane + 2 * window.columns + 2]).toBe(Math.round(254 / 4));
    expect(data[plane]).toBeGreaterThan(0);
    expect(data[plane]).toBeLessThan(64);
  });
});

test('a heatmap with overlap is another one, and its cost is that of its own patches', async () => {
  const [plain, overlapping] = await Promise.all([
    syntheticHeatmap(8, 8),
    syntheticHeatmap(8, 8, { options: { overlap: 2 } }),
  ]);
  expect(overlapping.fingerprint).not.toBe(plain.fingerprint);
  expect(overlapping.grid.rows * overlapping.grid.columns).toBe(15 * 15);
});

test('patches keep their place: each second one of an overlapping grid is one of the plain grid', async () => {
  const heatmap = await syntheticHeatmap(4, 4, { options: { overlap: 2 } });
  await classify(heatmap, positionsWhere(heatmap));
  const address = { level: maxLevel(heatmap.pyramid), column: 0, row: 0 };
  const window = windowOfTile(heatmap, address, 'patch');
  const { data } = await scoreTile(heatmap, window, 'patch', [0]);
  for (const [row, column] of [
    [0, 0],
    [2, 4],
    [6, 6],
  ]) {
    const [probability] = syntheticResults([{ row, column }]).probabilities;
    expect(data[row * window.columns + column]).toBe(Math.round(255 * probability));
  }
});

import { type PatchGrid, patchIndex } from '../../../shared/geometry/patch-grid.ts';
import { patchesOfWindow, type TileWindow } from '../../../shared/geometry/score-raster.ts';
import { samplesOfRange } from '../../../shared/geometry/stride.ts';
import type { Heatmap } from './heatmap.ts';
import { cellsOf, scoreOfCells } from './patch-scores.ts';

/** The cells under a window, each the mean of the known patches that cover it. */
export interface CellMeans {
  /** Shape [rows, columns, classes] of the window; 0 where nothing is known. */
  values: Float64Array;
  /** Patches that cover a cell of the window, those of them that are known, and that are background. */
  coverage(position: number): { known: number; total: number; background: number };
}

/**
 * Averages the cells of overlapping patches, with weights that fall from a patch's middle to its border, where the network
 * has seen the least around a cell. They are the same for all classes, so that probabilities still add up to 1. Patches
 * come row by row, so that the sums do not depend on the order in which they became known.
 */
export async function cellMeans(
  heatmap: Heatmap,
  window: TileWindow,
  score: 'probability' | 'cam',
): Promise<CellMeans> {
  const { grid, model, values: known } = heatmap;
  const classes = model.classes.length;
  const plane = window.rows * window.columns;
  const values = new Float64Array(plane * classes);
  const weights = new Float64Array(plane);
  const [knownCounts, totals, backgrounds] = Array.from({ length: 3 }, () => new Uint16Array(plane));
  const positions = samplesOfRange(patchesOfWindow(grid, window), 1);
  const across = tent(grid.cellColumns, hasOverlap(grid));
  const down = tent(grid.cellRows, hasOverlap(grid));
  const indices = positions.map((position) => patchIndex(grid, position));
  const records = await known.records(indices);

  for (const [i, { row, column }] of positions.entries()) {
    const record = records.get(indices[i]);
    const isKnown = record !== undefined || known.mask?.[indices[i]] === 1;
    const isBackground = isKnown && known.known.isBackground(row, column);
    const scores = record && !isBackground ? scoreOfCells(model, cellsOf(model, record), score) : undefined;
    // The part of the patch that the window shows, in cells of the patch.
    const top = row * grid.stepRows - window.rowStart;
    const left = column * grid.stepColumns - window.columnStart;
    for (let y = Math.max(0, -top); y < Math.min(grid.cellRows, window.rows - top); y++) {
      for (let x = Math.max(0, -left); x < Math.min(grid.cellColumns, window.columns - left); x++) {
        const position = (top + y) * window.columns + left + x;
        totals[position]++;
        if (isKnown) knownCounts[position]++;
        if (isBackground) backgrounds[position]++;
        if (!scores) continue;
        const weight = down[y] * across[x];
        const start = (y * grid.cellColumns + x) * classes;
        weights[position] += weight;
        for (let c = 0; c < classes; c++) values[position * classes + c] += weight * scores[start + c];
      }
    }
  }
  for (let position = 0; position < plane; position++) {
    if (weights[position] === 0) continue;
    for (let c = 0; c < classes; c++) values[position * classes + c] /= weights[position];
  }
  return {
    values,
    coverage: (position) => ({
      known: knownCounts[position],
      total: totals[position],
      background: backgrounds[position],
    }),
  };
}

/** Whether patches share cells. */
export function hasOverlap({ stepRows, cellRows, stepColumns, cellColumns }: PatchGrid): boolean {
  return stepRows < cellRows || stepColumns < cellColumns;
}

/** Weights of the cells along a side: 1, 2, 3, ... up to the middle and down again; all 1 where nothing overlaps. */
function tent(cells: number, overlaps: boolean): number[] {
  return Array.from({ length: cells }, (_, i) => (overlaps ? Math.min(i + 1, cells - i) : 1));
}

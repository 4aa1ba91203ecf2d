import type { TileAddress } from '../../../shared/geometry/deep-zoom.ts';
import { type PatchPosition, patchIndex } from '../../../shared/geometry/patch-grid.ts';
import { finestRaster, patchesOfWindow, type TileWindow, tileWindow } from '../../../shared/geometry/score-raster.ts';
import { samplesOfRange } from '../../../shared/geometry/stride.ts';
import type { Score } from '../../../shared/heatmap-descriptor.ts';
import type { ScoreTile } from '../../../shared/painting/style.ts';
import type { ModelDescription } from '../models/model.ts';
import { BLOCK_LEVEL } from '../values/known-patches.ts';
import type { BlockMean } from '../values/value-pyramid.ts';
import { type CellMeans, cellMeans } from './cell-means.ts';
import type { Heatmap } from './heatmap.ts';

/** The window of a heatmap's tile for a score. */
export function windowOfTile(heatmap: Heatmap, address: TileAddress, score: Score): TileWindow {
  return tileWindow(heatmap.pyramid, heatmap.grid, address, finestRaster(score));
}

/** Patches that a tile still needs, as row-major numbers: the missing samples of the blocks that its window touches. */
export function missingSamples(heatmap: Heatmap, window: TileWindow, stride: number): number[] {
  return samplesOfRange(patchesOfWindow(heatmap.grid, window), stride)
    .filter(({ row, column }) => !heatmap.values.known.isKnown(row, column))
    .map((position) => patchIndex(heatmap.grid, position));
}

/** Whether every value of a window is computed and none is estimated: such a tile never changes. */
export function isExact(heatmap: Heatmap, window: TileWindow): boolean {
  return knownBehind(heatmap, window, 0).missing === 0;
}

/**
 * Known patches behind a window and those that are missing, counted in whole blocks of 2^k x 2^k patches.
 * @param k 0 counts the window's own patches
 */
export function knownBehind(heatmap: Heatmap, window: TileWindow, k: number): { known: number; missing: number } {
  const counts = heatmap.values.known;
  // Values of coarse rasters are whole nodes of the pyramid, whatever is asked for.
  const level = window.rasterLevel === 'cells' ? k : Math.max(k, window.rasterLevel);
  const range = patchesOfWindow(heatmap.grid, window);
  let known = 0;
  let total = 0;
  for (let row = range.rowStart >> level; row << level < range.rowEnd; row++) {
    for (let column = range.columnStart >> level; column << level < range.columnEnd; column++) {
      known += counts.count(level, row, column);
      total += counts.total(level, row, column);
    }
  }
  return { known, missing: total - known };
}

/**
 * The values of a window from what is known now, unknown ones filled with the mean of the smallest block around them
 * that knows anything. Probabilities are bytes, round(255 p); anything else is floats, as `encodingOf` says.
 * @param classes indices of the classes whose planes the tile has, in that order
 */
export async function scoreTile(
  heatmap: Heatmap,
  window: TileWindow,
  score: Score,
  classes: readonly number[],
): Promise<ScoreTile> {
  const { rows, columns, rasterLevel } = window;
  const plane = rows * columns;
  const length = (classes.length + 2) * plane;
  const isFloat = encodingOf(heatmap.model, score).dtype === '<f2';
  const one = isFloat ? 1 : 255;
  const data = isFloat ? new Float32Array(length) : new Uint8Array(length);
  const encode = isFloat
    ? (value: number) => value
    : (value: number) => Math.round(255 * Math.min(1, Math.max(0, value)));
  const share = isFloat ? (value: number) => value : (value: number) => Math.round(255 * value);
  const put: Put = (position, values, start, coverage, background) => {
    if (values)
      for (let i = 0; i < classes.length; i++) data[i * plane + position] = encode(values[start + classes[i]]);
    data[classes.length * plane + position] = isFloat ? coverage / 255 : coverage;
    data[(classes.length + 1) * plane + position] = share(background);
  };
  const scoreStart = heatmap.scores.indexOf(score) * heatmap.model.classes.length;
  const nodes = await nodeReader(heatmap, window);
  if (rasterLevel === 'cells') {
    if (score === 'patch') throw new Error('the score patch has no values of cells');
    putCells(heatmap, window, await cellMeans(heatmap, window, score), { nodes, scoreStart }, put);
  } else {
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) {
        const found = nodes(rasterLevel, window.rowStart + y, window.columnStart + x);
        if (!found) continue;
        put(y * columns + x, found.mean, scoreStart, coverageByte(found.known, found.total), found.background);
      }
    }
  }
  return { data, classes: classes.length, rows, columns, one };
}

/** The NumPy type of a score's planes, and the value in them that stands for 1. */
export function encodingOf(model: ModelDescription, score: Score): { dtype: '|u1' | '<f2'; one: number } {
  const isProbability = score !== 'cam' && model.activation !== 'none';
  return isProbability ? { dtype: '|u1', one: 255 } : { dtype: '<f2', one: 1 };
}

/**
 * Writes the value at `position` of the window: `values` from `start` on, one for each class (null for background
 * alone), coverage as a byte, and the share of background.
 */
type Put = (
  position: number,
  values: ArrayLike<number> | null,
  start: number,
  coverage: number,
  background: number,
) => void;

type NodeReader = (k: number, row: number, column: number) => BlockMean | undefined;

/** Reads nodes of the pyramid under a window, whose blocks are loaded first. */
async function nodeReader(heatmap: Heatmap, window: TileWindow): Promise<NodeReader> {
  const { values, grid } = heatmap;
  const k = window.rasterLevel === 'cells' ? 0 : window.rasterLevel;
  if (k >= BLOCK_LEVEL) return (level, row, column) => values.pyramid.nearestMean(level, row, column);
  const blockOf = await values.blocks(patchesOfWindow(grid, window));
  return (level, row, column) => values.pyramid.nearestMean(level, row, column, blockOf);
}

/** Cells that a known patch covers have its values; the others those of the patch that they are nearest to. */
function putCells(
  heatmap: Heatmap,
  window: TileWindow,
  cells: CellMeans,
  { nodes, scoreStart }: { nodes: NodeReader; scoreStart: number },
  put: Put,
): void {
  const { grid, model } = heatmap;
  const estimates = new Map<number, BlockMean | undefined>();
  for (let y = 0; y < window.rows; y++) {
    for (let x = 0; x < window.columns; x++) {
      const position = y * window.columns + x;
      const { known, total, background } = cells.coverage(position);
      if (known > 0) {
        const isBackground = background === known;
        const values = isBackground ? null : cells.values;
        put(position, values, position * model.classes.length, coverageByte(known, total), background / known);
        continue;
      }
      const patch = patchOfCell(grid, window.rowStart + y, window.columnStart + x);
      const index = patchIndex(grid, patch);
      const found = estimates.has(index) ? estimates.get(index) : nodes(0, patch.row, patch.column);
      estimates.set(index, found);
      if (!found) continue;
      // A mean of patches is no value of a cell, whatever is known.
      const coverage = Math.min(254, coverageByte(found.known, found.total));
      put(position, found.mean, scoreStart, coverage, found.background);
    }
  }
}

/** The patch whose middle is nearest to a cell of the raster. */
function patchOfCell(grid: Heatmap['grid'], cellRow: number, cellColumn: number): PatchPosition {
  const nearest = (cell: number, cells: number, step: number, count: number) =>
    Math.min(count - 1, Math.max(0, Math.floor((cell + 0.5 - (cells - step) / 2) / step)));
  return {
    row: nearest(cellRow, grid.cellRows, grid.stepRows, grid.rows),
    column: nearest(cellColumn, grid.cellColumns, grid.stepColumns, grid.columns),
  };
}

/** Known share of a block as a byte: 255 only if all its patches are classified, else 1 to 254. */
export function coverageByte(known: number, total: number): number {
  if (known === 0) return 0;
  return known === total ? 255 : Math.min(254, Math.max(1, Math.round((254 * known) / total)));
}

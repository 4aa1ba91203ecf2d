import type { TileAddress } from '../../../shared/geometry/deep-zoom.ts';
import { type PatchPosition, patchIndex } from '../../../shared/geometry/patch-grid.ts';
import { finestRaster, patchesOfWindow, type TileWindow, tileWindow } from '../../../shared/geometry/score-raster.ts';
import { samplesOfRange } from '../../../shared/geometry/stride.ts';
import type { Score } from '../../../shared/heatmap-descriptor.ts';
import type { ScoreTile } from '../../../shared/painting/style.ts';
import type { ModelDescription } from '../models/model.ts';
import { cellsOf, type Heatmap, isKnown, scoreOfCells } from './heatmap.ts';

/** The window of a heatmap's tile for a score. */
export function windowOfTile(heatmap: Heatmap, address: TileAddress, score: Score): TileWindow {
  return tileWindow(heatmap.pyramid, heatmap.grid, address, finestRaster(score));
}

/** Patches that a tile still needs, as row-major numbers: the missing samples of the blocks that its window touches. */
export function missingSamples(heatmap: Heatmap, window: TileWindow, stride: number): number[] {
  return samplesOfRange(patchesOfWindow(heatmap.grid, window), stride)
    .filter((position) => !isComputed(heatmap, window, position))
    .map((position) => patchIndex(heatmap.grid, position));
}

/** Whether every value of a window is computed and none is estimated: such a tile never changes. */
export function isExact(heatmap: Heatmap, window: TileWindow): boolean {
  const { rasterLevel: k, rowStart, columnStart, rows, columns } = window;
  if (k === 'cells') {
    return samplesOfRange(patchesOfWindow(heatmap.grid, window), 1).every((position) =>
      isComputed(heatmap, window, position),
    );
  }
  for (let row = rowStart; row < rowStart + rows; row++) {
    for (let column = columnStart; column < columnStart + columns; column++) {
      if (heatmap.values.count(k, row, column) < heatmap.values.total(k, row, column)) return false;
    }
  }
  return true;
}

function isComputed(heatmap: Heatmap, { rasterLevel }: TileWindow, { row, column }: PatchPosition): boolean {
  if (!isKnown(heatmap, row, column)) return false;
  return rasterLevel !== 'cells' || cellsOf(heatmap, row, column) !== undefined;
}

/**
 * The values of a window from what is known now, unknown ones filled with the mean of the smallest block around them
 * that knows anything. Probabilities are bytes, round(255 p); anything else is floats, as `encodingOf` says.
 * @param classes indices of the classes whose planes the tile has, in that order
 */
export function scoreTile(heatmap: Heatmap, window: TileWindow, score: Score, classes: readonly number[]): ScoreTile {
  const { rows, columns } = window;
  const plane = rows * columns;
  const length = (classes.length + 2) * plane;
  const isFloat = encodingOf(heatmap.model, score).dtype === '<f2';
  const one = isFloat ? 1 : 255;
  const data = isFloat ? new Float32Array(length) : new Uint8Array(length);
  const encode = isFloat
    ? (value: number) => value
    : (value: number) => Math.round(255 * Math.min(1, Math.max(0, value)));
  const put: Put = (position, scores, start, coverage) => {
    for (let i = 0; i < classes.length; i++) data[i * plane + position] = encode(scores[start + classes[i]]);
    data[classes.length * plane + position] = isFloat ? coverage / 255 : coverage;
  };
  if (window.rasterLevel === 'cells') {
    if (score === 'patch') throw new Error('the score patch has no values of cells');
    putCells(heatmap, window, score, put);
  } else {
    putBlocks(heatmap, window, window.rasterLevel, score, put);
  }
  return { data, classes: classes.length, rows, columns, one };
}

/** The NumPy type of a score's planes, and the value in them that stands for 1. */
export function encodingOf(model: ModelDescription, score: Score): { dtype: '|u1' | '<f2'; one: number } {
  const isProbability = score !== 'cam' && model.activation !== 'none';
  return isProbability ? { dtype: '|u1', one: 255 } : { dtype: '<f2', one: 1 };
}

/** Writes the value at `position` of the window: `scores` from `start` on, one for each class; coverage as a byte. */
type Put = (position: number, scores: ArrayLike<number>, start: number, coverage: number) => void;

function putBlocks(heatmap: Heatmap, window: TileWindow, k: number, score: Score, put: Put): void {
  const start = heatmap.scores.indexOf(score) * heatmap.model.classes.length;
  for (let y = 0; y < window.rows; y++) {
    for (let x = 0; x < window.columns; x++) {
      const found = heatmap.values.nearestMean(k, window.rowStart + y, window.columnStart + x);
      if (found) put(y * window.columns + x, found.mean, start, coverageByte(found.known, found.total));
    }
  }
}

function putCells(heatmap: Heatmap, window: TileWindow, score: 'probability' | 'cam', put: Put): void {
  const { cellRows, cellColumns } = heatmap.grid;
  const classCount = heatmap.model.classes.length;
  for (const { row, column } of samplesOfRange(patchesOfWindow(heatmap.grid, window), 1)) {
    const cells = cellsOf(heatmap, row, column);
    const scores = cells && scoreOfCells(heatmap.model, cells, score);
    const mean = scores ? undefined : heatmap.values.nearestMean(0, row, column);
    // A patch whose cells are no longer kept has its mean alone, so it is not called exact.
    const coverage = mean ? Math.min(254, coverageByte(mean.known, mean.total)) : 0;
    // The part of the patch that the window shows, in rows and columns of the window.
    const top = Math.max(0, row * cellRows - window.rowStart);
    const bottom = Math.min(window.rows, (row + 1) * cellRows - window.rowStart);
    const left = Math.max(0, column * cellColumns - window.columnStart);
    const right = Math.min(window.columns, (column + 1) * cellColumns - window.columnStart);
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) {
        const position = y * window.columns + x;
        const cellRow = window.rowStart + y - row * cellRows;
        const cell = cellRow * cellColumns + window.columnStart + x - column * cellColumns;
        if (scores) put(position, scores, cell * classCount, 255);
        else if (mean) put(position, mean.mean, heatmap.scores.indexOf(score) * classCount, coverage);
      }
    }
  }
}

/** Known share of a block as a byte: 255 only if all its patches are classified, else 1 to 254. */
export function coverageByte(known: number, total: number): number {
  if (known === 0) return 0;
  return known === total ? 255 : Math.min(254, Math.max(1, Math.round((254 * known) / total)));
}

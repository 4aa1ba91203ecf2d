import { setImmediate } from 'node:timers/promises';
import type { TileAddress } from '../../../shared/geometry/deep-zoom.ts';
import { type PatchPosition, patchIndex } from '../../../shared/geometry/patch-grid.ts';
import { finestRaster, patchesOfWindow, type TileWindow, tileWindow } from '../../../shared/geometry/score-raster.ts';
import type { Score } from '../../../shared/heatmap-descriptor.ts';
import type { ScoreTile } from '../../../shared/painting/style.ts';
import type { ModelDescription } from '../models/model.ts';
import type { BlockSum } from '../values/value-pyramid.ts';
import { type CellMeans, cellMeans, hasOverlap } from './cell-means.ts';
import { cellReader } from './cell-reader.ts';
import type { Heatmap } from './heatmap.ts';
import { type NodeReader, nodeParts, nodeReader } from './node-reader.ts';
import { byteOf } from './patch-scores.ts';

/** The window of a heatmap's tile for a score. */
export function windowOfTile(heatmap: Heatmap, address: TileAddress, score: Score): TileWindow {
  return tileWindow(heatmap.pyramid, heatmap.grid, address, finestRaster(score));
}

/** Patches that a tile still needs, as row-major numbers: the missing samples of the blocks that its window touches. */
export function missingSamples(heatmap: Heatmap, window: TileWindow, stride: number): number[] {
  return heatmap.values.known
    .samplesIn(patchesOfWindow(heatmap.grid, window), stride)
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
  const isFloat = encodingOf(heatmap.model, score).dtype === '<f2';
  const length = (classes.length + 2) * rows * columns;
  const data = isFloat ? new Float32Array(length) : new Uint8Array(length);
  const planes = { data, size: rows * columns, classes };
  const scoreStart = heatmap.scores.indexOf(score) * heatmap.model.classes.length;
  if (rasterLevel === 'cells') {
    const nodes = await nodeReader(heatmap, patchesOfWindow(heatmap.grid, window), 0);
    if (score === 'patch') throw new Error('the score patch has no values of cells');
    const source = { nodes, scoreStart };
    if (hasOverlap(heatmap.grid)) putCells(heatmap, window, await cellMeans(heatmap, window, score), source, planes);
    else await putPatches(heatmap, window, score, source, planes);
  } else {
    for (const part of nodeParts(heatmap, window, rasterLevel)) {
      const nodes = await nodeReader(heatmap, part.patches, rasterLevel);
      for (let row = part.rowStart; row < part.rowEnd; row++) {
        for (let column = part.columnStart; column < part.columnEnd; column++) {
          const found = nodes(rasterLevel, row, column);
          const position = (row - window.rowStart) * columns + column - window.columnStart;
          if (found) putNode(planes, position, found, scoreStart, coverageByte(found.known, found.total));
        }
      }
      // Other requests are answered between blocks, which are many where a tile shows much of a slide.
      if (part.isLoaded) await setImmediate();
    }
  }
  return { data, classes: classes.length, rows, columns, one: isFloat ? 1 : 255 };
}

/** The NumPy type of a score's planes, and the value in them that stands for 1. */
export function encodingOf(model: ModelDescription, score: Score): { dtype: '|u1' | '<f2'; one: number } {
  const isProbability = score !== 'cam' && model.activation !== 'none';
  return isProbability ? { dtype: '|u1', one: 255 } : { dtype: '<f2', one: 1 };
}

/** What is written: planes of `size` values each, those of classes and then coverage and background. */
interface Planes {
  data: Uint8Array | Float32Array;
  size: number;
  /** Indices of the classes that have a plane. */
  classes: readonly number[];
}

/** Writes the values of all classes at a position: `values` from `start` on, divided by `count`. */
function putValues(planes: Planes, position: number, values: ArrayLike<number>, start: number, count: number): void {
  const { data, size, classes } = planes;
  for (let i = 0; i < classes.length; i++) {
    const value = values[start + classes[i]] / count;
    data[i * size + position] = data instanceof Uint8Array ? byteOf(value) : value;
  }
}

/** Writes the values of `count` neighbours, which lie `step` apart in `values`. */
function putRow(
  { data, size, classes }: Planes,
  position: number,
  count: number,
  values: Float32Array | Uint8Array,
  start: number,
  step: number,
): void {
  for (let i = 0; i < classes.length; i++) {
    const target = i * size + position;
    const from = start + classes[i];
    for (let x = 0; x < count; x++) data[target + x] = values[from + x * step];
  }
}

/** Writes coverage, a byte, and the share of background. */
function putShares({ data, size, classes }: Planes, position: number, coverage: number, background: number): void {
  const isBytes = data instanceof Uint8Array;
  data[classes.length * size + position] = isBytes ? coverage : coverage / 255;
  data[(classes.length + 1) * size + position] = isBytes ? Math.round(255 * background) : background;
}

/** As `putShares`, of `count` neighbours that are wholly covered. */
function putRowShares({ data, size, classes }: Planes, position: number, count: number, background: number): void {
  const one = data instanceof Uint8Array ? 255 : 1;
  const coverage = classes.length * size + position;
  data.fill(one, coverage, coverage + count);
  if (background > 0) data.fill(one * background, coverage + size, coverage + size + count);
}

function putNode(planes: Planes, position: number, node: BlockSum, scoreStart: number, coverage: number): void {
  if (node.valued > 0) putValues(planes, position, node.sums, node.start + scoreStart, node.valued);
  putShares(planes, position, coverage, node.background);
}

/** Where the estimates of a tile come from. */
interface Estimates {
  nodes: NodeReader;
  /** Of the score among the values of a node. */
  scoreStart: number;
}

/** Cells that a known patch covers have its values; the others those of the patch that they are nearest to. */
function putCells(
  heatmap: Heatmap,
  window: TileWindow,
  cells: CellMeans,
  { nodes, scoreStart }: Estimates,
  planes: Planes,
): void {
  const { grid, model } = heatmap;
  const estimates = new Map<number, BlockSum | undefined>();
  for (let y = 0; y < window.rows; y++) {
    for (let x = 0; x < window.columns; x++) {
      const position = y * window.columns + x;
      const { known, total, background } = cells.coverage(position);
      if (known > 0) {
        if (background < known) putValues(planes, position, cells.values, position * model.classes.length, 1);
        putShares(planes, position, coverageByte(known, total), background / known);
        continue;
      }
      const patch = patchOfCell(grid, window.rowStart + y, window.columnStart + x);
      const index = patchIndex(grid, patch);
      const found = estimates.has(index) ? estimates.get(index) : nodes(0, patch.row, patch.column);
      estimates.set(index, found);
      if (found) putNode(planes, position, found, scoreStart, estimatedCoverage(found));
    }
  }
}

/** As `putCells` where patches lie side by side, so that each cell belongs to one: patch by patch. */
async function putPatches(
  { grid, model, values }: Heatmap,
  window: TileWindow,
  score: 'probability' | 'cam',
  { nodes, scoreStart }: Estimates,
  planes: Planes,
): Promise<void> {
  const { cellRows, cellColumns } = grid;
  const classes = model.classes.length;
  const range = patchesOfWindow(grid, window);
  const valuesOf = await cellReader({ grid, model, values }, range, score, planes.data instanceof Uint8Array);
  const { total, known, background } = values.known.countIn(range);
  const isWhole = known === total && background === 0;
  for (let row = range.rowStart; row < range.rowEnd; row++) {
    for (let column = range.columnStart; column < range.columnEnd; column++) {
      const own = valuesOf(row, column);
      const isKnown = own !== undefined || values.mask?.[row * grid.columns + column] === 1;
      const isBackground = isKnown && !isWhole && values.known.isBackground(row, column);
      const found = isKnown ? undefined : nodes(0, row, column);
      // The part of the patch that the window shows, in cells of the patch.
      const top = row * cellRows - window.rowStart;
      const left = column * cellColumns - window.columnStart;
      const first = Math.max(0, -left);
      const count = Math.min(cellColumns, window.columns - left) - first;
      for (let y = Math.max(0, -top); y < Math.min(cellRows, window.rows - top); y++) {
        const position = (top + y) * window.columns + left + first;
        if (own && !isBackground) {
          putRow(planes, position, count, own.values, own.start + (y * cellColumns + first) * classes, classes);
        }
        if (isKnown) putRowShares(planes, position, count, isBackground ? 1 : 0);
        else if (found) {
          for (let x = 0; x < count; x++) putNode(planes, position + x, found, scoreStart, estimatedCoverage(found));
        }
      }
    }
  }
}

/** A mean of patches is no value of a cell, whatever is known. */
function estimatedCoverage({ known, total }: BlockSum): number {
  return Math.min(254, coverageByte(known, total));
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

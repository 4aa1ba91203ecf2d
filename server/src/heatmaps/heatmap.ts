import { LRUCache } from 'lru-cache';
import { activate } from '../../../shared/activation.ts';
import type { TilePyramid } from '../../../shared/geometry/deep-zoom.ts';
import { type PatchGrid, patchGrid, patchPosition } from '../../../shared/geometry/patch-grid.ts';
import { levelStrides } from '../../../shared/geometry/stride.ts';
import { HEATMAP_OVERLAP, HEATMAP_TILE_SIZE, type Score } from '../../../shared/heatmap-descriptor.ts';
import type { ModelDescription } from '../models/model.ts';
import type { SlideDescription } from '../slides/slide.ts';
import type { PatchResults } from '../worker/messages.ts';
import { analysisDownsample } from './analysis-resolution.ts';
import { heatmapFingerprint } from './fingerprint.ts';
import { ValuePyramid } from './value-pyramid.ts';

/** A model over a slide: its geometry, and what is known so far. */
export interface Heatmap {
  slide: SlideDescription;
  model: ModelDescription;
  grid: PatchGrid;
  pyramid: TilePyramid;
  /** Sampling stride of each level, index = level. */
  strides: number[];
  scores: Score[];
  fingerprint: string;
  warnings: string[];
  /** Means over cells of each score's classes, score after score as in `scores`. */
  values: ValuePyramid;
  /** Cells of classified patches, CAM + bias, by patch index; bounded, so a known patch's cells may be gone. */
  cells: LRUCache<string, Float32Array>;
}

/** What an entry takes besides its values, as measured. */
const ENTRY_BYTES = 400;

/** Cells of all heatmaps share this cache; a patch's key is made by `cellsKey`. */
export type CellsCache = LRUCache<string, Float32Array>;

/** @param maxBytes bound of the cells kept, over all heatmaps */
export function createCellsCache(maxBytes: number): CellsCache {
  return new LRUCache({ maxSize: maxBytes, sizeCalculation: (cells) => cells.byteLength + ENTRY_BYTES });
}

/** @throws Problem `unreadable-slide` where the slide is smaller than one patch */
export function createHeatmap(slide: SlideDescription, model: ModelDescription, cells: CellsCache): Heatmap {
  const { downsample, warnings } = analysisDownsample(slide, model);
  const grid = patchGrid({ width: slide.width, height: slide.height }, shapeOf(model), downsample);
  const pyramid = {
    width: slide.width,
    height: slide.height,
    tileSize: HEATMAP_TILE_SIZE,
    overlap: HEATMAP_OVERLAP,
  };
  const scores = scoresOf(model);
  return {
    slide,
    model,
    grid,
    pyramid,
    strides: levelStrides(pyramid, grid),
    scores,
    fingerprint: heatmapFingerprint(slide, model, downsample),
    warnings: [...model.warnings, ...warnings],
    values: new ValuePyramid(grid.rows, grid.columns, scores.length * model.classes.length),
    cells,
  };
}

/**
 * What can be shown for a model: an output that is no probability has no score of that name, and neither has a map by
 * gradients, whose cells are shares of a logit and no logits themselves.
 */
export function scoresOf({ activation, method }: Pick<ModelDescription, 'activation' | 'method'>): Score[] {
  return activation === 'none' || method !== 'cam' ? ['cam', 'patch'] : ['probability', 'cam', 'patch'];
}

function shapeOf({ patchHeight, patchWidth, cellRows, cellColumns }: ModelDescription) {
  return { patchHeight, patchWidth, cellRows, cellColumns };
}

/** Keeps the results of classified patches; `indices` are row-major patch numbers, in the order of the results. */
export function addResults(heatmap: Heatmap, indices: readonly number[], results: PatchResults): void {
  const { grid, model, scores } = heatmap;
  const classes = model.classes.length;
  const cellCount = grid.cellRows * grid.cellColumns;
  for (const [position, index] of indices.entries()) {
    const cells = results.cells.slice(position * cellCount * classes, (position + 1) * cellCount * classes);
    heatmap.cells.set(cellsKey(heatmap, index), cells);
    const { row, column } = patchPosition(grid, index);
    if (heatmap.values.count(0, row, column) > 0) continue;
    const values = scores.flatMap((score) => {
      if (score === 'patch') {
        return Array.from(results.probabilities.subarray(position * classes, (position + 1) * classes));
      }
      return meanOverCells(
        score === 'cam' ? camOfCells(model, cells) : activate(cells, classes, model.activation),
        classes,
      );
    });
    heatmap.values.add(row, column, values);
  }
}

/** Probability of every cell and class, or its CAM without the bias; the layout of `cells`, [cells, classes]. */
export function scoreOfCells(model: ModelDescription, cells: Float32Array, score: 'probability' | 'cam'): Float32Array {
  return score === 'cam' ? camOfCells(model, cells) : activate(cells, model.classes.length, model.activation);
}

function camOfCells({ bias, classes }: ModelDescription, cells: Float32Array): Float32Array {
  return cells.map((value, i) => value - bias[i % classes.length]);
}

function meanOverCells(values: Float32Array, classes: number): number[] {
  const sums = new Array<number>(classes).fill(0);
  for (let i = 0; i < values.length; i++) sums[i % classes] += values[i];
  return sums.map((sum) => sum / (values.length / classes));
}

/** Whether a patch has been classified. */
export function isKnown(heatmap: Heatmap, row: number, column: number): boolean {
  return heatmap.values.count(0, row, column) > 0;
}

/** Classified patches of the whole grid. */
export function knownPatches({ values }: Heatmap): number {
  return values.count(values.top, 0, 0);
}

/** The cells of a patch, if they are known and still kept. */
export function cellsOf(heatmap: Heatmap, row: number, column: number): Float32Array | undefined {
  return heatmap.cells.get(cellsKey(heatmap, row * heatmap.grid.columns + column));
}

/** Mean over a patch of one score's classes, [classes]; undefined where the patch is not known. */
export function patchValues(heatmap: Heatmap, row: number, column: number, score: Score): Float64Array | undefined {
  if (!isKnown(heatmap, row, column)) return undefined;
  const classes = heatmap.model.classes.length;
  const start = heatmap.scores.indexOf(score) * classes;
  return heatmap.values.nearestMean(0, row, column)?.mean.subarray(start, start + classes);
}

function cellsKey({ fingerprint }: Heatmap, index: number): string {
  return `${fingerprint} ${index}`;
}

import { maxLevel, type TilePyramid } from '../../../shared/geometry/deep-zoom.ts';
import { levelGrid, type PatchGrid, patchGrid } from '../../../shared/geometry/patch-grid.ts';
import { levelStrides } from '../../../shared/geometry/stride.ts';
import {
  HEATMAP_OVERLAP,
  HEATMAP_TILE_SIZE,
  type HeatmapOptions,
  type Score,
} from '../../../shared/heatmap-descriptor.ts';
import { Problem } from '../errors.ts';
import type { ModelDescription } from '../models/model.ts';
import type { SlideDescription } from '../slides/slide.ts';
import { analysisDownsample } from './analysis-resolution.ts';
import { heatmapFingerprint } from './fingerprint.ts';
import type { HeatmapValues } from './heatmap-values.ts';
import { scoresOf } from './patch-scores.ts';

/** A model over a slide: everything about it but what is known. */
export interface HeatmapPlan {
  slide: SlideDescription;
  model: ModelDescription;
  options: HeatmapOptions;
  grid: PatchGrid;
  pyramid: TilePyramid;
  /** Whether each level is classified at its own resolution. */
  levelMode: boolean;
  /** Sampling stride of each level, index = level. */
  strides: number[];
  scores: Score[];
  /** What clients know it by; one for all levels. */
  fingerprint: string;
  /** What its results are kept by: the fingerprint, or in level mode that of one resolution. */
  identity: string;
  warnings: string[];
}

/** A model over a slide, and what is known so far. */
export interface Heatmap extends HeatmapPlan {
  values: HeatmapValues;
  /** Who keeps it open now, and when it was asked for last (milliseconds since 1970). */
  usage: { holders: number; usedAt: number };
  /** The heatmap that a level shows: itself, or in level mode that of the level's resolution. */
  atLevel(level: number): Promise<Heatmap>;
}

/**
 * @param level in level mode that whose pixels are classified, by default the finest
 * @throws Problem `unreadable-slide` where the slide is smaller than one patch, `bad-parameter` for a background class
 *   that the model does not have
 */
export function planHeatmap(
  slide: SlideDescription,
  model: ModelDescription,
  options: HeatmapOptions,
  level?: number,
): HeatmapPlan {
  const { downsample, warnings } = analysisDownsample(slide, model);
  const levelMode = model.resolution === 'any';
  const size = { width: slide.width, height: slide.height };
  const { patchHeight, patchWidth, cellRows, cellColumns } = model;
  const shape = { patchHeight, patchWidth, cellRows, cellColumns };
  const finest = patchGrid(size, shape, downsample, options.overlap);
  const grid = level === undefined || !levelMode ? finest : levelGrid(finest, level, options.overlap);
  const pyramid = { ...size, tileSize: HEATMAP_TILE_SIZE, overlap: HEATMAP_OVERLAP };
  const { background } = options;
  if (background !== null && typeof background === 'object') {
    const names = model.classes.map(({ name }) => name);
    if (!names.includes(background.class)) {
      throw new Problem(
        'bad-parameter',
        `background: expected a class of the model (${names.join(', ')}), found ${background.class}`,
      );
    }
  }
  return {
    slide,
    model,
    options,
    grid,
    pyramid,
    levelMode,
    strides: levelMode ? levelModeStrides(pyramid, finest, options) : levelStrides(pyramid, grid),
    scores: scoresOf(model),
    fingerprint: heatmapFingerprint(slide, model, levelMode ? 'level' : downsample, options),
    identity: heatmapFingerprint(slide, model, grid.downsample, options),
    warnings: [...model.warnings, ...warnings],
  };
}

/** Each level has the stride that its own grid needs there. */
function levelModeStrides(pyramid: TilePyramid, finest: PatchGrid, { overlap }: HeatmapOptions): number[] {
  return Array.from({ length: maxLevel(pyramid) + 1 }, (_, level) => {
    return levelStrides(pyramid, levelGrid(finest, level, overlap))[level];
  });
}

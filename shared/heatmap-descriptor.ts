import type { Activation } from './activation.ts';
import { levelGrid, type Overlap, type PatchGrid } from './geometry/patch-grid.ts';

/** What can be shown for a class: see the design's words in docs/architecture.md. */
export const SCORES = ['probability', 'cam', 'patch'] as const;
export type Score = (typeof SCORES)[number];

/** How a map of cells comes about; see docs/models.md. */
export const METHODS = ['cam', 'hirescam', 'gradcam'] as const;
export type Method = (typeof METHODS)[number];

/** As their authors write them. */
export const METHOD_NAMES: Readonly<Record<Method, string>> = { cam: 'CAM', hirescam: 'HiResCAM', gradcam: 'Grad-CAM' };

/** Heatmap tiles are 256 pixels with Overlap 1: translucent tiles without overlap show their borders. */
export const HEATMAP_TILE_SIZE = 256;
export const HEATMAP_OVERLAP = 1;

/** Class planes that one score tile holds at most, and by default. */
export const MAX_CLASS_PLANES = 32;
export const DEFAULT_CLASS_PLANES = 16;

export interface ClassInfo {
  name: string;
  /** `#rrggbb`: the manifest's colour, or one of the palette's. */
  color: string;
}

/**
 * What is background, and so neither shown nor counted: nothing; what Otsu's threshold of the saturation says, which is not
 * even classified; or the patches in which a class leads.
 */
export type Background = null | 'otsu' | { class: string };

/** What makes heatmaps of one slide and model differ; part of their fingerprint. */
export interface HeatmapOptions {
  /** Patches that overlap along a side; smoother, and several times the work. */
  overlap: Overlap;
  background: Background;
}

/** Body of `GET /heatmaps/{slide}/{model}.json`: everything that a client needs to ask for tiles and to paint them. */
export interface HeatmapDescriptor {
  slide: string;
  model: string;
  title: string;
  width: number;
  height: number;
  /** Microns per slide pixel; null where the slide does not tell. */
  mpp: number | null;
  tileSize: number;
  overlap: number;
  maxLevel: number;
  /** Sampling stride of each level, index = level. */
  strides: number[];
  method: Method;
  /** How the model's outputs become probabilities. */
  activation: Activation;
  /** Runtime and precision that the values come from, e.g. `onnxruntime-float32`. */
  engine: string;
  classes: ClassInfo[];
  options: HeatmapOptions;
  /** Of the finest level; where `levelMode` is true each level has its own, `levelGrid`. */
  grid: PatchGrid;
  /** Whether each level is classified at its own resolution. */
  levelMode: boolean;
  scores: readonly Score[];
  /** NumPy dtype of the planes of each score, and the value that 1 stands for. */
  encodings: Record<Score, { dtype: '|u1' | '<f2'; one: number }>;
  fingerprint: string;
  /**
   * Numbers of the classes, the most probable of the overview's breakdown first, as `?top=` of painted tiles takes them; null
   * while its patches are not all known. It never changes.
   */
  classOrder: readonly number[] | null;
  /** Address prefix of the tiles, relative to the descriptor's own address. */
  tiles: string;
  analysis: AnalysisState;
  /** Why results cannot be stored now and are kept in memory alone; null while they can. */
  storeProblem: string | null;
  warnings: string[];
}

/** The grid whose patches the tiles of a level show. */
export function gridOfLevel(
  { grid, levelMode, options }: Pick<HeatmapDescriptor, 'grid' | 'levelMode' | 'options'>,
  level: number,
): PatchGrid {
  return levelMode ? levelGrid(grid, level, options.overlap) : grid;
}

/** An analysis of a heatmap: what it has done, and what it costs. */
export interface AnalysisState {
  /** Of the analysis that runs or ran last; `done` where nothing of its region, or of the slide, is left to do. */
  state: 'none' | 'running' | 'done' | 'failed';
  /** The region that is or was analysed, in slide pixels, and its patches; null where it is the whole slide. */
  region: { rectangle: readonly [x: number, y: number, width: number, height: number]; patches: PatchCount } | null;
  /** Of the whole slide. */
  patches: PatchCount;
  /** Patches of the slide that are still to be classified. */
  missing: number;
  /** Measured by this server; null where its model was never run. */
  patchesPerSecond: number | null;
  /** What the missing patches will take if nothing else is wanted; null where no speed is known. */
  seconds: number | null;
  /** Why it failed. */
  error?: string;
}

export interface PatchCount {
  known: number;
  total: number;
}

/** Mean predicted probability of every class over the patches of a slide or region. */
export interface Breakdown {
  breakdown: ClassShare[];
  patches: PatchCount;
  /** Whether every patch was classified, so that probability = low = high. */
  exact: boolean;
  /** What it is a share of. */
  of: 'slide' | 'tissue' | 'region' | 'tissue of the region';
}

/** What a region's breakdown tells besides. */
export interface RegionBreakdown extends Breakdown {
  /** Of every class, in order; estimated, as the breakdown is, until it is exact. */
  statistics: {
    class: string;
    /** Area of the patches in which the class leads, in slide pixels and, where the resolution is known, mm2. */
    pixels: number;
    squareMillimetres: number | null;
    /** Shares of the area by the class's probability, in equal steps from 0 to 1. */
    histogram: number[];
  }[];
}

export interface ClassShare {
  class: string;
  /** Null where no patch is known yet. */
  probability: number | null;
  /** 95 % interval; null where there are too few samples for one. */
  low: number | null;
  high: number | null;
}

/** Body of `GET /heatmaps/{slide}/{model}/score?x=&y=`. */
export interface ScoreAtPoint {
  x: number;
  y: number;
  /** Slide pixels of the patch; null in the remainder that belongs to no patch, as everything below. */
  patch: { x: number; y: number; width: number; height: number; row: number; column: number } | null;
  /** Every class: the patch's probability, the cell's probability (null where the model has none) and the cell's CAM. */
  classes: { class: string; probability: number; cell: number | null; cam: number }[] | null;
}

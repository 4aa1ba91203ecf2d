import type { PatchGrid } from './geometry/patch-grid.ts';

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

/** Body of `GET /heatmaps/{slide}/{model}.json`: everything that a client needs to ask for tiles and to paint them. */
export interface HeatmapDescriptor {
  slide: string;
  model: string;
  title: string;
  width: number;
  height: number;
  tileSize: number;
  overlap: number;
  maxLevel: number;
  /** Sampling stride of each level, index = level. */
  strides: number[];
  method: Method;
  /** Runtime and precision that the values come from, e.g. `onnxruntime-float32`. */
  engine: string;
  classes: ClassInfo[];
  grid: PatchGrid;
  scores: readonly Score[];
  /** NumPy dtype of the planes of each score, and the value that 1 stands for. */
  encodings: Record<Score, { dtype: '|u1' | '<f2'; one: number }>;
  fingerprint: string;
  /** Address prefix of the tiles, relative to the descriptor's own address. */
  tiles: string;
  analysis: AnalysisState;
  warnings: string[];
}

export interface AnalysisState {
  state: 'none' | 'running' | 'done' | 'failed';
  patches: PatchCount;
  /** Patches of the slide that are still to be classified. */
  missing: number;
  /** Measured by this server for this heatmap; null until it has classified some. */
  patchesPerSecond: number | null;
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
  of: 'slide' | 'region';
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

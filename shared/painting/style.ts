import type { Method, Score } from '../heatmap-descriptor.ts';

export const MODES = ['single', 'blend', 'argmax'] as const;
/** One class through a colour map; several in their own colours, blended; the class that leads. */
export type Mode = (typeof MODES)[number];

/** How the values of a tile become pixels; plain data, equal on server and in the browser. */
export interface PaintStyle {
  mode: Mode;
  score: Score;
  /** Indices of the tile's planes that are shown: one in `single`, any number of them otherwise. */
  planes: number[];
  /** Colour of each of `planes`, 0 to 255; not used in `single`. */
  colours: [red: number, green: number, blue: number][];
  /** 256 RGB triples, low score to high; used in `single` only. */
  colormap: Uint8Array;
  /** Scores shown as the colour scale's ends, in units of the score. */
  range: [low: number, high: number];
  /** Scores below it are transparent; in units of the score. -Infinity shows all. */
  threshold: number;
  /** 0 to 1. */
  opacity: number;
  /** `smooth` is bilinear between the centres of the values; `cells` shows each value as a rectangle. */
  interpolation: 'smooth' | 'cells';
}

/**
 * Scores at the ends of the colours unless told otherwise: 0 to 1. Behind pooling and one linear layer a map by gradients
 * is the CAM divided by the number of cells, so that its range is the CAM's divided by as much.
 *
 * @param cells of a patch
 */
export function defaultRange(score: Score, method: Method, cells: number): [low: number, high: number] {
  return score === 'cam' && method !== 'cam' ? [0, 1 / cells] : [0, 1];
}

/** A decoded score tile: the values of a `TileWindow`. */
export interface ScoreTile {
  /** Shape [classes + 2, rows, columns]; the last two planes are coverage and background. */
  data: Uint8Array | Float32Array;
  classes: number;
  rows: number;
  columns: number;
  /** The value of `data` that stands for score, coverage or background 1: 255 for bytes, 1 for floats. */
  one: number;
}

import type { Method, Score } from '../heatmap-descriptor.ts';

export const MODES = ['single', 'blend', 'argmax', 'entropy', 'difference'] as const;
/**
 * One class through a colour map; several in their own colours, blended; the class that leads; how unsure the model is,
 * and by how much one class exceeds another, both through a colour map.
 */
export type Mode = (typeof MODES)[number];

/** How the values of a tile become pixels; plain data, equal on server and in the browser. */
export interface PaintStyle {
  mode: Mode;
  score: Score;
  /**
   * Indices of the tile's planes that are shown: one in `single`, all of the model's in `entropy`, in `difference` the
   * one from which the other is taken and that other, any number otherwise.
   */
  planes: number[];
  /** Colour of each of `planes`, 0 to 255; used in `blend` and `argmax`. */
  colours: [red: number, green: number, blue: number][];
  /** 256 RGB triples, low score to high; not used in `blend` and `argmax`. */
  colormap: Uint8Array;
  /**
   * Scores shown as the colour scale's ends, in units of the score. Differences have a scale of that extent to both
   * sides of 0; of entropy the unit is that of classes that are all alike.
   */
  range: [low: number, high: number];
  /** Scores below it are transparent, of differences their sizes; in units of the score. -Infinity shows all. */
  threshold: number;
  /** A score's place in the range, 0 to 1, is raised to this power before it becomes a colour or a weight; above 0. */
  gamma: number;
  /**
   * Whether the opacity is also multiplied by the place in the range, of differences by the distance from 0. Several
   * classes always fade so.
   */
  opacityByValue: boolean;
  /** Whether a model's classes exclude each other (softmax): their entropy is one sum, else the mean of each class's own. */
  exclusive: boolean;
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

/**
 * Scores at the ends of the colour scale, in units of the score: those of the range, of a difference its extent to both sides
 * of 0.
 */
export function scaleEnds({
  mode,
  range: [low, high],
}: {
  mode: Mode;
  range: readonly [low: number, high: number];
}): [low: number, high: number] {
  // Without what subtracting floats adds.
  const extent = Number((high - low).toPrecision(6));
  return mode === 'difference' ? [-extent, extent] : [low, high];
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

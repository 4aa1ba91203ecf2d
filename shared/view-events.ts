import type { AnalysisState, Breakdown, PatchCount, Score } from './heatmap-descriptor.ts';

/** One rectangle on screen, of the list that `POST /view` takes; several may show one heatmap. */
export interface ViewRequest {
  /** Address of the heatmap's descriptor, query included: absolute, or relative to the server's prefix. */
  heatmap: string;
  /** Slide pixels, `[x, y, width, height]`. */
  region: readonly [x: number, y: number, width: number, height: number];
  /** Deep Zoom level that is drawn; patches are classified down to its stride and no further. */
  level: number;
  /** The score whose tiles are shown; the heatmap's first when left out. */
  score?: Score;
  /** Whether the descriptor's `classOrder` is wanted, for which the overview's patches are classified, too. */
  classOrder?: boolean;
}

/** What is known of one tile. */
export interface TileRevision {
  level: number;
  column: number;
  row: number;
  /** Grows whenever the tile becomes better, and only then; the number of known patches behind it. */
  revision: number;
  /** Patches that its level asks for and that are not known yet. */
  missing: number;
  /** Whether every value is computed: the tile never changes again. */
  exact: boolean;
}

/** How far a view, and its slide, is computed. */
export interface ViewProgress {
  view: number;
  /** Of the whole slide. */
  patches: PatchCount;
  /** Patches that this view still lacks. */
  missing: number;
  /** Measured by the server for this heatmap; null until it has classified some. */
  patchesPerSecond: number | null;
  /** Until this view is sharp; null where no speed is known. */
  secondsLeft: number | null;
  /** Of the slide as a whole. */
  analysis: AnalysisState;
}

/**
 * The events of a view stream, by name; each one's data is a line of JSON. `view` is a position in the request's list.
 * A stream begins with every tile in view, and then tells those that have become better.
 */
export interface ViewEvents {
  tiles: { view: number; tiles: TileRevision[] };
  breakdown: { view: number; scope: 'view' | 'slide' } & Breakdown;
  progress: ViewProgress;
  /** As in the descriptor, once it is known, where it was asked for. */
  classOrder: { view: number; classOrder: readonly number[] };
  /** A heatmap that cannot be opened, or patches that cannot be read; the stream goes on. */
  error: { view: number; error: { code: string; message: string } };
}

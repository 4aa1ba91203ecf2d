import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';
import { areaWindow, finestRaster } from '../../../shared/geometry/score-raster.ts';
import { paintArea } from '../../../shared/painting/paint-area.ts';
import { paintComparison } from '../../../shared/painting/paint-comparison.ts';
import { checkTile } from '../../../shared/painting/score-tile.ts';
import type { PaintStyle } from '../../../shared/painting/style.ts';
import type { Heatmap } from '../heatmaps/heatmap.ts';
import type { Scheduler } from '../heatmaps/scheduler.ts';
import { missingSamples, scoreTile } from '../heatmaps/score-tile.ts';

/** Classes of a heatmap. */
export interface ShownClasses {
  heatmap: Heatmap;
  /** Indices. */
  classes: readonly number[];
}

/** What a picture shows: classes of a heatmap, or one class minus that of another heatmap of the same slide. */
export interface ShownHeatmap extends ShownClasses {
  style: PaintStyle;
  other?: ShownClasses;
}

/**
 * Pixels of a rectangle of a picture, RGBA with straight alpha, painted as a tile is, from exact values.
 * @param area in picture pixels
 * @param scale picture pixels per slide pixel
 * @throws as the worker does; the signal's reason once it is aborted
 */
export async function paintExactArea(
  { style, other, ...first }: ShownHeatmap,
  scheduler: Scheduler,
  area: Rectangle,
  scale: number,
  signal: AbortSignal,
): Promise<Uint8ClampedArray> {
  const values = async ({ heatmap, classes }: ShownClasses) => {
    const { grid } = heatmap;
    const window = areaWindow(grid, area, 1 / scale, finestRaster(style.score));
    // Nothing, unless something in the store turned out to be damaged.
    const missing = missingSamples(heatmap, window, 1);
    if (missing.length > 0) await scheduler.classify(heatmap, missing, { priority: 'request', signal });
    return { tile: await scoreTile(heatmap, window, style.score, classes), window, grid };
  };
  const own = await values(first);
  if (other) {
    const second = await values(other);
    return paintComparison({ ...own, plane: 0 }, { ...second, plane: 0 }, area, 1 / scale, style).data;
  }
  checkTile(own.tile, own.window, style);
  return paintArea(own.tile, own.window, own.grid, area, 1 / scale, style).data;
}

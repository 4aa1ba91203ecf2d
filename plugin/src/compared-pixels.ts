import { finestRaster, tileWindow } from '../../shared/geometry/score-raster.ts';
import { gridOfLevel, type HeatmapDescriptor } from '../../shared/heatmap-descriptor.ts';
import type { PaintedArea } from '../../shared/painting/paint-area.ts';
import { type ComparedPlane, paintTileComparison } from '../../shared/painting/paint-comparison.ts';
import type { CamSettings } from './options.ts';
import { otherClass, shownClasses } from './shown.ts';
import { tileStyle } from './tile-pixels.ts';
import type { TileScores } from './tile-scores.ts';

/** What of a tile's scores is painted. */
export type PaintedScores = Pick<TileScores, 'address' | 'request' | 'tile'> & Partial<Pick<TileScores, 'standIn'>>;

/**
 * As `paintScores`, of two heatmaps of one slide: the first's class minus the other's.
 * @param pixels memory to paint in, of the first's size
 * @returns undefined where either has nothing of it, or they are of different scores
 */
export function paintComparedScores(
  scores: PaintedScores,
  descriptor: HeatmapDescriptor,
  otherScores: PaintedScores,
  other: HeatmapDescriptor,
  settings: CamSettings,
  pixels?: PaintedArea['data'],
): PaintedArea | undefined {
  if (scores.request.score !== otherScores.request.score) return undefined;
  const first = planeOf(scores, descriptor, shownClasses(settings, descriptor)[0]);
  const second = planeOf(otherScores, other, otherClass(settings, other));
  if (!first || !second) return undefined;
  const style = tileStyle(settings, descriptor, scores.request);
  return paintTileComparison(first, second, descriptor, scores.address, style, pixels);
}

function planeOf(scores: PaintedScores, descriptor: HeatmapDescriptor, index: number): ComparedPlane | undefined {
  const { tile, address, request } = scores.tile ? scores : (scores.standIn ?? scores);
  const plane = request.planes.indexOf(index);
  if (!tile || plane < 0) return undefined;
  const grid = gridOfLevel(descriptor, address.level);
  return { tile, window: tileWindow(descriptor, grid, address, finestRaster(request.score)), grid, plane };
}

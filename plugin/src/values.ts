import { levelScale, type TileAddress } from '../../shared/geometry/deep-zoom.ts';
import { finestRaster, scoreRaster, tileWindow } from '../../shared/geometry/score-raster.ts';
import type { HeatmapDescriptor, Score } from '../../shared/heatmap-descriptor.ts';
import type { TileScores } from './tile-scores.ts';

/** Scores at a point as they are shown: those of the value, of the loaded tiles' finest, that covers it. */
export interface ValuesAtPoint {
  /** Slide pixels. */
  x: number;
  y: number;
  score: Score;
  /** Whether it is computed; estimated from neighbouring patches otherwise. */
  exact: boolean;
  classes: { class: string; value: number }[];
}

/** Whether a tile's own square, without overlap, holds a point in slide pixels. */
export function tileCovers(descriptor: HeatmapDescriptor, { level, column, row }: TileAddress, x: number, y: number) {
  const side = descriptor.tileSize * levelScale(descriptor, level);
  return Math.floor(x / side) === column && Math.floor(y / side) === row;
}

/** The values at a point in slide pixels; undefined in the remainder, and where nothing is known yet. */
export function valuesAt(
  descriptor: HeatmapDescriptor,
  { tile, address, request }: TileScores,
  x: number,
  y: number,
): ValuesAtPoint | undefined {
  const { grid } = descriptor;
  if (!tile || x < 0 || y < 0) return undefined;
  if (x >= grid.columns * grid.patchWidth * grid.downsample) return undefined;
  if (y >= grid.rows * grid.patchHeight * grid.downsample) return undefined;
  const window = tileWindow(descriptor, grid, address, finestRaster(request.score));
  const raster = scoreRaster(grid, window.rasterLevel);
  const column = Math.floor(x / raster.valueWidth) - window.columnStart;
  const row = Math.floor(y / raster.valueHeight) - window.rowStart;
  if (column < 0 || row < 0 || column >= tile.columns || row >= tile.rows) return undefined;

  const value = (plane: number) => tile.data[(plane * tile.rows + row) * tile.columns + column] / tile.one;
  const coverage = value(tile.classes);
  if (!(coverage > 0)) return undefined;
  return {
    x,
    y,
    score: request.score,
    exact: coverage >= 1,
    classes: request.planes.map((index, plane) => ({ class: descriptor.classes[index].name, value: value(plane) })),
  };
}

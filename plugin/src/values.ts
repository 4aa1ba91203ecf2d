import type OpenSeadragon from 'openseadragon';
import { levelScale, type TileAddress } from '../../shared/geometry/deep-zoom.ts';
import { gridExtent } from '../../shared/geometry/patch-grid.ts';
import { finestRaster, scoreRaster, tileWindow } from '../../shared/geometry/score-raster.ts';
import { gridOfLevel, type HeatmapDescriptor, type Score } from '../../shared/heatmap-descriptor.ts';
import type { Layer } from './layer.ts';
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
  /** Of a difference of two heatmaps, what the other one has there; absent where it has nothing. */
  other?: Omit<ValuesAtPoint, 'other'>;
}

/** The values at a point in slide pixels, from the finest of the tiles that are loaded; undefined where there are none. */
export function shownValuesAt(
  viewer: OpenSeadragon.Viewer,
  layer: Layer,
  descriptor: HeatmapDescriptor,
  x: number,
  y: number,
): ValuesAtPoint | undefined {
  const item = layer.item();
  const tiles = item ? viewer.tileCache.getLoadedTilesFor(item) : [];
  const finestFirst = [...tiles].sort((a, b) => b.level - a.level);
  const finest = (of: HeatmapDescriptor, scoresOf: Layer['scoresOf']) => {
    for (const tile of finestFirst) {
      const scores = scoresOf(tile);
      const values = scores && tileCovers(of, scores.address, x, y) && valuesAt(of, scores, x, y);
      if (values) return values;
    }
    return undefined;
  };
  const values = finest(descriptor, layer.scoresOf);
  const compared = layer.compared()?.scores;
  const other = compared && finest(compared.descriptor, compared.of);
  return values && { ...values, ...(other && { other }) };
}

/** As `shownValuesAt`, of a point of the viewport. */
export function shownValuesAtPoint(
  viewer: OpenSeadragon.Viewer,
  layer: Layer,
  descriptor: HeatmapDescriptor,
  point: OpenSeadragon.Point,
): ValuesAtPoint | undefined {
  const item = layer.item();
  if (!item) return undefined;
  const { x, y } = item.viewportToImageCoordinates(point, true);
  // OpenSeadragon leaves out that an image is flipped.
  return shownValuesAt(viewer, layer, descriptor, item.getFlip() ? item.getContentSize().x - x : x, y);
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
  const grid = gridOfLevel(descriptor, address.level);
  const extent = gridExtent(grid);
  if (!tile || !(x >= 0 && y >= 0 && x < extent.width && y < extent.height)) return undefined;
  const window = tileWindow(descriptor, grid, address, finestRaster(request.score));
  const raster = scoreRaster(grid, window.rasterLevel);
  // Before the first value's own area and behind the last one's those two extend.
  const valueAt = (pixel: number, origin: number, size: number, count: number) =>
    Math.min(count - 1, Math.max(0, Math.floor((pixel - origin) / size)));
  const column = valueAt(x, raster.originX, raster.valueWidth, raster.columns) - window.columnStart;
  const row = valueAt(y, raster.originY, raster.valueHeight, raster.rows) - window.rowStart;
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

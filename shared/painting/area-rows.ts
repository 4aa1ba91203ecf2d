import type { Rectangle } from '../geometry/deep-zoom.ts';
import { gridExtent, type PatchGrid } from '../geometry/patch-grid.ts';
import { scoreRaster, type TileWindow } from '../geometry/score-raster.ts';
import { hatchOf } from './hatch.ts';
import { interpolateAcross, interpolateDown, layOut, ROW_LENGTH, type RowShape } from './row-memory.ts';
import { sampleAxis } from './sampling.ts';
import type { PaintStyle, ScoreTile } from './style.ts';
import { valuePlanes } from './value-planes.ts';

/** A tile's values under an area, row by row of its pixels; the rest of the area lies in the remainder. */
export interface AreaRows {
  /** Of every row. */
  shape: RowShape;
  /** Rows that lie in the patch grid. */
  count: number;
  /** Lays down where the pixels lie between the values; before the rows, and again where another tile's came between. */
  layOut(): void;
  /** How visible each pixel of row `y` is, 0 to 1, in memory that the next row takes. */
  visibility(y: number): Float64Array;
  /** That of all of them, where it is the same in all rows. */
  uniform: number | undefined;
  /** Puts the k-th plane's values under row `y` into the memory of the row. */
  take(k: number, y: number): void;
}

/**
 * @param tile values of `window` (see `checkTile`), which holds those under the area and one beyond on each side,
 *   clipped to the raster
 * @param area in pixels that cover `scale` slide pixels each
 * @param planes of the tile
 * @returns undefined where nothing of the area can be seen; `wide` where it has to be painted piece by piece
 */
export function areaRows(
  tile: ScoreTile,
  window: TileWindow,
  grid: PatchGrid,
  area: Rectangle,
  scale: number,
  planes: readonly number[],
  interpolation: PaintStyle['interpolation'],
): AreaRows | 'wide' | undefined {
  if (window.rows === 0 || window.columns === 0 || planes.length === 0) return undefined;
  const smooth = interpolation === 'smooth';
  const raster = scoreRaster(grid, window.rasterLevel);
  const extent = gridExtent(grid);
  const across = sampleAxis(
    {
      start: area.x,
      length: area.width,
      scale,
      valueSize: raster.valueWidth,
      origin: raster.originX,
      rasterLength: raster.columns,
      windowStart: window.columnStart,
      windowLength: window.columns,
      gridEnd: extent.width,
    },
    smooth,
  );
  const { inside } = across;
  if (inside === 0) return undefined;
  const firstColumn = across.first[0];
  const used = Math.min(window.columns, across.first[inside - 1] + 2) - firstColumn;
  if (area.width > 1 && Math.max(inside, used) > ROW_LENGTH) return 'wide';
  const down = sampleAxis(
    {
      start: area.y,
      length: area.height,
      scale,
      valueSize: raster.valueHeight,
      origin: raster.originY,
      rasterLength: raster.rows,
      windowStart: window.rowStart,
      windowLength: window.rows,
      gridEnd: extent.height,
    },
    smooth,
  );

  const { scores, visibility: visible } = valuePlanes(tile, planes);
  if (visible === 0) return undefined;
  const shape: RowShape = { length: inside, values: used, spacing: raster.valueWidth / scale };
  const hatch = hatchOf(tile, grid, area, scale, { across, down });
  const visibility = new Float64Array(inside);
  if (typeof visible === 'number') visibility.fill(visible);
  const interpolate = (plane: Float64Array | Uint8Array, y: number) => {
    const row = down.first[y] * tile.columns + firstColumn;
    interpolateDown(plane, row, down.share[y] === 0 ? row : row + tile.columns, used, down.share[y]);
  };
  return {
    shape,
    count: down.inside,
    layOut: () => layOut(across.first, across.share, shape),
    visibility: (y) => {
      if (typeof visible !== 'number') {
        interpolate(visible, y);
        interpolateAcross(visibility, 0, shape);
      } else if (hatch) visibility.fill(visible);
      hatch?.apply(visibility, y);
      return visibility;
    },
    uniform: typeof visible === 'number' && !hatch ? visible : undefined,
    take: (k, y) => interpolate(scores[k], y),
  };
}

/** The left and the right half of an area whose first pixel is `start`, each with its own first pixel. */
export function halvesOf(area: Rectangle, start: number): [half: Rectangle, start: number][] {
  const half = Math.ceil(area.width / 2);
  return [
    [{ ...area, width: half }, start],
    [{ ...area, x: area.x + half, width: area.width - half }, start + half],
  ];
}

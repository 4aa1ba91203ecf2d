import { levelScale, type Rectangle, type TileAddress, type TilePyramid, tileBounds } from '../geometry/deep-zoom.ts';
import type { PatchGrid } from '../geometry/patch-grid.ts';
import type { TileWindow } from '../geometry/score-raster.ts';
import { areaRows, halvesOf } from './area-rows.ts';
import { differencePainter } from './difference-painter.ts';
import { type PaintedArea, type PixelRows, pixelBuffer } from './paint-area.ts';
import { interpolateAcross } from './row-memory.ts';
import type { PaintStyle, ScoreTile } from './style.ts';

/** One class of one heatmap. */
export interface ComparedPlane {
  tile: ScoreTile;
  /** The tile's. */
  window: TileWindow;
  grid: PatchGrid;
  /** Of the tile. */
  plane: number;
}

/** What of a style a comparison is painted in; `planes` and the like are those of one heatmap. */
export type ComparisonStyle = Omit<PaintStyle, 'mode' | 'planes' | 'colours' | 'exclusive'>;

/**
 * Paints the first heatmap's scores minus the second's as `difference` paints two classes of one: each is interpolated on its own
 * raster, which need not be the other's. A pixel is as visible as the less visible of the two, and transparent where either
 * has no patch.
 *
 * @param area as in `paintArea`
 * @param pixels memory to paint in, of as many bytes as the area has, whatever they are
 */
export function paintComparison(
  first: ComparedPlane,
  second: ComparedPlane,
  area: Rectangle,
  scale: number,
  style: ComparisonStyle,
  pixels?: PaintedArea['data'],
): PaintedArea {
  const { width, height } = area;
  const data = pixels?.fill(0) ?? new Uint8ClampedArray(width * height * 4);
  paintPart(pixelBuffer(data, width), 0, first, second, area, scale, style);
  return { width, height, data };
}

/** Paints a part, whose first pixel is `start`, of what is `buffer.width` pixels wide. */
function paintPart(
  buffer: PixelRows,
  start: number,
  first: ComparedPlane,
  second: ComparedPlane,
  area: Rectangle,
  scale: number,
  style: ComparisonStyle,
): void {
  const [a, b] = [first, second].map(({ tile, window, grid, plane }) =>
    areaRows(tile, window, grid, area, scale, [plane], style.interpolation),
  );
  if (!a || !b) return;
  if (a === 'wide' || b === 'wide') {
    for (const [half, from] of halvesOf(area, start)) paintPart(buffer, from, first, second, half, scale, style);
    return;
  }
  const length = Math.min(a.shape.length, b.shape.length);
  const count = Math.min(a.count, b.count);
  const { one } = first.tile;
  /** What the second's values are multiplied by to be in units of the first's. */
  const unit = one / second.tile.one;
  const paint = differencePainter(
    { ...style, mode: 'difference', planes: [0, 1], colours: [], exclusive: false },
    { colours: [], one, shape: { ...a.shape, length } },
  );
  const uniform = a.uniform === undefined || b.uniform === undefined ? undefined : Math.min(a.uniform, b.uniform);
  const scores = new Float64Array(Math.max(a.shape.length, length + b.shape.length));
  const least = new Float64Array(length);
  for (let y = 0; y < count; y++) {
    a.layOut();
    const visibility = a.visibility(y);
    a.take(0, y);
    interpolateAcross(scores, 0, a.shape);
    b.layOut();
    const other = b.visibility(y);
    b.take(0, y);
    // Over what of the first lies beyond the second.
    interpolateAcross(scores, length, b.shape);
    if (unit !== 1) for (let x = length; x < 2 * length; x++) scores[x] *= unit;
    for (let x = 0; x < length; x++) least[x] = Math.min(visibility[x], other[x]);
    paint(buffer, start + y * buffer.width, scores, least, uniform);
  }
}

/** A heatmap tile, overlap included, as `paintComparison`: both heatmaps are of one slide, and so have the same pyramid. */
export function paintTileComparison(
  first: ComparedPlane,
  second: ComparedPlane,
  pyramid: TilePyramid,
  address: TileAddress,
  style: ComparisonStyle,
  pixels?: PaintedArea['data'],
): PaintedArea {
  const scale = levelScale(pyramid, address.level);
  return paintComparison(first, second, tileBounds(pyramid, address), scale, style, pixels);
}

import type { Rectangle } from '../geometry/deep-zoom.ts';
import { gridExtent, type PatchGrid } from '../geometry/patch-grid.ts';
import { scoreRaster, type TileWindow } from '../geometry/score-raster.ts';
import { hatchOf } from './hatch.ts';
import { interpolateAcross, interpolateDown, layOut, ROW_LENGTH, type RowShape } from './row-memory.ts';
import { type PixelBuffer, rowPainter } from './row-painters.ts';
import { sampleAxis } from './sampling.ts';
import type { PaintStyle, ScoreTile } from './style.ts';
import { valuePlanes } from './value-planes.ts';

/** RGBA bytes, straight alpha, row-major. */
export interface PaintedArea {
  width: number;
  height: number;
  data: Uint8ClampedArray<ArrayBuffer>;
}

/**
 * Paints a rectangle of an output raster on which one pixel covers `scale` slide pixels (any positive number), pixel i
 * those from i scale to (i + 1) scale. `area` is in output pixels, so that strips of one picture fit without a seam.
 *
 * The order is: interpolate, then range and threshold, then colour. Estimated values are fainter, and hatched on close look. Pixels whose centre lies in the remainder that
 * belongs to no patch are transparent. One rounding, at the end.
 *
 * @param tile values of `window` (see `checkTile`), which holds those under the area and one beyond on each side, clipped to the raster
 * @param pixels memory to paint in, of as many bytes as the area has, whatever they are
 */
export function paintArea(
  tile: ScoreTile,
  window: TileWindow,
  grid: PatchGrid,
  area: Rectangle,
  scale: number,
  style: PaintStyle,
  pixels?: Uint8ClampedArray<ArrayBuffer>,
): PaintedArea {
  const { width, height } = area;
  const data = pixels?.fill(0) ?? new Uint8ClampedArray(width * height * 4);
  if (window.rows > 0 && window.columns > 0 && style.planes.length > 0) {
    // Plain bytes: what is written is rounded already, and clamping it again takes time.
    const buffer = { bytes: new Uint8Array(data.buffer), words: new Int32Array(data.buffer), width };
    paintPart(buffer, 0, tile, window, grid, area, scale, style);
  }
  return { width, height, data };
}

/** Paints a part, whose first pixel is `start`, of what is `buffer.width` pixels wide. */
function paintPart(
  buffer: PixelBuffer & { width: number },
  start: number,
  tile: ScoreTile,
  window: TileWindow,
  grid: PatchGrid,
  area: Rectangle,
  scale: number,
  style: PaintStyle,
): void {
  const { width, height } = area;
  const smooth = style.interpolation === 'smooth';
  const raster = scoreRaster(grid, window.rasterLevel);
  const extent = gridExtent(grid);
  const across = sampleAxis(
    {
      start: area.x,
      length: width,
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
  if (inside === 0) return;
  const firstColumn = across.first[0];
  const used = Math.min(window.columns, across.first[inside - 1] + 2) - firstColumn;
  if (width > 1 && Math.max(inside, used) > ROW_LENGTH) {
    const half = Math.ceil(width / 2);
    paintPart(buffer, start, tile, window, grid, { ...area, width: half }, scale, style);
    const right = { ...area, x: area.x + half, width: width - half };
    paintPart(buffer, start + half, tile, window, grid, right, scale, style);
    return;
  }
  const down = sampleAxis(
    {
      start: area.y,
      length: height,
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

  // Ascending, so that the sums below do not depend on the order in which classes were chosen.
  const order = style.planes.map((_, i) => i).sort((a, b) => style.planes[a] - style.planes[b]);
  const shown = style.mode === 'single' ? order.slice(0, 1) : style.mode === 'difference' ? [0, 1] : order;
  const planes = valuePlanes(
    tile,
    shown.map((i) => style.planes[i]),
  );
  const colours = shown.map((i) => style.colours[i] ?? [0, 0, 0]);
  const { columns, one } = tile;
  const shape: RowShape = { length: inside, values: used };
  const painter = rowPainter(style, { colours, one, shape });

  // Of most tiles all values are equally visible.
  const [first] = planes.visibility;
  const isUniform = planes.visibility.every((value) => value === first);
  if (isUniform && first === 0) return;
  const hatch = hatchOf(tile, grid, area, scale, { across, down });
  const visibility = new Float64Array(inside);
  layOut(across.first, across.share, shape);
  for (let y = 0; y < down.inside; y++) {
    const row = down.first[y] * columns + firstColumn;
    const next = down.share[y] === 0 ? row : row + columns;
    const share = down.share[y];
    if (!isUniform) {
      interpolateDown(planes.visibility, row, next, used, share);
      interpolateAcross(visibility, 0, used);
    } else if (hatch || y === 0) visibility.fill(first);
    hatch?.apply(visibility, y);
    for (let k = 0; k < shown.length; k++) {
      interpolateDown(planes.scores[k], row, next, used, share);
      painter.take(k);
    }
    painter.write(buffer, start + y * buffer.width, visibility, isUniform && !hatch ? first : undefined);
  }
}

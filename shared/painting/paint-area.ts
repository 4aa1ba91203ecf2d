import type { Rectangle } from '../geometry/deep-zoom.ts';
import type { PatchGrid } from '../geometry/patch-grid.ts';
import type { TileWindow } from '../geometry/score-raster.ts';
import { areaRows, halvesOf } from './area-rows.ts';
import { type PixelBuffer, rowPainter } from './row-painters.ts';
import type { PaintStyle, ScoreTile } from './style.ts';

/** RGBA bytes, straight alpha, row-major. */
export interface PaintedArea {
  width: number;
  height: number;
  data: Uint8ClampedArray<ArrayBuffer>;
}

/**
 * Paints a rectangle of an output raster on which one pixel covers `scale` slide pixels (any positive number), pixel i
 * those from i scale to (i + 1) scale. `area` is in output pixels, so that strips of one picture fit without a seam.
 * The order is: interpolate, then range and threshold, then colour. Estimated values are fainter, and hatched on close
 * look. Pixels whose centre lies in the remainder that belongs to no patch are transparent. One rounding, at the end.
 * @param tile values of `window` (see `checkTile`), which holds those under the area and one beyond on each side,
 *   clipped to the raster
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
  paintPart(pixelBuffer(data, width), 0, tile, window, grid, area, scale, style);
  return { width, height, data };
}

/** Rows of pixels. */
export type PixelRows = PixelBuffer & { width: number };

/** Plain bytes, and words: what is written is rounded already, and clamping it again takes time. */
export function pixelBuffer(data: PaintedArea['data'], width: number): PixelRows {
  return { bytes: new Uint8Array(data.buffer), words: new Int32Array(data.buffer), width };
}

/** Paints a part, whose first pixel is `start`, of what is `buffer.width` pixels wide. */
function paintPart(
  buffer: PixelRows,
  start: number,
  tile: ScoreTile,
  window: TileWindow,
  grid: PatchGrid,
  area: Rectangle,
  scale: number,
  style: PaintStyle,
): void {
  // Ascending, so that the sums below do not depend on the order in which classes were chosen.
  const order = style.planes.map((_, i) => i).sort((a, b) => style.planes[a] - style.planes[b]);
  const shown = style.mode === 'single' ? order.slice(0, 1) : style.mode === 'difference' ? [0, 1] : order;
  const planes = style.planes.length > 0 ? shown.map((i) => style.planes[i]) : [];
  const rows = areaRows(tile, window, grid, area, scale, planes, style.interpolation);
  if (rows === 'wide') {
    for (const [half, from] of halvesOf(area, start)) paintPart(buffer, from, tile, window, grid, half, scale, style);
  }
  if (!rows || rows === 'wide') return;
  const colours = shown.map((i) => style.colours[i] ?? [0, 0, 0]);
  const painter = rowPainter(style, { colours, one: tile.one, shape: rows.shape });
  rows.layOut();
  for (let y = 0; y < rows.count; y++) {
    const visibility = rows.visibility(y);
    for (let k = 0; k < shown.length; k++) {
      rows.take(k, y);
      painter.take(k);
    }
    painter.write(buffer, start + y * buffer.width, visibility, rows.uniform);
  }
}

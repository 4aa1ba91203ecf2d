import type { Rectangle } from '../geometry/deep-zoom.ts';
import { gridExtent, type PatchGrid } from '../geometry/patch-grid.ts';
import { scoreRaster, type TileWindow } from '../geometry/score-raster.ts';
import { hatchOf } from './hatch.ts';
import { rowPainter } from './row-painters.ts';
import { type Sampling, sampleAxis } from './sampling.ts';
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
 * @param tile values of `window`, which holds those under the area and one beyond on each side, clipped to the raster
 * @throws RangeError where the style names a plane that the tile lacks, or tile and window differ in size
 */
export function paintArea(
  tile: ScoreTile,
  window: TileWindow,
  grid: PatchGrid,
  area: Rectangle,
  scale: number,
  style: PaintStyle,
): PaintedArea {
  const { width, height } = area;
  const pixels = new Uint8ClampedArray(width * height * 4);
  const painted = { width, height, data: pixels };
  checkSizes(tile, window, style);
  if (window.rows === 0 || window.columns === 0 || style.planes.length === 0) return painted;

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
  const paintRow = rowPainter(style, { colours, one, length: across.inside });
  // Plain bytes: what is written is rounded already, and clamping it again takes time.
  const buffer = { bytes: new Uint8Array(pixels.buffer), words: new Uint32Array(pixels.buffer) };

  // The values of one output row, interpolated down, and the step from each to the next; that of the last is 0.
  const values = new Float64Array(columns);
  const steps = new Float64Array(columns);
  // Plane after plane.
  const scores = new Float64Array(shown.length * across.inside);
  // Of most tiles all values are equally visible.
  const [first] = planes.visibility;
  const isUniform = planes.visibility.every((value) => value === first);
  if (isUniform && first === 0) return painted;
  const hatch = hatchOf(tile, grid, area, scale, { across, down });
  const visibility = new Float64Array(across.inside);
  for (let y = 0; y < down.inside; y++) {
    const row = down.first[y] * columns;
    if (!isUniform) {
      interpolateDown(values, steps, planes.visibility, row, down.share[y]);
      interpolateAcross(visibility, 0, values, steps, across);
    } else if (hatch) visibility.fill(first);
    hatch?.apply(visibility, y);
    for (let k = 0; k < shown.length; k++) {
      interpolateDown(values, steps, planes.scores[k], row, down.share[y]);
      interpolateAcross(scores, k * across.inside, values, steps, across);
    }
    paintRow(buffer, y * width, scores, isUniform && !hatch ? first : visibility);
  }
  return painted;
}

function checkSizes(tile: ScoreTile, window: TileWindow, style: PaintStyle): void {
  if (tile.rows !== window.rows || tile.columns !== window.columns) {
    throw new RangeError(
      `score tile: expected ${window.rows} x ${window.columns} values, found ${tile.rows} x ${tile.columns}`,
    );
  }
  const missing = style.planes.find((plane) => !(plane >= 0 && plane < tile.classes));
  if (missing !== undefined) {
    throw new RangeError(`score tile: expected a class plane from 0 to ${tile.classes - 1}, found ${missing}`);
  }
}

/** a + (b - a) share, which gives exactly a where both are equal. */
function interpolateDown(
  target: Float64Array,
  steps: Float64Array,
  values: Float64Array,
  row: number,
  share: number,
): void {
  const columns = target.length;
  const next = share === 0 ? row : row + columns;
  for (let i = 0; i < columns; i++) {
    const value = values[row + i];
    target[i] = value + (values[next + i] - value) * share;
  }
  for (let i = 0; i < columns - 1; i++) steps[i] = target[i + 1] - target[i];
}

/** As above, between a value and the next in its row. Writes the row from `start` on. */
function interpolateAcross(
  target: Float64Array,
  start: number,
  values: Float64Array,
  steps: Float64Array,
  { first, share, inside }: Sampling,
): void {
  for (let x = 0; x < inside; x++) {
    const column = first[x];
    target[start + x] = values[column] + steps[column] * share[x];
  }
}

import type { Rectangle } from '../geometry/deep-zoom.ts';
import { gridExtent, type PatchGrid } from '../geometry/patch-grid.ts';
import { scoreRaster, type TileWindow } from '../geometry/score-raster.ts';
import { hatchOf } from './hatch.ts';
import { ROW_LENGTH } from './row-memory.ts';
import { rowPainter } from './row-painters.ts';
import { sampleAxis } from './sampling.ts';
import type { PaintStyle, ScoreTile } from './style.ts';
import { valuePlanes } from './value-planes.ts';

/** RGBA bytes, straight alpha, row-major. */
export interface PaintedArea {
  width: number;
  height: number;
  data: Uint8ClampedArray<ArrayBuffer>;
}

// Of one row: the values under it, interpolated down, and the step from each to the next; where its pixels lie between them.
const VALUES = new Float64Array(ROW_LENGTH);
const STEPS = new Float64Array(ROW_LENGTH);
const COLUMNS = new Int32Array(ROW_LENGTH);
const SHARES = new Float64Array(ROW_LENGTH);

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
  const { inside } = across;
  if (inside === 0) return painted;
  const firstColumn = across.first[0];
  const used = Math.min(window.columns, across.first[inside - 1] + 2) - firstColumn;
  if (width > 1 && Math.max(inside, used) > ROW_LENGTH) {
    const left = { ...area, width: Math.ceil(width / 2) };
    const right = { ...area, x: area.x + left.width, width: width - left.width };
    const [first, second] = [left, right].map((half) => paintArea(tile, window, grid, half, scale, style));
    return sideBySide(first, second);
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
  const paintRow = rowPainter(style, { colours, one, length: inside });
  // Plain bytes: what is written is rounded already, and clamping it again takes time.
  const buffer = { bytes: new Uint8Array(pixels.buffer), words: new Int32Array(pixels.buffer) };

  // Plane after plane.
  const scores = new Float64Array(shown.length * inside);
  // Of most tiles all values are equally visible.
  const [first] = planes.visibility;
  const isUniform = planes.visibility.every((value) => value === first);
  if (isUniform && first === 0) return painted;
  const hatch = hatchOf(tile, grid, area, scale, { across, down });
  const visibility = new Float64Array(inside);
  for (let x = 0; x < inside; x++) COLUMNS[x] = across.first[x] - firstColumn;
  SHARES.set(across.share.subarray(0, inside));
  for (let y = 0; y < down.inside; y++) {
    const row = down.first[y] * columns + firstColumn;
    const next = down.share[y] === 0 ? row : row + columns;
    if (!isUniform) {
      interpolateDown(planes.visibility, row, next, used, down.share, y);
      interpolateAcross(visibility, 0, inside);
    } else if (hatch) visibility.fill(first);
    hatch?.apply(visibility, y);
    for (let k = 0; k < shown.length; k++) {
      interpolateDown(planes.scores[k], row, next, used, down.share, y);
      interpolateAcross(scores, k * inside, inside);
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

/** a + (b - a) share, which gives exactly a where both are equal. The step of the last value is 0. */
function interpolateDown(
  values: Float64Array,
  row: number,
  next: number,
  length: number,
  shares: Float64Array,
  y: number,
): void {
  const share = shares[y];
  for (let i = 0; i < length; i++) {
    const value = values[row + i];
    VALUES[i] = value + (values[next + i] - value) * share;
  }
  for (let i = 0; i < length - 1; i++) STEPS[i] = VALUES[i + 1] - VALUES[i];
  STEPS[length - 1] = 0;
}

/** As above, between a value and the next in its row. Writes the row from `start` on. */
function interpolateAcross(target: Float64Array, start: number, length: number): void {
  for (let x = 0; x < length; x++) {
    const column = COLUMNS[x];
    target[start + x] = VALUES[column] + STEPS[column] * SHARES[x];
  }
}

function sideBySide(left: PaintedArea, right: PaintedArea): PaintedArea {
  const width = left.width + right.width;
  const data = new Uint8ClampedArray(width * left.height * 4);
  for (let y = 0; y < left.height; y++) {
    data.set(left.data.subarray(y * left.width * 4, (y + 1) * left.width * 4), y * width * 4);
    data.set(right.data.subarray(y * right.width * 4, (y + 1) * right.width * 4), (y * width + left.width) * 4);
  }
  return { width, height: left.height, data };
}

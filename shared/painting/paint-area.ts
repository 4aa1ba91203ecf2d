import type { Rectangle } from '../geometry/deep-zoom.ts';
import type { PatchGrid } from '../geometry/patch-grid.ts';
import { scoreRaster, type TileWindow } from '../geometry/score-raster.ts';
import { sampleAxis } from './sampling.ts';
import type { PaintStyle, ScoreTile } from './style.ts';
import { valuePlanes } from './value-planes.ts';

/** RGBA bytes, straight alpha, row-major. */
export interface PaintedArea {
  width: number;
  height: number;
  data: Uint8ClampedArray<ArrayBuffer>;
}

/** Writes the pixel at byte `offset` from the interpolated scores (in units of the score, ascending planes). */
type PixelPainter = (pixels: Uint8ClampedArray, offset: number, scores: Float64Array, visibility: number) => void;

/**
 * Paints a rectangle of an output raster on which one pixel covers `scale` slide pixels (any positive number), pixel i
 * those from i scale to (i + 1) scale. `area` is in output pixels, so that strips of one picture fit without a seam.
 *
 * The order is: interpolate, then range and threshold, then colour. Pixels whose centre lies in the remainder that
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
  const across = sampleAxis(
    {
      start: area.x,
      length: width,
      scale,
      valueSize: raster.valueWidth,
      rasterLength: raster.columns,
      windowStart: window.columnStart,
      windowLength: window.columns,
      gridEnd: grid.columns * grid.patchWidth * grid.downsample,
    },
    smooth,
  );
  const down = sampleAxis(
    {
      start: area.y,
      length: height,
      scale,
      valueSize: raster.valueHeight,
      rasterLength: raster.rows,
      windowStart: window.rowStart,
      windowLength: window.rows,
      gridEnd: grid.rows * grid.patchHeight * grid.downsample,
    },
    smooth,
  );

  // Ascending, so that the sums below do not depend on the order in which classes were chosen.
  const order = style.planes.map((_, i) => i).sort((a, b) => style.planes[a] - style.planes[b]);
  const shown = style.mode === 'single' ? order.slice(0, 1) : order;
  const planes = valuePlanes(
    tile,
    shown.map((i) => style.planes[i]),
  );
  const colours = shown.map((i) => style.colours[i] ?? [0, 0, 0]);
  const paintPixel = pixelPainter(style, colours);

  const { columns, one } = tile;
  const count = shown.length;
  // The values of one output row, interpolated down; one more repeats the last, so that 'the next' always exists.
  const rowScores = planes.scores.map(() => new Float64Array(columns + 1));
  const rowVisibility = new Float64Array(columns + 1);
  const scores = new Float64Array(count);
  for (let y = 0; y < down.inside; y++) {
    const row = down.first[y] * columns;
    const downShare = down.share[y];
    interpolateRow(rowVisibility, planes.visibility, row, columns, downShare);
    for (let k = 0; k < count; k++) interpolateRow(rowScores[k], planes.scores[k], row, columns, downShare);
    let offset = y * width * 4;
    for (let x = 0; x < across.inside; x++, offset += 4) {
      const column = across.first[x];
      const share = across.share[x];
      const visibility = rowVisibility[column] + (rowVisibility[column + 1] - rowVisibility[column]) * share;
      if (visibility === 0) continue;
      for (let k = 0; k < count; k++) {
        const values = rowScores[k];
        scores[k] = (values[column] + (values[column + 1] - values[column]) * share) / one;
      }
      paintPixel(pixels, offset, scores, visibility);
    }
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
function interpolateRow(target: Float64Array, values: Float64Array, row: number, columns: number, share: number): void {
  if (share === 0) for (let i = 0; i < columns; i++) target[i] = values[row + i];
  else
    for (let i = 0, j = row; i < columns; i++, j++) target[i] = values[j] + (values[j + columns] - values[j]) * share;
  target[columns] = target[columns - 1];
}

function pixelPainter(style: PaintStyle, colours: readonly (readonly number[])[]): PixelPainter {
  if (style.mode === 'single') return singlePainter(style);
  return style.mode === 'blend' ? blendPainter(style, colours) : argmaxPainter(style, colours);
}

/** The score's place in the range, 0 to 1; a range without extent is a step. */
function ranged(score: number, low: number, high: number): number {
  if (!(high > low)) return score >= low ? 1 : 0;
  return Math.min(1, Math.max(0, (score - low) / (high - low)));
}

/** Colour of the map at the ranged score; alpha is opacity x visibility. */
function singlePainter({ colormap, range: [low, high], threshold, opacity }: PaintStyle): PixelPainter {
  return (pixels, offset, scores, visibility) => {
    const score = scores[0];
    if (score < threshold) return;
    const entry = 3 * Math.round(255 * ranged(score, low, high));
    write(pixels, offset, colormap[entry], colormap[entry + 1], colormap[entry + 2], opacity * visibility);
  };
}

/** Mean of the colours weighted by ranged score; alpha is opacity x visibility x the sum of those scores, at most 1. */
function blendPainter(
  { range: [low, high], threshold, opacity }: PaintStyle,
  colours: readonly (readonly number[])[],
): PixelPainter {
  return (pixels, offset, scores, visibility) => {
    let sum = 0;
    let red = 0;
    let green = 0;
    let blue = 0;
    for (let k = 0; k < scores.length; k++) {
      if (scores[k] < threshold) continue;
      const weight = ranged(scores[k], low, high);
      const colour = colours[k];
      sum += weight;
      red += weight * colour[0];
      green += weight * colour[1];
      blue += weight * colour[2];
    }
    if (sum === 0) return;
    write(pixels, offset, red / sum, green / sum, blue / sum, opacity * Math.min(1, sum) * visibility);
  };
}

/**
 * Colour of the class that leads, of equal ones the first; alpha is opacity x visibility x its lead over the second as a
 * share of the range's extent, at most 1; with one class alone, its ranged score.
 */
function argmaxPainter(
  { range: [low, high], threshold, opacity }: PaintStyle,
  colours: readonly (readonly number[])[],
): PixelPainter {
  return (pixels, offset, scores, visibility) => {
    let leader = 0;
    let second = Number.NEGATIVE_INFINITY;
    for (let k = 1; k < scores.length; k++) {
      if (scores[k] > scores[leader]) {
        second = scores[leader];
        leader = k;
      } else if (scores[k] > second) second = scores[k];
    }
    const score = scores[leader];
    if (score < threshold) return;
    const strength = scores.length === 1 ? ranged(score, low, high) : ranged(score - second, 0, high - low);
    const colour = colours[leader];
    write(pixels, offset, colour[0], colour[1], colour[2], opacity * strength * visibility);
  };
}

/** Rounds each channel once, halves up; a pixel that rounds to no alpha has no colour either. */
function write(
  pixels: Uint8ClampedArray,
  offset: number,
  red: number,
  green: number,
  blue: number,
  alpha: number,
): void {
  const byte = Math.floor(255 * alpha + 0.5);
  if (byte <= 0) return;
  pixels[offset] = Math.floor(red + 0.5);
  pixels[offset + 1] = Math.floor(green + 0.5);
  pixels[offset + 2] = Math.floor(blue + 0.5);
  pixels[offset + 3] = byte;
}

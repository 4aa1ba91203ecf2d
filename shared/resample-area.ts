import type { Rectangle, Size } from './geometry/deep-zoom.ts';

/** RGB pixels, row-major, 3 bytes each, of a rectangle with integer sides in some picture's coordinates. */
export interface RgbRegion extends Rectangle {
  data: Uint8Array;
}

/** Where the output lies in the same coordinates: its top-left corner and the side of one output pixel; floats. */
export interface ResampleWindow {
  x: number;
  y: number;
  scale: number;
}

const CHANNELS = 3;

/**
 * The pinned filter of the product, a box with fractional edges: output pixel (i, j) is the mean of the source over
 * [x + j scale, x + (j + 1) scale) x [y + i scale, y + (i + 1) scale), each source pixel weighted by the area it shares
 * with it; in float64, rounded half up. Where the window reaches beyond the source the nearest pixels inside stand in.
 * The weights depend on the window alone, so a larger source rectangle around the same pixels gives the same bytes.
 * @returns shape [height, width, 3]
 */
export function resampleArea(source: RgbRegion, window: ResampleWindow, { width, height }: Size): Uint8Array {
  if (isHalving(source, window, { width, height })) return halved(source, window, { width, height });
  const across = overlaps(window.x, window.scale, width, source.x, source.width);
  const down = overlaps(window.y, window.scale, height, source.y, source.height);
  const output = new Uint8Array(width * height * CHANNELS);
  const sums = new Float64Array(width * CHANNELS);
  for (let i = 0; i < height; i++) {
    sums.fill(0);
    for (let k = 0; k < down.counts[i]; k++) {
      const rowStart = (down.starts[i] + k) * source.width * CHANNELS;
      addRow(sums, source.data, rowStart, across, down.shares[down.offsets[i] + k]);
    }
    for (let j = 0; j < width; j++) {
      // Divided once at the end, so that sums over whole pixels are exact and halves round as they should.
      const area = across.totals[j] * down.totals[i];
      const target = (i * width + j) * CHANNELS;
      output[target] = Math.floor(sums[j * CHANNELS] / area + 0.5);
      output[target + 1] = Math.floor(sums[j * CHANNELS + 1] / area + 0.5);
      output[target + 2] = Math.floor(sums[j * CHANNELS + 2] / area + 0.5);
    }
  }
  return output;
}

/** Whether each output pixel is two by two whole pixels of the source: those of levels between stored ones mostly are. */
function isHalving(source: RgbRegion, { x, y, scale }: ResampleWindow, { width, height }: Size): boolean {
  const [left, top] = [x - source.x, y - source.y];
  if (scale !== 2 || !Number.isInteger(left) || !Number.isInteger(top)) return false;
  return left >= 0 && top >= 0 && left + 2 * width <= source.width && top + 2 * height <= source.height;
}

/** The same bytes then, in a quarter of the time. */
function halved(source: RgbRegion, { x, y }: ResampleWindow, { width, height }: Size): Uint8Array {
  const { data } = source;
  const output = new Uint8Array(width * height * CHANNELS);
  const rowBytes = source.width * CHANNELS;
  for (let i = 0, target = 0; i < height; i++) {
    let above = (y - source.y + 2 * i) * rowBytes + (x - source.x) * CHANNELS;
    let below = above + rowBytes;
    for (let j = 0; j < width; j++, above += 6, below += 6, target += 3) {
      output[target] = (data[above] + data[above + 3] + data[below] + data[below + 3] + 2) >> 2;
      output[target + 1] = (data[above + 1] + data[above + 4] + data[below + 1] + data[below + 4] + 2) >> 2;
      output[target + 2] = (data[above + 2] + data[above + 5] + data[below + 2] + data[below + 5] + 2) >> 2;
    }
  }
  return output;
}

/** Adds one source row, summed horizontally and times `share`, to a row of output sums. */
function addRow(sums: Float64Array, data: Uint8Array, rowStart: number, across: Overlaps, share: number): void {
  const { starts, counts, offsets, shares } = across;
  for (let j = 0; j < starts.length; j++) {
    let red = 0;
    let green = 0;
    let blue = 0;
    let at = rowStart + starts[j] * CHANNELS;
    const end = offsets[j] + counts[j];
    for (let k = offsets[j]; k < end; k++, at += CHANNELS) {
      red += shares[k] * data[at];
      green += shares[k] * data[at + 1];
      blue += shares[k] * data[at + 2];
    }
    const target = j * CHANNELS;
    sums[target] += share * red;
    sums[target + 1] += share * green;
    sums[target + 2] += share * blue;
  }
}

/** For each output pixel along a side: its first source pixel, how many there are, the share of each, and their sum. */
interface Overlaps {
  starts: Int32Array;
  counts: Int32Array;
  offsets: Int32Array;
  shares: Float64Array;
  totals: Float64Array;
}

function overlaps(origin: number, scale: number, length: number, sourceStart: number, sourceLength: number): Overlaps {
  const starts = new Int32Array(length);
  const counts = new Int32Array(length);
  const offsets = new Int32Array(length);
  const totals = new Float64Array(length);
  const shares: number[] = [];
  const sourceEnd = sourceStart + sourceLength;
  for (let i = 0; i < length; i++) {
    const low = Math.max(origin + i * scale, sourceStart);
    const high = Math.min(origin + (i + 1) * scale, sourceEnd);
    offsets[i] = shares.length;
    if (high <= low) {
      starts[i] = Math.min(Math.max(Math.floor(low), sourceStart), sourceEnd - 1) - sourceStart;
      counts[i] = 1;
      totals[i] = 1;
      shares.push(1);
      continue;
    }
    const first = Math.floor(low);
    starts[i] = first - sourceStart;
    counts[i] = Math.ceil(high) - first;
    totals[i] = high - low;
    for (let p = first; p < high; p++) shares.push(Math.min(p + 1, high) - Math.max(p, low));
  }
  return { starts, counts, offsets, shares: Float64Array.from(shares), totals };
}

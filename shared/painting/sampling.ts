/** Where the pixels of an output row or column lie between the values of a window. */
export interface Sampling {
  /** Value at or before each pixel's centre, counted from the window's first. */
  first: Int32Array;
  /** Share, 0 to 1, of the value after it. */
  share: Float64Array;
  /** Pixels whose centre lies within the grid; all after them show nothing. */
  inside: number;
}

export interface SamplingAxis {
  /** First output pixel and their number, on the output's own raster. */
  start: number;
  length: number;
  /** Slide pixels per output pixel. */
  scale: number;
  /** Slide pixels per value, those before the first one's own area, and values of the whole raster. */
  valueSize: number;
  origin: number;
  rasterLength: number;
  /** The window's first value and their number. */
  windowStart: number;
  windowLength: number;
  /** Slide pixels from which on no patch lies. */
  gridEnd: number;
}

/**
 * Output pixel i has its centre at (i + 0.5) scale slide pixels, value j at origin + (j + 0.5)
 * valueSize. Positions come from
 * absolute coordinates, never from the window's, so that neighbouring tiles agree to the last bit. Before the first and
 * after the last value of the raster that value extends.
 */
export function sampleAxis(axis: SamplingAxis, smooth: boolean): Sampling {
  const { start, length, scale, valueSize, origin, rasterLength, windowStart, windowLength, gridEnd } = axis;
  const first = new Int32Array(length);
  const share = new Float64Array(length);
  let inside = 0;
  for (let i = 0; i < length; i++) {
    const centre = (start + i + 0.5) * scale;
    if (centre >= gridEnd) break;
    inside = i + 1;
    const position = Math.min(rasterLength - 1, Math.max(0, (centre - origin) / valueSize - (smooth ? 0.5 : 0)));
    const before = Math.floor(position);
    const index = before - windowStart;
    first[i] = Math.min(windowLength - 1, Math.max(0, index));
    // Outside the window, which a caller should not ask for, its border extends.
    share[i] = smooth && index === first[i] && index < windowLength - 1 ? position - before : 0;
  }
  return { first, share, inside };
}

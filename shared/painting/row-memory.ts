/**
 * Pixels, and values under them, that are painted at a time; wider areas are painted piece by piece.
 *
 * The memory of the row that is being painted consists of typed arrays of this length which are constants of their modules:
 * their addresses are compiled into the loops over them, which makes those two to three times as fast as loops over
 * arrays that come and go. Painting never waits, so there is one row at a time.
 */
export const ROW_LENGTH = 512;

/** The values of one plane under the row, interpolated down, and the step from each to the next; that of the last is 0. */
export const VALUES = new Float64Array(ROW_LENGTH);
export const STEPS = new Float64Array(ROW_LENGTH);

/** The first pixel of each value, one more than there are values; each pixel's value, and its share of the way to the next. */
export const STARTS = new Int32Array(ROW_LENGTH + 1);
export const COLUMNS = new Int32Array(ROW_LENGTH);
export const SHARES = new Float64Array(ROW_LENGTH);

/** What is the same for all rows of an area: pixels, and values under them. */
export interface RowShape {
  length: number;
  values: number;
  /** Pixels from a value to the next, a float: the same for all areas of a raster at one scale. */
  spacing: number;
}

/** With fewer pixels to a value, going from pixel to pixel is faster than from value to value. */
export const FEW_PIXELS = 4;

/** Lays down where the pixels of every row lie. @param columns the value of each pixel, ascending */
export function layOut(columns: Int32Array, shares: Float64Array, { length, values }: RowShape): void {
  SHARES.set(shares.subarray(0, length));
  let value = 0;
  for (let x = 0; x < length; x++) {
    COLUMNS[x] = columns[x] - columns[0];
    while (value <= COLUMNS[x]) STARTS[value++] = x;
  }
  STARTS.fill(length, value, values + 1);
}

/**
 * Gives a + (b - a) share, which is exactly a where both are equal, of the values from `row` and from `next` on.
 * @param source bytes, or floats
 */
export function interpolateDown(
  source: Float64Array | Uint8Array,
  row: number,
  next: number,
  values: number,
  share: number,
): void {
  // Each loop sees one kind of memory alone.
  if (source instanceof Uint8Array) downBytes(source, row, next, values, share);
  else downFloats(source, row, next, values, share);
  for (let i = 0; i < values - 1; i++) STEPS[i] = VALUES[i + 1] - VALUES[i];
  STEPS[values - 1] = 0;
}

function downBytes(source: Uint8Array, row: number, next: number, values: number, share: number): void {
  for (let i = 0; i < values; i++) {
    const value = source[row + i];
    VALUES[i] = value + (source[next + i] - value) * share;
  }
}

function downFloats(source: Float64Array, row: number, next: number, values: number, share: number): void {
  for (let i = 0; i < values; i++) {
    const value = source[row + i];
    VALUES[i] = value + (source[next + i] - value) * share;
  }
}

/** As above, between a value and the next in its row, for every pixel. Writes to `target` from `offset` on. */
export function interpolateAcross(target: Float64Array, offset: number, { length, values, spacing }: RowShape): void {
  if (spacing < FEW_PIXELS) {
    for (let x = 0; x < length; x++) {
      const j = COLUMNS[x];
      target[offset + x] = VALUES[j] + STEPS[j] * SHARES[x];
    }
    return;
  }
  for (let j = 0; j < values; j++) {
    const value = VALUES[j];
    const step = STEPS[j];
    const end = STARTS[j + 1];
    for (let x = STARTS[j]; x < end; x++) target[offset + x] = value + step * SHARES[x];
  }
}

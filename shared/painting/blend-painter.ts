import { bent, ranged, roundHalfUp } from './pixel.ts';
import { COLUMNS, FEW_PIXELS, ROW_LENGTH, SHARES, STARTS, STEPS, VALUES } from './row-memory.ts';
import type { PainterInput, RowPainter } from './row-painters.ts';
import type { PaintStyle } from './style.ts';

// Of one row: class after class over all of it takes a third of the time of pixel after pixel.
const SUMS = new Float64Array(ROW_LENGTH);
const REDS = new Float64Array(ROW_LENGTH);
const GREENS = new Float64Array(ROW_LENGTH);
const BLUES = new Float64Array(ROW_LENGTH);

/**
 * What classes add up to between two values, for those whose weights are straight lines there: sum, red, green and blue
 * at the first value, and how much they rise to the next.
 */
const LINES = new Float64Array(8 * ROW_LENGTH);
/** Whether other classes add to the sums of pixels after a value. */
const ADDED = new Uint8Array(ROW_LENGTH);

/**
 * Mean of the colours weighted by ranged score to the power gamma; alpha is opacity x visibility x the sum of those scores, at
 * most 1.
 */
export function blendPainter(style: PaintStyle, { colours, one, shape }: PainterInput): RowPainter {
  const { range, threshold, gamma, opacity } = style;
  const { length, values, spacing } = shape;
  // Numbers out of a typed array need no check in every turn of a loop.
  const classes = colours.map((colour) => Float64Array.of(...colour, one, ...range, threshold, gamma));
  if (spacing < FEW_PIXELS) {
    return {
      take: (k) => {
        if (k === 0) for (const sums of [SUMS, REDS, GREENS, BLUES]) sums.fill(0, 0, length);
        addPixels(length, classes[k]);
      },
      write: ({ bytes }, start, visibility) => writePixels(bytes, start, length, 255 * opacity, visibility),
    };
  }
  return {
    take: (k) => {
      if (k === 0) {
        for (const sums of [SUMS, REDS, GREENS, BLUES]) sums.fill(0, 0, length);
        LINES.fill(0, 0, 8 * values);
        ADDED.fill(0, 0, values);
      }
      add(values, classes[k]);
    },
    write: ({ bytes }, start, visibility) => write(bytes, start, values, 255 * opacity, visibility),
  };
}

/** Adds a class, whose numbers these are, pixel by pixel. */
function addPixels(length: number, numbers: Float64Array): void {
  const red = numbers[0];
  const green = numbers[1];
  const blue = numbers[2];
  const one = numbers[3];
  const low = numbers[4];
  const high = numbers[5];
  const threshold = numbers[6];
  const gamma = numbers[7];
  for (let x = 0; x < length; x++) {
    const j = COLUMNS[x];
    const score = (VALUES[j] + STEPS[j] * SHARES[x]) / one;
    if (score < threshold) continue;
    const weight = bent(ranged(score, low, high), gamma);
    SUMS[x] += weight;
    REDS[x] += weight * red;
    GREENS[x] += weight * green;
    BLUES[x] += weight * blue;
  }
}

/** As `write`, of sums alone. */
function writePixels(bytes: Uint8Array, start: number, length: number, most: number, visibility: Float64Array): void {
  for (let x = 0; x < length; x++) {
    const whole = SUMS[x];
    const alpha = roundHalfUp(most * Math.min(whole, 1) * visibility[x]);
    if (alpha <= 0) continue;
    const scale = 1 / whole;
    const offset = 4 * (start + x);
    bytes[offset] = roundHalfUp(REDS[x] * scale);
    bytes[offset + 1] = roundHalfUp(GREENS[x] * scale);
    bytes[offset + 2] = roundHalfUp(BLUES[x] * scale);
    bytes[offset + 3] = alpha;
  }
}

/**
 * Adds a class, whose numbers these are: once for all pixels between two values, wherever the weight is a straight line
 * there, to each pixel elsewhere.
 */
function add(values: number, numbers: Float64Array): void {
  const red = numbers[0];
  const green = numbers[1];
  const blue = numbers[2];
  const one = numbers[3];
  const low = numbers[4];
  const high = numbers[5];
  const threshold = numbers[6];
  const gamma = numbers[7];
  for (let j = 0; j < values; j++) {
    const value = VALUES[j];
    const step = STEPS[j];
    const first = value / one;
    const second = (value + step) / one;
    const least = Math.min(first, second);
    const most = Math.max(first, second);
    if (most < threshold || most < low) continue;
    if (gamma === 1 && high > low && least >= threshold && least >= low && (most <= high || least >= high)) {
      const weight = ranged(first, low, high);
      const rise = ranged(second, low, high) - weight;
      const at = 8 * j;
      LINES[at] += weight;
      LINES[at + 1] += weight * red;
      LINES[at + 2] += weight * green;
      LINES[at + 3] += weight * blue;
      LINES[at + 4] += rise;
      LINES[at + 5] += rise * red;
      LINES[at + 6] += rise * green;
      LINES[at + 7] += rise * blue;
      continue;
    }
    ADDED[j] = 1;
    const end = STARTS[j + 1];
    for (let x = STARTS[j]; x < end; x++) {
      const score = (value + step * SHARES[x]) / one;
      if (score < threshold) continue;
      const weight = bent(ranged(score, low, high), gamma);
      if (!(weight > 0)) continue;
      SUMS[x] += weight;
      REDS[x] += weight * red;
      GREENS[x] += weight * green;
      BLUES[x] += weight * blue;
    }
  }
}

/** @param most alpha of what is wholly visible and of a sum of 1 or more */
function write(bytes: Uint8Array, start: number, values: number, most: number, visibility: Float64Array): void {
  for (let j = 0; j < values; j++) {
    const at = 8 * j;
    // Taken out of the memory before the loop, which writes to memory.
    const sum = LINES[at];
    const red = LINES[at + 1];
    const green = LINES[at + 2];
    const blue = LINES[at + 3];
    const rise = LINES[at + 4];
    const redRise = LINES[at + 5];
    const greenRise = LINES[at + 6];
    const blueRise = LINES[at + 7];
    const isAdded = ADDED[j] > 0;
    if (!isAdded && sum === 0 && rise === 0) continue;
    const end = STARTS[j + 1];
    for (let x = STARTS[j]; x < end; x++) {
      const share = SHARES[x];
      const whole = sum + rise * share + (isAdded ? SUMS[x] : 0);
      const alpha = roundHalfUp(most * Math.min(whole, 1) * visibility[x]);
      if (alpha <= 0) continue;
      const scale = 1 / whole;
      const offset = 4 * (start + x);
      bytes[offset] = roundHalfUp((red + redRise * share + (isAdded ? REDS[x] : 0)) * scale);
      bytes[offset + 1] = roundHalfUp((green + greenRise * share + (isAdded ? GREENS[x] : 0)) * scale);
      bytes[offset + 2] = roundHalfUp((blue + blueRise * share + (isAdded ? BLUES[x] : 0)) * scale);
      bytes[offset + 3] = alpha;
    }
  }
}

import { bent, ranged, roundHalfUp } from './pixel.ts';
import { ROW_LENGTH } from './row-memory.ts';
import type { PainterInput, ScorePainter } from './row-painters.ts';
import type { PaintStyle } from './style.ts';

// Of one row: class after class over all of it takes less time than pixel after pixel.
const BEST = new Float64Array(ROW_LENGTH);
const SECOND = new Float64Array(ROW_LENGTH);
const LEADERS = new Uint8Array(ROW_LENGTH);

/**
 * Colour of the class that leads, of equal ones the first; alpha is opacity x visibility x its lead over the second as a
 * share of the range's extent, at most 1, to the power gamma; with one class alone, its ranged score instead of the lead.
 */
export function argmaxPainter(style: PaintStyle, { colours, one, shape }: PainterInput): ScorePainter {
  const { length } = shape;
  const { range, threshold, gamma, opacity } = style;
  // Numbers out of a typed array need no check in every turn of a loop.
  const numbers = Float64Array.of(one, ...range, threshold, gamma, opacity);
  const channels = Uint8Array.from(colours.flat());
  return ({ bytes }, start, scores, visibility) => {
    BEST.set(scores.subarray(0, length));
    SECOND.fill(Number.NEGATIVE_INFINITY, 0, length);
    LEADERS.fill(0, 0, length);
    for (let k = 1; k < colours.length; k++) compare(scores, k * length, length, k);
    write(bytes, start, length, channels, numbers, visibility);
  };
}

function compare(scores: Float64Array, from: number, length: number, k: number): void {
  for (let x = 0; x < length; x++) {
    const score = scores[from + x];
    if (score > BEST[x]) {
      SECOND[x] = BEST[x];
      BEST[x] = score;
      LEADERS[x] = k;
    } else if (score > SECOND[x]) SECOND[x] = score;
  }
}

/** `numbers` are those of `argmaxPainter`. */
function write(
  bytes: Uint8Array,
  start: number,
  length: number,
  channels: Uint8Array,
  numbers: Float64Array,
  visibility: Float64Array,
): void {
  const one = numbers[0];
  const low = numbers[1];
  const extent = numbers[2] - low;
  const threshold = numbers[3];
  const gamma = numbers[4];
  const opacity = numbers[5];
  const isAlone = channels.length === 3;
  for (let x = 0; x < length; x++) {
    const score = BEST[x] / one;
    if (score < threshold) continue;
    const strength = bent(ranged(score - (isAlone ? low : SECOND[x] / one), 0, extent), gamma);
    if (!(strength > 0)) continue;
    const alpha = roundHalfUp(255 * (opacity * strength * visibility[x]));
    if (alpha <= 0) continue;
    const offset = 4 * (start + x);
    const colour = 3 * LEADERS[x];
    bytes[offset] = channels[colour];
    bytes[offset + 1] = channels[colour + 1];
    bytes[offset + 2] = channels[colour + 2];
    bytes[offset + 3] = alpha;
  }
}

import type { PaintStyle } from './style.ts';

/**
 * Writes a row of pixels from byte `offset` on. `scores` holds the row's interpolated scores, plane after plane, in
 * ascending order of planes and in units of the score; `visibility` (0 to 1) the share of the opacity that each pixel has.
 */
export type RowPainter = (pixels: Uint8Array, offset: number, scores: Float64Array, visibility: Float64Array) => void;

type Colour = readonly number[];

/** The painter of a style's mode; `colours` are those of the planes shown, in the order of the scores it will get. */
export function rowPainter(style: PaintStyle, colours: readonly Colour[]): RowPainter {
  if (style.mode === 'single') return singlePainter(style);
  return style.mode === 'blend' ? blendPainter(style, colours) : argmaxPainter(style, colours);
}

/** The score's place in the range, 0 to 1; a range without extent is a step. */
function ranged(score: number, low: number, high: number): number {
  if (!(high > low)) return score >= low ? 1 : 0;
  const extent = high - low;
  // Most ranges have the extent 1, and a division takes as long as all the rest.
  const place = extent === 1 ? score - low : (score - low) / extent;
  return Math.min(1, Math.max(0, place));
}

/** Colour of the map at the ranged score; alpha is opacity x visibility. */
function singlePainter({ colormap, range: [low, high], threshold, opacity }: PaintStyle): RowPainter {
  return (pixels, offset, scores, visibility) => {
    for (let x = 0; x < visibility.length; x++) {
      const score = scores[x];
      if (visibility[x] === 0 || score < threshold) continue;
      const entry = 3 * roundHalfUp(255 * ranged(score, low, high));
      const alpha = opacity * visibility[x];
      write(pixels, offset + 4 * x, colormap[entry], colormap[entry + 1], colormap[entry + 2], alpha);
    }
  };
}

/** Mean of the colours weighted by ranged score; alpha is opacity x visibility x the sum of those scores, at most 1. */
function blendPainter({ range: [low, high], threshold, opacity }: PaintStyle, colours: readonly Colour[]): RowPainter {
  const [reds, greens, blues] = [0, 1, 2].map((channel) => Float64Array.from(colours, (colour) => colour[channel]));
  return (pixels, offset, scores, visibility) => {
    const length = visibility.length;
    for (let x = 0; x < length; x++) {
      if (visibility[x] === 0) continue;
      let sum = 0;
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let k = 0, at = x; k < reds.length; k++, at += length) {
        const score = scores[at];
        if (score < threshold) continue;
        const weight = ranged(score, low, high);
        sum += weight;
        red += weight * reds[k];
        green += weight * greens[k];
        blue += weight * blues[k];
      }
      if (sum === 0) continue;
      const alpha = opacity * Math.min(1, sum) * visibility[x];
      write(pixels, offset + 4 * x, red / sum, green / sum, blue / sum, alpha);
    }
  };
}

/**
 * Colour of the class that leads, of equal ones the first; alpha is opacity x visibility x its lead over the second as a
 * share of the range's extent, at most 1; with one class alone, its ranged score.
 */
function argmaxPainter({ range: [low, high], threshold, opacity }: PaintStyle, colours: readonly Colour[]): RowPainter {
  return (pixels, offset, scores, visibility) => {
    const length = visibility.length;
    for (let x = 0; x < length; x++) {
      if (visibility[x] === 0) continue;
      let leader = 0;
      let best = scores[x];
      let second = Number.NEGATIVE_INFINITY;
      for (let k = 1, at = x + length; k < colours.length; k++, at += length) {
        const score = scores[at];
        if (score > best) {
          second = best;
          best = score;
          leader = k;
        } else if (score > second) second = score;
      }
      if (best < threshold) continue;
      const strength = colours.length === 1 ? ranged(best, low, high) : ranged(best - second, 0, high - low);
      const colour = colours[leader];
      write(pixels, offset + 4 * x, colour[0], colour[1], colour[2], opacity * strength * visibility[x]);
    }
  };
}

/** Rounds each channel once; a pixel that rounds to no alpha has no colour either. */
function write(pixels: Uint8Array, offset: number, red: number, green: number, blue: number, alpha: number): void {
  const byte = roundHalfUp(255 * alpha);
  if (byte <= 0) return;
  pixels[offset] = roundHalfUp(red);
  pixels[offset + 1] = roundHalfUp(green);
  pixels[offset + 2] = roundHalfUp(blue);
  pixels[offset + 3] = byte;
}

/** To the nearest integer, halves up; for numbers from 0 to 2^31. */
function roundHalfUp(value: number): number {
  return (value + 0.5) | 0;
}

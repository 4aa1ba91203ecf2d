import { bent, ranged, writePixel } from './pixel.ts';
import type { PainterInput, RowPainter } from './row-painters.ts';
import type { PaintStyle } from './style.ts';

/**
 * Colour of the class that leads, of equal ones the first; alpha is opacity x visibility x its lead over the second as a
 * share of the range's extent, at most 1, to the power gamma; with one class alone, its ranged score instead of the lead.
 */
export function argmaxPainter(style: PaintStyle, { colours, one, length }: PainterInput): RowPainter {
  const { opacity, threshold, gamma } = style;
  const [low, high] = style.range;
  // Class after class over the whole row, which takes less time than pixel after pixel.
  const best = new Float64Array(length);
  const second = new Float64Array(length);
  const leaders = new Uint8Array(length);

  const compare = (scores: Float64Array, from: number, k: number) => {
    for (let x = 0; x < length; x++) {
      const score = scores[from + x];
      if (score > best[x]) {
        second[x] = best[x];
        best[x] = score;
        leaders[x] = k;
      } else if (score > second[x]) second[x] = score;
    }
  };

  return ({ bytes }, start, scores, visibility) => {
    best.set(scores.subarray(0, length));
    second.fill(Number.NEGATIVE_INFINITY);
    leaders.fill(0);
    for (let k = 1; k < colours.length; k++) compare(scores, k * length, k);
    const isUniform = typeof visibility === 'number';
    for (let x = 0; x < length; x++) {
      const score = best[x] / one;
      if (score < threshold) continue;
      const lead = colours.length === 1 ? ranged(score, low, high) : ranged(score - second[x] / one, 0, high - low);
      const strength = bent(lead, gamma);
      const [red, green, blue] = colours[leaders[x]];
      const alpha = opacity * strength * (isUniform ? visibility : visibility[x]);
      writePixel(bytes, 4 * (start + x), red, green, blue, alpha);
    }
  };
}

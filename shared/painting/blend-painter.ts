import { writePixel } from './pixel.ts';
import type { PainterInput, RowPainter } from './row-painters.ts';
import type { PaintStyle } from './style.ts';

/** Mean of the colours weighted by ranged score to the power gamma; alpha is opacity x visibility x the sum of those scores, at most 1. */
export function blendPainter(style: PaintStyle, { colours, one, length }: PainterInput): RowPainter {
  const { opacity, threshold, gamma } = style;
  const [low, high] = style.range;
  const isStep = !(high > low);
  const extent = high - low;
  // Class after class over the whole row, which takes a third of the time of pixel after pixel.
  const sums = new Float64Array(length);
  const reds = new Float64Array(length);
  const greens = new Float64Array(length);
  const blues = new Float64Array(length);

  const add = (scores: Float64Array, from: number, [red, green, blue]: readonly number[]) => {
    for (let x = 0; x < length; x++) {
      const score = scores[from + x] / one;
      if (score < threshold) continue;
      let weight = score - low;
      if (isStep) weight = weight >= 0 ? 1 : 0;
      else if (extent !== 1) weight /= extent;
      if (!(weight > 0)) continue;
      if (weight > 1) weight = 1;
      else if (gamma !== 1) weight **= gamma;
      sums[x] += weight;
      reds[x] += weight * red;
      greens[x] += weight * green;
      blues[x] += weight * blue;
    }
  };

  return ({ bytes }, start, scores, visibility) => {
    for (const channel of [sums, reds, greens, blues]) channel.fill(0);
    for (let k = 0; k < colours.length; k++) add(scores, k * length, colours[k]);
    const isUniform = typeof visibility === 'number';
    for (let x = 0; x < length; x++) {
      const sum = sums[x];
      if (sum === 0) continue;
      const alpha = opacity * Math.min(sum, 1) * (isUniform ? visibility : visibility[x]);
      writePixel(bytes, 4 * (start + x), reds[x] / sum, greens[x] / sum, blues[x] / sum, alpha);
    }
  };
}

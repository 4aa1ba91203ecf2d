import { mapPainter } from './map-painter.ts';
import type { PainterInput, ScorePainter } from './row-painters.ts';
import { strengthByPlace } from './single-painter.ts';
import type { PaintStyle } from './style.ts';

/** Steps of the table of -p log2 p; a byte of probability has 255. */
const STEPS = 4096;

/** -p log2 p at p = i / STEPS (Shannon 1948), 0 at both ends. */
const TERMS = Float64Array.from({ length: STEPS + 1 }, (_, i) => (i === 0 ? 0 : -(i / STEPS) * Math.log2(i / STEPS)));

/**
 * How unsure the model is, 0 to 1, through the colour map. Of classes that exclude each other: Shannon's entropy of their
 * probabilities, scaled to add up to 1, as a share of that of as many equal ones. Of classes that each stand for
 * themselves: the mean of their own entropies, each between a class and its absence. Probabilities count in steps of 1/4096.
 */
export function entropyPainter(style: PaintStyle, { colours, one, shape }: PainterInput): ScorePainter {
  const { length } = shape;
  const paint = mapPainter({ ...style, strengthOf: strengthByPlace(style) }, one, length);
  const entropies = new Float64Array(length);
  const classes = colours.length;
  const most = style.exclusive ? Math.log2(classes) : classes;
  return (pixels, start, scores, ...visibility) => {
    for (let x = 0; x < length; x++) {
      let sum = 0;
      for (let k = 0, at = x; k < classes; k++, at += length) sum += scores[at];
      const whole = style.exclusive ? sum : one;
      let entropy = 0;
      for (let k = 0, at = x; k < classes && whole > 0; k++, at += length) {
        const step = (Math.min(1, Math.max(0, scores[at] / whole)) * STEPS + 0.5) | 0;
        entropy += style.exclusive ? TERMS[step] : TERMS[step] + TERMS[STEPS - step];
      }
      entropies[x] = most > 0 ? one * Math.min(1, entropy / most) : 0;
    }
    paint(pixels, start, entropies, ...visibility);
  };
}

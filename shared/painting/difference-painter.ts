import { mapPainter } from './map-painter.ts';
import type { PainterInput, ScorePainter } from './row-painters.ts';
import type { PaintStyle } from './style.ts';

/**
 * The first plane's score minus the second's through the colour map, 0 in its middle; the ends are the range's extent to both
 * sides. Differences smaller than the threshold are transparent.
 */
export function differencePainter(style: PaintStyle, { one, shape }: PainterInput): ScorePainter {
  const { length } = shape;
  const extent = style.range[1] - style.range[0];
  const strengthOf = style.opacityByValue ? (entry: number) => Math.abs((2 * entry) / 255 - 1) : () => 1;
  const paint = mapPainter(
    // Around 0, so that gamma bends both halves alike.
    { ...style, range: [-extent, extent], threshold: Number.NEGATIVE_INFINITY, gamma: 1, strengthOf },
    one,
    length,
  );
  const differences = new Float64Array(length);
  const unit = extent > 0 ? extent * one : one;
  return (pixels, start, scores, ...visibility) => {
    for (let x = 0; x < length; x++) {
      const difference = scores[x] - scores[length + x];
      const share = Math.min(1, Math.abs(difference) / unit);
      differences[x] = style.gamma === 1 ? difference : Math.sign(difference) * share ** style.gamma * unit;
    }
    paint(pixels, start, differences, ...visibility);
    if (!(style.threshold > 0)) return;
    for (let x = 0; x < length; x++) {
      if (Math.abs(scores[x] - scores[length + x]) / one < style.threshold) pixels.words[start + x] = 0;
    }
  };
}

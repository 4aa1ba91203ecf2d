import { argmaxPainter } from './argmax-painter.ts';
import { blendPainter } from './blend-painter.ts';
import { differencePainter } from './difference-painter.ts';
import { entropyPainter } from './entropy-painter.ts';
import { interpolateAcross, type RowShape } from './row-memory.ts';
import { singlePainter } from './single-painter.ts';
import type { Mode, PaintStyle } from './style.ts';

/** RGBA bytes, straight alpha, and the same memory as one word a pixel. */
export interface PixelBuffer {
  bytes: Uint8Array;
  words: Int32Array;
}

/**
 * Paints row after row: first it is given the planes shown, in ascending order (of a difference in that of the style),
 * then it writes.
 */
export interface RowPainter {
  /** Takes in the k-th plane's values, which lie in the memory of the row, in units of the tile. */
  take(k: number): void;
  /**
   * Writes the pixels, transparent until now, from `start` on.
   * @param visibility 0 to 1: the share of the opacity that each pixel has
   * @param uniform that of all of them, where it is the same in all rows
   */
  write(pixels: PixelBuffer, start: number, visibility: Float64Array, uniform?: number): void;
}

/** What a painter is made for. */
export interface PainterInput {
  /** Those of the planes shown, in the order of the scores it will get. */
  colours: readonly (readonly number[])[];
  /** What stands for score 1. */
  one: number;
  shape: RowShape;
}

const PAINTERS: Record<Mode, (style: PaintStyle, input: PainterInput) => RowPainter> = {
  single: perPixel(singlePainter),
  blend: blendPainter,
  argmax: perPixel(argmaxPainter),
  entropy: perPixel(entropyPainter),
  difference: perPixel(differencePainter),
};

/** The painter of a style's mode. */
export function rowPainter(style: PaintStyle, input: PainterInput): RowPainter {
  return PAINTERS[style.mode](style, input);
}

/** As `RowPainter.write`; `scores` holds the row's interpolated scores, plane after plane. */
export type ScorePainter = (
  pixels: PixelBuffer,
  start: number,
  scores: Float64Array,
  visibility: Float64Array,
  uniform?: number,
) => void;

/** A painter that wants the scores of each pixel. */
function perPixel(painterOf: (style: PaintStyle, input: PainterInput) => ScorePainter): (typeof PAINTERS)[Mode] {
  return (style, input) => {
    const { length } = input.shape;
    const scores = new Float64Array(input.colours.length * length);
    const paint = painterOf(style, input);
    return {
      take: (k) => interpolateAcross(scores, k * length, input.shape),
      write: (pixels, start, ...visibility) => paint(pixels, start, scores, ...visibility),
    };
  };
}

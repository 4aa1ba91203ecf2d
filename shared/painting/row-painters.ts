import { argmaxPainter } from './argmax-painter.ts';
import { blendPainter } from './blend-painter.ts';
import { differencePainter } from './difference-painter.ts';
import { entropyPainter } from './entropy-painter.ts';
import { singlePainter } from './single-painter.ts';
import type { Mode, PaintStyle } from './style.ts';

/** RGBA bytes, straight alpha, and the same memory as one word a pixel. */
export interface PixelBuffer {
  bytes: Uint8Array;
  words: Int32Array;
}

/**
 * Writes a row of pixels, transparent until now, from pixel `start` on. `scores` holds the row's interpolated scores,
 * plane after plane, in ascending order of planes (of a difference in that of the style) and in units of the tile; `visibility` (0 to 1) the share of the opacity
 * that each pixel has.
 */
export type RowPainter = (
  pixels: PixelBuffer,
  start: number,
  scores: Float64Array,
  visibility: Float64Array | number,
) => void;

/** What a painter is made for. */
export interface PainterInput {
  /** Those of the planes shown, in the order of the scores it will get. */
  colours: readonly (readonly number[])[];
  /** What stands for score 1. */
  one: number;
  /** Pixels of a row. */
  length: number;
}

const PAINTERS: Record<Mode, (style: PaintStyle, input: PainterInput) => RowPainter> = {
  single: singlePainter,
  blend: blendPainter,
  argmax: argmaxPainter,
  entropy: entropyPainter,
  difference: differencePainter,
};

/** The painter of a style's mode. */
export function rowPainter(style: PaintStyle, input: PainterInput): RowPainter {
  return PAINTERS[style.mode](style, input);
}

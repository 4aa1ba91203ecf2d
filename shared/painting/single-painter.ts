import { mapPainter } from './map-painter.ts';
import type { PainterInput, ScorePainter } from './row-painters.ts';
import type { PaintStyle } from './style.ts';

/** Colour of the map at the ranged score; alpha is opacity x visibility, x the map's place where opacity goes by value. */
export function singlePainter(style: PaintStyle, { one, shape }: PainterInput): ScorePainter {
  return mapPainter({ ...style, strengthOf: strengthByPlace(style) }, one, shape.length);
}

/** How much of the opacity an entry of the map has. */
export function strengthByPlace({ opacityByValue }: Pick<PaintStyle, 'opacityByValue'>): (entry: number) => number {
  return opacityByValue ? (entry) => entry / 255 : () => 1;
}

import type { SlideDescription } from './slide.ts';
import { levelDistance } from './tiff-levels.ts';

/** Slide pixels along one side of a pixel of each stored level: powers of two, ascending, the first is 1. */
export function levelScales({ levels }: Pick<SlideDescription, 'levels'>): number[] {
  return levels.map((level, index) => (index === 0 ? 1 : 2 ** (levelDistance(levels[0], level) ?? 0)));
}

/** Index of the stored level with the fewest pixels that still has every pixel of a downsample: the largest scale <= it. */
export function levelFor(scales: readonly number[], downsample: number): number {
  return Math.max(
    0,
    scales.findLastIndex((scale) => scale <= downsample),
  );
}

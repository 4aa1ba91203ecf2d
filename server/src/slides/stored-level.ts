import type { SlideDescription } from './slide.ts';
import { levelDistance } from './tiff-levels.ts';

/**
 * Slide pixels along one side of a pixel of each stored level, ascending, the first is 1: powers of two, but for levels of
 * OpenSlide that are none.
 */
export function levelScales({ levels }: Pick<SlideDescription, 'levels'>): number[] {
  return levels.map((level, index) => {
    if (index === 0) return 1;
    const distance = levelDistance(levels[0], level);
    return distance === null && 'downsample' in level ? level.downsample : 2 ** (distance ?? 0);
  });
}

/** Index of the stored level with the fewest pixels that still has every pixel of a downsample: the largest scale <= it. */
export function levelFor(scales: readonly number[], downsample: number): number {
  return Math.max(
    0,
    scales.findLastIndex((scale) => scale <= downsample),
  );
}

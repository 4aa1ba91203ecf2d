import { createHash } from 'node:crypto';
import type { HeatmapOptions } from '../../../shared/heatmap-descriptor.ts';
import type { ModelDescription } from '../models/model.ts';
import type { SlideDescription } from '../slides/slide.ts';

/** Raised only when the same slide and model give other values than before. */
export const VALUES_VERSION = 2;

/**
 * Names everything that the values of a heatmap depend on; 16 hexadecimal digits.
 * @param resolution the downsample at which patches are cut, or that each level has its own
 */
export function heatmapFingerprint(
  slide: SlideDescription,
  model: ModelDescription,
  resolution: number | 'level',
  { overlap, background }: HeatmapOptions,
): string {
  const backgroundClass = typeof background === 'object' ? model.classes.findIndex(isNamed(background?.class)) : -1;
  const options = [overlap, background === 'otsu' ? 'otsu' : backgroundClass];
  return createHash('sha256')
    .update(JSON.stringify([VALUES_VERSION, slide.fingerprint, model.fingerprint, resolution, ...options]))
    .digest('hex')
    .slice(0, 16);
}

function isNamed(name: string | undefined) {
  return (info: { name: string }) => info.name === name;
}

import { createHash } from 'node:crypto';
import type { ModelDescription } from '../models/model.ts';
import type { SlideDescription } from '../slides/slide.ts';

/** Raised only when the same slide and model give other values than before. */
const VALUES_VERSION = 2;

/** Names everything that the values of a heatmap depend on; 16 hexadecimal digits. */
export function heatmapFingerprint(slide: SlideDescription, model: ModelDescription, downsample: number): string {
  return createHash('sha256')
    .update(JSON.stringify([VALUES_VERSION, slide.fingerprint, model.fingerprint, downsample]))
    .digest('hex')
    .slice(0, 16);
}

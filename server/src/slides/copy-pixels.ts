import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';

/** RGB pixels of a rectangle, row-major, 3 bytes each. */
export interface RegionPixels extends Rectangle {
  data: Uint8Array;
}

const CHANNELS = 3;

/** Memory for the pixels of a rectangle. */
export function emptyPixels(region: Rectangle): RegionPixels {
  return { ...region, data: new Uint8Array(region.width * region.height * CHANNELS) };
}

/** Copies what two rectangles of one picture have in common. */
export function copyOverlap(source: RegionPixels, target: RegionPixels): void {
  const left = Math.max(source.x, target.x);
  const right = Math.min(source.x + source.width, target.x + target.width);
  const top = Math.max(source.y, target.y);
  const bottom = Math.min(source.y + source.height, target.y + target.height);
  const rowBytes = (right - left) * CHANNELS;
  if (rowBytes <= 0) return;
  for (let y = top; y < bottom; y++) {
    const from = ((y - source.y) * source.width + left - source.x) * CHANNELS;
    const to = ((y - target.y) * target.width + left - target.x) * CHANNELS;
    target.data.set(source.data.subarray(from, from + rowBytes), to);
  }
}

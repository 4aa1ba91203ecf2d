/**
 * Lays translucent pixels over opaque ones in place: Porter and Duff's source-over with straight alpha,
 * `round((alpha * colour + (255 - alpha) * below) / 255)`, exactly.
 * @param below RGB, 3 bytes a pixel, becomes the result
 * @param above RGBA, 4 bytes a pixel, as many pixels
 */
export function compositeOver(below: Uint8Array, above: Uint8ClampedArray): void {
  for (let source = 0, target = 0; target < below.length; source += 4, target += 3) {
    const alpha = above[source + 3];
    if (alpha === 0) continue;
    const rest = 255 - alpha;
    below[target] = divideBy255(alpha * above[source] + rest * below[target]);
    below[target + 1] = divideBy255(alpha * above[source + 1] + rest * below[target + 1]);
    below[target + 2] = divideBy255(alpha * above[source + 2] + rest * below[target + 2]);
  }
}

/** `round(value / 255)` for integers from 0 to 255 * 255. */
export function divideBy255(value: number): number {
  return ((value + 128) * 257) >> 16;
}

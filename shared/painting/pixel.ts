/** The score's place in the range, 0 to 1; a range without extent is a step. */
export function ranged(score: number, low: number, high: number): number {
  if (!(high > low)) return score >= low ? 1 : 0;
  const extent = high - low;
  // Most ranges have the extent 1, and a division takes as long as all the rest.
  const place = extent === 1 ? score - low : (score - low) / extent;
  return place > 0 ? Math.min(place, 1) : 0;
}

/** A place from 0 to 1 to the power gamma. */
export function bent(place: number, gamma: number): number {
  return gamma === 1 ? place : place ** gamma;
}

/** To the nearest integer, halves up; for numbers from 0 to 2^31. */
export function roundHalfUp(value: number): number {
  return (value + 0.5) | 0;
}

/** Writes a pixel at a byte offset, each channel rounded once; one that rounds to no alpha has no colour either. */
export function writePixel(
  bytes: Uint8Array,
  offset: number,
  red: number,
  green: number,
  blue: number,
  alpha: number,
): void {
  const byte = roundHalfUp(255 * alpha);
  if (byte <= 0) return;
  bytes[offset] = roundHalfUp(red);
  bytes[offset + 1] = roundHalfUp(green);
  bytes[offset + 2] = roundHalfUp(blue);
  bytes[offset + 3] = byte;
}

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

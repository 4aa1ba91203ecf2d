/**
 * @param area square slide pixels
 * @param mpp microns per slide pixel
 * @returns null where the slide does not know its resolution
 */
export function squareMillimetres(area: number, mpp: number | null): number | null {
  return mpp === null ? null : (area * mpp ** 2) / 1e6;
}

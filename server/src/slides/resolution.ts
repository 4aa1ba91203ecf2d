import type { TiffDirectory } from './tiff-directories.ts';

/** What a microscope's scanner gives, in microns per pixel; 72 dpi, for instance, would be 353. */
const PLAUSIBLE_MPP = { low: 0.05, high: 20 };
const MICRONS_PER_CENTIMETRE = 10_000;
const MICRONS_PER_INCH = 25_400;

/** Microns per pixel of a TIFF: `MPP = 0.5` in its description (as Aperio writes), else its resolution tags. */
export function tiffMpp({ description, pixelsPerCentimetre }: TiffDirectory): number | null {
  const text = /\bMPP\s*=\s*(\d*\.?\d+)/.exec(description);
  if (text !== null) {
    const mpp = plausible(Number(text[1]));
    if (mpp !== null) return mpp;
  }
  if (pixelsPerCentimetre === null) return null;
  const [x, y] = pixelsPerCentimetre;
  // Pixels that are not square have no single resolution.
  if (!(Math.abs(x - y) <= 0.01 * x)) return null;
  return plausible(MICRONS_PER_CENTIMETRE / x);
}

/** Microns per pixel of a JPEG, PNG or WebP that gives its dots per inch. */
export function densityMpp(dotsPerInch: number | undefined): number | null {
  return dotsPerInch === undefined ? null : plausible(MICRONS_PER_INCH / dotsPerInch);
}

function plausible(mpp: number): number | null {
  return mpp >= PLAUSIBLE_MPP.low && mpp <= PLAUSIBLE_MPP.high ? mpp : null;
}

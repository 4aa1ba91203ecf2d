import { omePixels } from './ome-xml.ts';
import type { TiffDirectory } from './tiff-directories.ts';

/** What a microscope's scanner gives, in microns per pixel; 72 dpi, for instance, would be 353. */
const PLAUSIBLE_MPP = { low: 0.05, high: 20 };
const MICRONS_PER_CENTIMETRE = 10_000;
const MICRONS_PER_INCH = 25_400;

/**
 * Microns per pixel of a TIFF: `MPP = 0.5` in a description (as Aperio writes), else OME-XML, else its resolution tags.
 * @param first of its directories, which describes the file
 * @param main the one that is the slide
 */
export function tiffMpp(first: TiffDirectory, main: TiffDirectory): number | null {
  const text = /\bMPP\s*=\s*(\d*\.?\d+)/.exec(main.description);
  const stated = text === null ? omePixels(first.description, main)?.mpp : Number(text[1]);
  return plausible(stated ?? Number.NaN) ?? densityOf(main.pixelsPerCentimetre);
}

/** Pixels that are not square have no single resolution. */
export function squareMpp(x: number, y: number): number | null {
  return Math.abs(x - y) <= 0.01 * x ? plausible(x) : null;
}

function densityOf(pixelsPerCentimetre: TiffDirectory['pixelsPerCentimetre']): number | null {
  if (pixelsPerCentimetre === null) return null;
  const [x, y] = pixelsPerCentimetre;
  if (!(Math.abs(x - y) <= 0.01 * x)) return null;
  return plausible(MICRONS_PER_CENTIMETRE / x);
}

/** The objective's magnification: `AppMag = 20` in an Aperio description, or OME-XML's. */
export function tiffObjective({ description }: TiffDirectory): number | null {
  const found =
    /\bAppMag\s*=\s*(\d+\.?\d*)/.exec(description) ?? /\bNominalMagnification\s*=\s*["'](\d+\.?\d*)/.exec(description);
  return found === null ? null : Number(found[1]) || null;
}

/** Microns per pixel of a JPEG, PNG or WebP that gives its dots per inch. */
export function densityMpp(dotsPerInch: number | undefined): number | null {
  return dotsPerInch === undefined ? null : plausible(MICRONS_PER_INCH / dotsPerInch);
}

function plausible(mpp: number): number | null {
  return mpp >= PLAUSIBLE_MPP.low && mpp <= PLAUSIBLE_MPP.high ? mpp : null;
}

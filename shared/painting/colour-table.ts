import { bent, ranged, roundHalfUp } from './pixel.ts';
import type { PaintStyle } from './style.ts';

/** Bins of a table: of the 256 colours most bins then hold one alone. */
const BINS = 4096;
/** Bins beyond the first and the last value at which the colour changes, so that all values beyond them share a bin. */
const MARGIN = 2;
/** By how much a value's bin may be wrong by rounding, in bins; by far more than it is. */
const TOLERANCE = 1e-3;
/** A bin is at least this share of the values in it: below, rounding would misplace them. */
const LEAST_SHARE = 1e-9;

/**
 * The pixel of each score, looked up instead of worked out: scores are sorted into bins, and in a bin with more than one colour
 * each is worked out after all, so that the bytes are those of the formula.
 */
export interface ColourTable {
  /** A pixel (as in an `Int32Array` over RGBA bytes) for each bin, or `undecided`; the first and the last bin are open. */
  bins: Int32Array;
  /**
   * Origin and bins per value: the bin of a value in units of the tile is the integer below (value - origin) x bins per
   * value.
   */
  place: Float64Array;
  undecided: number;
  /** The pixel of a value. */
  exact(value: number): number;
}

/** What of a style a table is made of. */
export type TableStyle = Pick<PaintStyle, 'colormap' | 'range' | 'threshold' | 'gamma'>;

/**
 * Colour of the map at the ranged score to the power gamma, and nothing below the threshold.
 * @param one what stands for score 1
 * @param alphaOf alpha of each entry of the map, 0 to 255
 */
export function colourTable(
  { colormap, range, threshold, gamma }: TableStyle,
  one: number,
  alphaOf: (entry: number) => number,
): ColourTable {
  const pixels = pixelsOf(colormap, alphaOf);
  const key = pixels.join();
  const table = entryTable({ range, threshold, gamma }, one);
  if (last?.key === key && last.table === table) return last;
  const bins = new Int32Array(BINS);
  for (let bin = 0; bin < BINS; bin++) bins[bin] = pixels[table.bins[bin]];
  last = {
    key,
    table,
    bins,
    place: table.place,
    undecided: pixels[UNDECIDED],
    exact: (value) => pixels[table.entryOf(value)],
  };
  return last;
}

/** Tile after tile is painted in the same style, and making a table takes as long as painting one. */
let last: (ColourTable & { key: string; table: EntryTable }) | undefined;

/** The entry of the map for each bin, which depends on no colour. */
interface EntryTable {
  key: string;
  bins: Uint16Array;
  place: Float64Array;
  entryOf(value: number): number;
}

/** Of the last style: another map, or opacity, changes none of it. */
let lastEntries: EntryTable | undefined;

function entryTable({ range, threshold, gamma }: Omit<TableStyle, 'colormap'>, one: number): EntryTable {
  const [low, high] = range;
  const key = [one, low, high, threshold, gamma].join();
  if (lastEntries?.key === key) return lastEntries;
  const entryOf = (value: number) => {
    const score = value / one;
    return score < threshold ? TRANSPARENT : roundHalfUp(255 * bent(ranged(score, low, high), gamma));
  };

  // The colour changes only between these two values.
  const changes = Number.isFinite(threshold) ? [low, high, threshold] : [low, high];
  const first = Math.min(...changes) * one;
  const extent = Math.max(...changes) * one - first || one;
  const width = extent / (BINS - 2 * MARGIN);
  const origin = first - MARGIN * width;
  const bins = new Uint16Array(BINS).fill(UNDECIDED);
  if (width > LEAST_SHARE * Math.max(Math.abs(first), Math.abs(first + extent))) {
    for (let bin = 0; bin < BINS; bin++) {
      const below = bin === 0 ? Number.NEGATIVE_INFINITY : origin + (bin - TOLERANCE) * width;
      const above = bin === BINS - 1 ? Number.POSITIVE_INFINITY : origin + (bin + 1 + TOLERANCE) * width;
      const entry = entryOf(below);
      // Entries rise with the score, and what is transparent comes before all of them.
      if (entry === entryOf(above)) bins[bin] = entry;
    }
  }
  lastEntries = { key, bins, place: Float64Array.of(origin, 1 / width), entryOf };
  return lastEntries;
}

/** Entries after the 256 colours: no pixel, and the mark of a bin that has no colour of its own. */
const TRANSPARENT = 256;
const UNDECIDED = 257;

/** The words of all entries, in this machine's own order of bytes. */
function pixelsOf(colormap: Uint8Array, alphaOf: (entry: number) => number): Int32Array {
  const words = new Int32Array(258);
  const bytes = new Uint8Array(words.buffer);
  for (let entry = 0; entry < 256; entry++) {
    const alpha = alphaOf(entry);
    if (!(alpha > 0)) continue;
    for (let channel = 0; channel < 3; channel++) bytes[4 * entry + channel] = colormap[3 * entry + channel];
    bytes[4 * entry + 3] = alpha;
  }
  // No pixel has a colour without alpha.
  bytes[4 * UNDECIDED] = 1;
  return words;
}

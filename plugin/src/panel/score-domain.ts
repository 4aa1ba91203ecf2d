export type Interval = readonly [low: number, high: number];

/** The scale is divided into about as many parts by the coarsest round step, and by the steps of its handles. */
const ROUNDING_PARTS = 10;
const HANDLE_PARTS = 150;

/** The interval that holds both. */
export function union(a: Interval, b: Interval): Interval {
  return [Math.min(a[0], b[0]), Math.max(a[1], b[1])];
}

/** The smallest of 1, 2 and 5 times a power of ten that is at least `length` (above 0). */
function roundStep(length: number): number {
  const power = 10 ** Math.floor(Math.log10(length));
  // A hair's breadth for what division made of a round number.
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= length * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** An interval with round ends that holds another, and is never empty; what is round already stays as it is. */
export function roundedOutwards([low, high]: Interval): Interval {
  const step = roundStep((high - low || 1) / ROUNDING_PARTS);
  const rounded = (value: number) => Number((value * step).toPrecision(12));
  const start = rounded(Math.floor(low / step + 1e-9));
  const end = rounded(Math.ceil(high / step - 1e-9));
  return end > start ? [start, end] : [start, rounded(Math.round(start / step) + 1)];
}

/** By how much a key moves a handle on a scale from end to end. */
export function handleStep([low, high]: Interval): number {
  return Number(roundStep((high - low) / HANDLE_PARTS).toPrecision(12));
}

/**
 * Centres of labels as near to their places as they can stand side by side.
 * @param places where each belongs, in percent of the track
 * @param widths in percent of the track, together 100 at most
 */
export function spreadLabels(places: readonly number[], widths: readonly number[]): number[] {
  const order = places.map((_, i) => i).sort((a, b) => places[a] - places[b] || a - b);
  const rightwards = (centres: number[]) => {
    let free = 0;
    for (const i of order) {
      centres[i] = Math.max(centres[i], free + widths[i] / 2);
      free = centres[i] + widths[i] / 2;
    }
    return centres;
  };
  const leftwards = (centres: number[]) => {
    let free = 100;
    for (const i of order.toReversed()) {
      centres[i] = Math.min(centres[i], free - widths[i] / 2);
      free = centres[i] - widths[i] / 2;
    }
    return centres;
  };
  // Pushed apart to the right and to the left: half way between, nothing overlaps either.
  const right = leftwards(rightwards([...places]));
  const left = rightwards(leftwards([...places]));
  return right.map((centre, i) => (centre + left[i]) / 2);
}

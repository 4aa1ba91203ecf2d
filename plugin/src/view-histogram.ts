import type { TileScores } from './tile-scores.ts';

/** Milliseconds between two histograms; nobody sees more of them. */
const PAUSE = 250;

/** Bins of a histogram, from the low to the high end of a scale. */
export const HISTOGRAM_BINS = 64;

/**
 * How often scores of a class occur in tiles, as far as they are known and no background.
 * @param domain ends of the scale, in units of the score; what lies outside is counted at its end
 * @returns one number for each bin, the largest 1; all 0 where nothing is known
 */
export function viewHistogram(
  tiles: readonly TileScores[],
  classIndex: number,
  [low, high]: readonly [number, number],
): number[] {
  const bins = new Array<number>(HISTOGRAM_BINS).fill(0);
  for (const { tile, request } of tiles) {
    const plane = request.planes.indexOf(classIndex);
    if (!tile || plane < 0) continue;
    const { data, classes, rows, columns, one } = tile;
    const size = rows * columns;
    for (let i = 0; i < size; i++) {
      const coverage = data[classes * size + i];
      const background = data[(classes + 1) * size + i];
      const score = data[plane * size + i] / one;
      if (!(coverage > 0) || background >= one || !Number.isFinite(score)) continue;
      const place = high > low ? (score - low) / (high - low) : 0;
      const bin = Math.floor(Math.min(1, Math.max(0, place)) * HISTOGRAM_BINS);
      bins[Math.min(HISTOGRAM_BINS - 1, bin)] += 1;
    }
  }
  const most = Math.max(...bins);
  // The root, so that what is rare can be seen beside what is common.
  return most === 0 ? bins : bins.map((count) => Math.sqrt(count / most));
}

/** Keeps a histogram up to date that is dear to work out. */
export interface HistogramUpdates {
  /** What it depends on has changed. */
  due(): void;
  destroy(): void;
}

/** @param show works out and shows the histogram; called at most four times a second */
export function histogramUpdates(show: () => void): HistogramUpdates {
  let timer = 0;
  return {
    due() {
      timer ||= window.setTimeout(() => {
        timer = 0;
        show();
      }, PAUSE);
    },
    destroy: () => clearTimeout(timer),
  };
}

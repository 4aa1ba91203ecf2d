/** Equal bins of probability from 0 to 1; a value on a border belongs to the upper bin, 1 to the last. */
export const HISTOGRAM_BINS = 20;

/** A classified patch and what it stands for. */
export interface RegionSample {
  /** Probability of each class. */
  values: ArrayLike<number>;
  /** Area of the region that the patch stands for, in square slide pixels; 0 or more. */
  weight: number;
}

/** What a region holds of one class. */
export interface ClassStatistics {
  /** Mean probability, samples weighted by their areas; null where they have none. */
  mean: number | null;
  /** Square slide pixels of the samples where no class is more probable; of equal classes the first has them. */
  leadingArea: number;
  /** Share of the region's area in each of 20 bins of probability; they add up to 1, or are 0 where there is no area. */
  histogram: number[];
}

/** Collects what samples say, one by one. */
export interface RegionStatistics {
  add(sample: RegionSample): void;
  /** Of every class. */
  result(): ClassStatistics[];
}

/**
 * Statistics of every class over the samples of a region, summed in float64 in the order given: the same order gives the
 * same bits. Values beyond 0 and 1, as float32 has them, count in the first and last bin.
 * @param classes their number, as the length of every sample's `values`
 */
export function regionStatistics(classes: number): RegionStatistics {
  const sums = new Float64Array(classes);
  const leading = new Float64Array(classes);
  const histograms = new Float64Array(classes * HISTOGRAM_BINS);
  let area = 0;
  return {
    add({ values, weight }) {
      area += weight;
      let leader = 0;
      for (let c = 0; c < classes; c++) {
        sums[c] += weight * values[c];
        histograms[c * HISTOGRAM_BINS + histogramBin(values[c])] += weight;
        if (values[c] > values[leader]) leader = c;
      }
      leading[leader] += weight;
    },
    result: () =>
      Array.from(sums, (sum, c) => ({
        mean: area > 0 ? sum / area : null,
        leadingArea: leading[c],
        histogram: Array.from(histograms.subarray(c * HISTOGRAM_BINS, (c + 1) * HISTOGRAM_BINS), (weight) =>
          area > 0 ? weight / area : 0,
        ),
      })),
  };
}

function histogramBin(probability: number): number {
  return Math.max(0, Math.min(HISTOGRAM_BINS - 1, Math.floor(probability * HISTOGRAM_BINS)));
}

type Random = () => number;

interface Grid {
  rows: number;
  columns: number;
}

/** How the probability of a class lies over a slide's patches. */
export const FIELDS = ['smooth, near-binary', 'smooth, soft', 'blobs, near-binary', 'blobs, soft'] as const;
export type Field = (typeof FIELDS)[number];

/**
 * One slide's true probability of a class in every patch, row-major, for each prevalence: the rarer ones lie where the more
 * frequent ones do.
 * @param prevalences about the means over the patches, 0 to 1, ascending
 */
export function simulatedTruths(
  field: Field,
  grid: Grid,
  prevalences: readonly number[],
  random: Random,
): Float64Array[] {
  if (field === 'blobs, near-binary' || field === 'blobs, soft') {
    return blobs(grid, prevalences, field === 'blobs, soft', random);
  }
  const values = smoothNoise(grid, random);
  const sorted = values.toSorted();
  return prevalences.map((prevalence) => {
    const border = sorted[Math.floor(values.length * (1 - prevalence))];
    return field === 'smooth, soft'
      ? values.map((value) => Math.min(1, Math.max(0, 0.5 + (value - border) / 2)))
      : values.map((value) => (value > border ? 0.98 : 0.001));
  });
}

/** White noise averaged over squares twice, at a scale of 3 to 15 patches; mean 0 and standard deviation about 1. */
function smoothNoise({ rows, columns }: Grid, random: Random): Float64Array {
  const side = 2 + Math.floor(random() * 7);
  const margin = 2 * side;
  let width = columns + margin;
  let height = rows + margin;
  let values = Float64Array.from({ length: width * height }, () => random() - 0.5);
  for (let pass = 0; pass < 2; pass++) {
    values = transposedSums(values, width, height, side);
    [width, height] = [height, width - side];
    values = transposedSums(values, width, height, side);
    [width, height] = [height, width - side];
  }
  const variance = values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
  return values.map((value) => value / Math.sqrt(variance));
}

/** Sums over `side` values of a row, transposed: shape [width - side, height]. */
function transposedSums(values: Float64Array, width: number, height: number, side: number): Float64Array<ArrayBuffer> {
  const length = width - side;
  const sums = new Float64Array(length * height);
  for (let row = 0; row < height; row++) {
    let sum = 0;
    for (let i = 0; i < width; i++) {
      sum += values[row * width + i];
      if (i >= side) {
        sum -= values[row * width + i - side];
        sums[(i - side) * height + row] = sum;
      }
    }
  }
  return sums;
}

/** Discs, from single patches to 10 across, until the mean is the prevalence; soft ones fade outwards from less than 1. */
function blobs({ rows, columns }: Grid, prevalences: readonly number[], isSoft: boolean, random: Random) {
  const values = new Float64Array(rows * columns);
  const largest = 0.5 * 10 ** random();
  let sum = 0;
  return prevalences.map((prevalence) => {
    while (sum < prevalence * values.length) {
      const left = prevalence * values.length - sum;
      const radius = Math.min(0.4 + random() * largest, 0.3 + Math.sqrt(left / Math.PI));
      const peak = isSoft ? 0.3 + 0.7 * random() : 1;
      const [y, x] = [random() * rows - 0.5, random() * columns - 0.5];
      for (let row = Math.max(0, Math.ceil(y - radius)); row <= Math.min(rows - 1, y + radius); row++) {
        for (let column = Math.max(0, Math.ceil(x - radius)); column <= Math.min(columns - 1, x + radius); column++) {
          const distance = Math.hypot(row - y, column - x) / radius;
          const value = distance > 1 ? 0 : isSoft ? peak * (1 - 0.7 * distance) : 1;
          const index = row * columns + column;
          if (value > values[index]) {
            sum += value - values[index];
            values[index] = value;
          }
        }
      }
    }
    return values.slice();
  });
}

/**
 * Otsu's threshold ("A threshold selection method from gray-level histograms", IEEE Transactions on Systems, Man, and
 * Cybernetics 9, 1979): where a histogram falls into two classes with the largest variance between them. Of equal ones, as
 * over a gap between two peaks, it is the middle.
 * @param histogram counts of the values 0, 1, 2, ...
 * @returns the smallest value of the upper class; 0, so that nothing is below it, where all values are the same or there
 * are none
 */
export function otsuThreshold(histogram: ArrayLike<number>): number {
  let total = 0;
  let sum = 0;
  for (let value = 0; value < histogram.length; value++) {
    total += histogram[value];
    sum += value * histogram[value];
  }
  let largest = 0;
  let first = 0;
  let last = 0;
  let below = 0;
  let sumBelow = 0;
  for (let threshold = 1; threshold < histogram.length; threshold++) {
    below += histogram[threshold - 1];
    sumBelow += (threshold - 1) * histogram[threshold - 1];
    if (below === 0 || below === total) continue;
    const difference = sumBelow / below - (sum - sumBelow) / (total - below);
    const variance = below * (total - below) * difference ** 2;
    if (variance > largest) first = threshold;
    if (variance >= largest) last = threshold;
    largest = Math.max(largest, variance);
  }
  return Math.floor((first + last) / 2);
}

/** Quantile q (0 to 1) by linear interpolation between the sorted values. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = q * (sorted.length - 1);
  const low = Math.floor(position);
  const high = Math.min(sorted.length - 1, low + 1);
  return sorted[low] + (sorted[high] - sorted[low]) * (position - low);
}

/** `median (minimum to maximum)`. */
export function spread(values: readonly number[], digits: number): string {
  const [low, median, high] = [0, 0.5, 1].map((q) => quantile(values, q).toFixed(digits));
  return `${median} (${low} to ${high})`;
}

import type { Breakdown, ClassShare } from '../../../shared/heatmap-descriptor.ts';

/** A share, 0 to 1, as a percentage: one decimal below 10, none above. */
export function percentage(share: number): string {
  const percent = 100 * share;
  return `${percent < 9.95 && percent > 0 ? percent.toFixed(1) : percent.toFixed(0)} %`;
}

/** Half the width of the 95 % interval in percent, e.g. `± 3`; empty where there is none, or it is exact. */
export function interval({ low, high }: ClassShare): string {
  if (low === null || high === null || high === low) return '';
  const half = 50 * (high - low);
  return `± ${half < 0.95 ? half.toFixed(1) : half.toFixed(0)}`;
}

/** How much has been analysed, in words. */
export function analysed({ patches: { known, total }, exact }: Breakdown): string {
  if (total === 0) return 'no patches';
  if (exact) return 'all analysed';
  return `${percentage(known / total)} analysed`;
}

/** A score in as many digits as can be told apart on a scale of this extent. */
export function scoreText(score: number, extent: number): string {
  return score.toFixed(extent < 10 ? 2 : extent < 100 ? 1 : 0);
}

/** Shares nearer than this keep their order. */
const STEADY = 0.02;

/**
 * Class indices by share, largest first, changed no more than needed from the order before: a row passes its neighbour
 * only when it is clearly ahead, so that rows do not jump while the numbers settle.
 */
export function steadyOrder(before: readonly number[], shares: readonly (number | null)[], first: boolean): number[] {
  const order = [...before];
  const share = (index: number) => shares[index] ?? 0;
  if (first) return order.sort((a, b) => share(b) - share(a) || a - b);
  for (let i = 1; i < order.length; i++) {
    for (let j = i; j > 0 && share(order[j]) - share(order[j - 1]) > STEADY; j--) {
      [order[j - 1], order[j]] = [order[j], order[j - 1]];
    }
  }
  return order;
}

import type { Breakdown, ClassShare, HeatmapDescriptor } from '../../../shared/heatmap-descriptor.ts';
import { isShare } from '../shown.ts';
import { numberText, say } from '../strings.ts';

/** A share, 0 to 1, as a percentage: one decimal below 10, none above. */
export function percentage(share: number): string {
  const percent = 100 * share;
  return say('Percent', numberText(percent, percent < 9.95 && percent > 0 ? 1 : 0));
}

/** Half the width of the 95 % interval in percent, e.g. `± 3`; empty where there is none, or it is exact. */
export function interval({ low, high }: ClassShare): string {
  if (low === null || high === null || high === low) return '';
  const half = 50 * (high - low);
  return `± ${numberText(half, half < 0.95 ? 1 : 0)}`;
}

/** How much has been analysed, in words. */
export function analysed({ patches: { known, total }, exact }: Breakdown): string {
  if (total === 0) return say('NoPatches');
  if (exact) return say('AllAnalysed');
  return say('Analysed', percentage(known / total));
}

/** How long until the view is sharp, in words; empty where that is not known, or hardly worth a word. */
export function timeLeft(seconds: number | null): string {
  return seconds === null || seconds < 2 ? '' : say('SharpIn', duration(seconds));
}

/** How long something takes, in words: `3 min`. */
export function duration(seconds: number): string {
  if (seconds < 90) return say('Seconds', Math.max(1, Math.ceil(seconds)));
  return seconds < 5400 ? say('Minutes', Math.round(seconds / 60)) : say('Hours', Math.round(seconds / 3600));
}

/** A score in as many digits as can be told apart on a scale of this extent. */
export function scoreText(score: number, extent: number): string {
  return numberText(score, extent < 10 ? 2 : extent < 100 ? 1 : 0);
}

/** Class indices by share, largest first; those whose shares read alike keep their order before. */
export function orderByShare(
  before: readonly number[],
  shares: readonly (number | null)[],
  text: (share: number) => string,
): number[] {
  const share = (index: number) => shares[index] ?? 0;
  return [...before].sort((a, b) => (text(share(a)) === text(share(b)) ? 0 : share(b) - share(a)));
}

/** What the class list's numbers are, before the name of what they are of: 'slide', 'view'. */
export function shareHeading(descriptor: HeatmapDescriptor): string {
  const areShares = isShare('patch', descriptor);
  if (descriptor.options.background === null) return say(areShares ? 'MeanProbability' : 'MeanScore');
  return say(areShares ? 'TissueProbability' : 'TissueScore');
}

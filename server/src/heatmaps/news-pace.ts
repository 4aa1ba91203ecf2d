/** When the next news of a view may be told, in milliseconds of any clock. */
export interface NewsPace {
  told(now: number): void;
  /** @param state `ended` where all that the view wanted is known, `ends soon` within a second, about */
  earliest(state: 'ended' | 'ends soon' | 'goes on'): number;
}

/** Milliseconds between two news. */
export const NEWS_PAUSE = 250;

/** Milliseconds before the first ones, closer so that something is seen soon. */
const FIRST_PAUSES = [5, 145, 350, 500];

/** News in any second. */
const MOST = 4;
const SECOND = 1000;

/**
 * Paces news so that no second ever has more than four. What ends soon leaves room for the last one, which nobody who waits
 * for a sharp picture should have to wait for.
 */
export function createNewsPace(): NewsPace {
  const times: number[] = [];
  let news = 0;
  return {
    told(now) {
      news++;
      times.push(now);
      if (times.length > MOST) times.shift();
    },
    earliest(state) {
      const last = times.at(-1) ?? Number.NEGATIVE_INFINITY;
      const pause = state === 'ended' ? 0 : (FIRST_PAUSES[news - 1] ?? NEWS_PAUSE);
      const most = state === 'ends soon' ? MOST - 1 : MOST;
      return Math.max(last + pause, (times.at(-most) ?? Number.NEGATIVE_INFINITY) + SECOND);
    },
  };
}

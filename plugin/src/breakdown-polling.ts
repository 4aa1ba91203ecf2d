import type { Breakdown } from '../../shared/heatmap-descriptor.ts';

const SHORTEST_PAUSE = 1000;
const LONGEST_PAUSE = 15_000;
/** Of a server that refuses or does not answer. */
const LONGEST_FAILING_PAUSE = 4000;

export interface BreakdownPolling {
  /** Asks anew, now: what the breakdown is of, or what is known, has changed. */
  restart(): void;
  /** Something was computed: asks again after the shortest pause. */
  hurry(): void;
  destroy(): void;
}

/** Asks for the breakdown until it is exact: at most once a second, less often while nothing changes, never on a hidden page. */
export function breakdownPolling(
  fetchBreakdown: (signal: AbortSignal) => Promise<Breakdown>,
  onBreakdown: (breakdown: Breakdown) => void,
  onError: (error: Error) => void,
): BreakdownPolling {
  let controller: AbortController | undefined;
  let timer = 0;
  let pause = SHORTEST_PAUSE;
  let known = -1;
  let exact = false;
  let failing = false;
  let lastAsked = Number.NEGATIVE_INFINITY;
  let destroyed = false;

  const schedule = (delay: number) => {
    clearTimeout(timer);
    if (!destroyed && !exact && !document.hidden) timer = window.setTimeout(ask, delay);
  };

  const ask = async () => {
    const mine = new AbortController();
    controller?.abort();
    controller = mine;
    lastAsked = performance.now();
    try {
      const breakdown = await fetchBreakdown(mine.signal);
      if (mine.signal.aborted) return;
      pause = breakdown.patches.known === known ? Math.min(LONGEST_PAUSE, pause * 2) : SHORTEST_PAUSE;
      known = breakdown.patches.known;
      exact = breakdown.exact;
      failing = false;
      onBreakdown(breakdown);
    } catch (error) {
      if (mine.signal.aborted) return;
      pause = Math.min(LONGEST_FAILING_PAUSE, pause * 2);
      if (!failing) onError(error instanceof Error ? error : new Error(String(error)));
      failing = true;
    }
    controller = undefined;
    schedule(pause);
  };

  const soon = () => schedule(Math.max(0, lastAsked + SHORTEST_PAUSE - performance.now()));
  const onVisibility = () => {
    if (!document.hidden && !controller) soon();
  };
  document.addEventListener('visibilitychange', onVisibility);

  return {
    restart() {
      exact = false;
      known = -1;
      pause = SHORTEST_PAUSE;
      controller?.abort();
      controller = undefined;
      soon();
    },
    hurry() {
      pause = SHORTEST_PAUSE;
      if (!controller) soon();
    },
    destroy() {
      destroyed = true;
      clearTimeout(timer);
      controller?.abort();
      document.removeEventListener('visibilitychange', onVisibility);
    },
  };
}

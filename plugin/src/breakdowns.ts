import type { Breakdown } from '../../shared/heatmap-descriptor.ts';
import { pauseAfter } from './pauses.ts';
import { isUnanswered } from './request-error.ts';

/** Milliseconds between two tries for one that was not answered. */
const LONGEST_PAUSE = 4000;

/** Milliseconds between two questions for a region of which the server tells nothing unasked. */
const REGION_PAUSE = 1000;

export type Scope = 'view' | 'slide' | 'region';

/** The latest breakdown of the view, the slide and the drawn region, of which one is shown. */
export interface Breakdowns {
  /** Shows those of another scope. */
  choose(scope: Scope): void;
  /** The server has told one. */
  told(scope: Scope, breakdown: Breakdown): void;
  /** The view is another one. */
  moved(): void;
  /** There is nothing by which the server tells them. */
  untold(): void;
  /** Asks where the server does not tell. */
  refresh(): void;
  /** The region is another one. */
  regionChanged(): void;
  destroy(): void;
}

/** Keeps what the server tells; where it tells nothing, asks once for what is to be shown. */
export function breakdowns(host: {
  fetch(scope: Scope, signal: AbortSignal): Promise<Breakdown>;
  /** Whether to ask: somebody wants to see them, and the server does not tell. */
  isAsking(scope: Scope): boolean;
  /** Undefined where those of what is chosen are not known. */
  show(breakdown: Breakdown | undefined): void;
  succeeded(): void;
  failed(scope: Scope, error: unknown): void;
}): Breakdowns {
  let asked = 0;
  const latest: Partial<Record<Scope, Breakdown>> = {};
  let chosen: Scope = 'slide';
  let controller: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const stop = () => {
    clearTimeout(timer);
    controller?.abort();
    controller = undefined;
  };

  const take = (scope: Scope, breakdown: Breakdown) => {
    latest[scope] = breakdown;
    if (scope === chosen) host.show(breakdown);
  };

  const ask = async (failures = 0) => {
    stop();
    if (!host.isAsking(chosen)) return;
    const mine = new AbortController();
    controller = mine;
    const scope = chosen;
    asked = performance.now();
    try {
      const breakdown = await host.fetch(scope, mine.signal);
      if (mine.signal.aborted) return;
      host.succeeded();
      take(scope, breakdown);
    } catch (error) {
      if (mine.signal.aborted) return;
      if (isUnanswered(error)) timer = setTimeout(ask, pauseAfter(failures, LONGEST_PAUSE), failures + 1);
      host.failed(scope, error);
    }
  };

  return {
    choose: (scope) => {
      chosen = scope;
      host.show(latest[scope]);
      void ask();
    },
    told: (scope, breakdown) => {
      if (scope === chosen) stop();
      take(scope, breakdown);
      // More is known of the slide.
      if (
        scope === 'slide' &&
        chosen === 'region' &&
        !latest.region?.exact &&
        performance.now() - asked > REGION_PAUSE
      ) {
        void ask();
      }
    },
    moved: () => {
      if (chosen === 'view') void ask();
    },
    untold: () => {
      if (!latest[chosen] && !controller) void ask();
    },
    refresh: () => void ask(),
    regionChanged: () => {
      delete latest.region;
      if (chosen !== 'region') return;
      host.show(undefined);
      void ask();
    },
    destroy: stop,
  };
}

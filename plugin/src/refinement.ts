import type { ScoreTile } from '../../shared/painting/style.ts';
import type { FetchedTile } from './heatmap-client.ts';
import { satisfies, type TileRequest } from './tile-request.ts';
import type { TileScores } from './tile-scores.ts';

/** Seconds that the server may hold a request for better scores. */
const WAIT = 5;
/** Requests held by the server at a time, of all overlays of the page: a browser has six connections, and the slide needs them. */
const MOST_WAITING = 2;
/** Requests at a time that the server answers at once. */
const MOST_QUICK = 4;
const SHORTEST_PAUSE = 500;
const LONGEST_PAUSE = 30_000;
/** Milliseconds between two requests for a tile whose estimates may have become better. */
const REFRESH_PAUSE = 3000;

/** Overlays that want one of the page's waiting requests. */
const pumps = new Set<() => void>();
let waiting = 0;

export interface RefinementHost<T> {
  /** Tiles on screen now, those nearest to the centre first. */
  visible(): T[];
  scoresOf(tile: T): TileScores | undefined;
  wanted(): TileRequest;
  fetch(tile: T, scores: TileScores, request: TileRequest, wait: number, signal: AbortSignal): Promise<FetchedTile>;
  improved(): void;
  failed(error: Error): void;
}

export interface Refinement {
  /** Starts what is due; to be called whenever the view, the scores or what is wanted have changed. */
  pump(): void;
  /** More patches are known now: estimated values on screen, or to come there, are asked for again. */
  grown(): void;
  /** The server answers again: what failed is asked for without waiting. */
  retry(): void;
  /** Tiles on screen whose scores are not yet what they will be. */
  pending(): number;
  destroy(): void;
}

/** Milliseconds before a fruitless request is repeated. */
export function pauseAfter(fruitless: number): number {
  return Math.min(LONGEST_PAUSE, SHORTEST_PAUSE * 2 ** fruitless);
}

/**
 * Asks again for tiles on screen that lack patches, failed, were got for other classes or another score, or hold
 * estimates older than what is known, and puts better scores into their place. Off screen nothing is asked for, and what was is dropped.
 */
export function refinement<T>(host: RefinementHost<T>): Refinement {
  const running = new Map<T, { controller: AbortController; shares: boolean }>();
  let grownAt = Number.NEGATIVE_INFINITY;
  let timer = 0;
  let destroyed = false;

  /** @param shares whether it takes one of the page's waiting requests */
  const start = (tile: T, scores: TileScores, wait: number, shares: boolean) => {
    const controller = new AbortController();
    const request = host.wanted();
    const askedAt = performance.now();
    running.set(tile, { controller, shares });
    if (shares) waiting++;
    const signal = AbortSignal.any([controller.signal, AbortSignal.timeout((wait + 20) * 1000)]);
    host
      .fetch(tile, scores, request, wait, signal)
      .then((fetched) => take(scores, request, askedAt, fetched))
      .catch((error: unknown) => {
        if (controller.signal.aborted) return;
        const known = scores.fruitless > 0;
        pause(scores);
        // Told once for each tile, until it succeeds.
        if (!known) host.failed(error instanceof Error ? error : new Error(String(error)));
      })
      .finally(() => {
        running.delete(tile);
        if (shares) waiting--;
        for (const other of pumps) other();
      });
  };

  const take = (scores: TileScores, request: TileRequest, askedAt: number, fetched: FetchedTile) => {
    if (destroyed) return;
    const { tile, missing } = fetched;
    const refreshed = missing === 0 && scores.missing === 0;
    const better =
      scores.stale ||
      !scores.tile ||
      missing < scores.missing ||
      !satisfies(scores.request, request) ||
      (refreshed && !hasEqualValues(tile, scores.tile));
    scores.stale = false;
    scores.askedAt = askedAt;
    if (!better && !refreshed) return pause(scores);
    Object.assign(scores, { fruitless: 0, notBefore: 0 });
    if (!better) return;
    Object.assign(scores, { ...fetched, request, painted: -1 });
    host.improved();
  };

  const pause = (scores: TileScores) => {
    scores.notBefore = performance.now() + pauseAfter(scores.fruitless);
    scores.fruitless++;
  };

  /** Neither there nor on its way as it is wanted: to be asked for at once, without waiting for patches. */
  const isWrong = (scores: TileScores) =>
    scores.stale || scores.tile === undefined || !satisfies(scores.request, host.wanted());

  const isOutdated = (scores: TileScores) => scores.missing === 0 && !scores.exact && scores.askedAt < grownAt;

  const pump = () => {
    clearTimeout(timer);
    if (destroyed) return;
    const visible = document.hidden ? [] : host.visible();
    const onScreen = new Set(visible);
    for (const [tile, { controller }] of running) if (!onScreen.has(tile)) controller.abort();

    let quick = 0;
    for (const { shares } of running.values()) if (!shares) quick++;
    let next = Number.POSITIVE_INFINITY;
    for (const tile of visible) {
      const scores = host.scoresOf(tile);
      if (!scores || running.has(tile)) continue;
      const wrong = isWrong(scores);
      const outdated = !wrong && isOutdated(scores);
      if (!wrong && !outdated && scores.missing === 0) continue;
      const due = outdated ? Math.max(scores.notBefore, scores.askedAt + REFRESH_PAUSE) : scores.notBefore;
      if (due > performance.now()) {
        next = Math.min(next, due);
      } else if (wrong && quick < MOST_QUICK) {
        quick++;
        start(tile, scores, 0, false);
      } else if (!wrong && waiting < MOST_WAITING) {
        start(tile, scores, outdated ? 0 : WAIT, true);
      }
    }
    if (next < Number.POSITIVE_INFINITY) timer = window.setTimeout(pump, next - performance.now() + 1);
  };

  pumps.add(pump);
  document.addEventListener('visibilitychange', pump);
  return {
    pump,
    grown: () => {
      grownAt = performance.now();
      pump();
    },
    retry: () => {
      for (const tile of host.visible()) {
        const scores = host.scoresOf(tile);
        if (scores) scores.notBefore = 0;
      }
      pump();
    },
    pending: () =>
      host.visible().filter((tile) => {
        const scores = host.scoresOf(tile);
        return !scores || isWrong(scores) || scores.missing > 0;
      }).length,
    destroy() {
      destroyed = true;
      clearTimeout(timer);
      pumps.delete(pump);
      document.removeEventListener('visibilitychange', pump);
      for (const { controller } of running.values()) controller.abort();
    },
  };
}

function hasEqualValues({ data }: ScoreTile, other: ScoreTile): boolean {
  return data.length === other.data.length && data.every((value, i) => value === other.data[i]);
}

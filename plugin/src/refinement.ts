import type { TileAddress } from '../../shared/geometry/deep-zoom.ts';
import type { TileRevision } from '../../shared/view-events.ts';
import type { FetchedTile } from './heatmap-client.ts';
import { pauseAfter } from './pauses.ts';
import { satisfies, type TileRequest } from './tile-request.ts';
import type { TileScores } from './tile-scores.ts';

/** Milliseconds after which a request counts as failed. */
const TIMEOUT = 20_000;

export interface RefinementHost<T> {
  /** Tiles on screen now, those nearest to the centre first. */
  visible(): T[];
  scoresOf(tile: T): TileScores | undefined;
  wanted(): TileRequest;
  /** Requests at a time. */
  most(): number;
  fetch(tile: T, scores: TileScores, request: TileRequest, signal: AbortSignal): Promise<FetchedTile>;
  improved(): void;
  failed(error: unknown): void;
}

export interface Refinement {
  /** Starts what is due; to be called whenever the view, the scores or what is wanted have changed. */
  pump(): void;
  /** What the server has of tiles in view. */
  announce(tiles: readonly TileRevision[]): void;
  /** What was announced is announced anew. */
  forget(): void;
  /** The server answers again: what failed is asked for without waiting. */
  retry(): void;
  /** Tiles on screen whose scores are not yet what they will be. */
  pending(): number;
  destroy(): void;
}

/**
 * Asks again for tiles on screen that failed, were got for other classes or another score, or of which the server has
 * announced another revision, and puts the new scores into their place. Off screen nothing is asked for, and what was is dropped.
 */
export function refinement<T>(host: RefinementHost<T>): Refinement {
  const running = new Map<T, AbortController>();
  /** Revisions by address: of tiles that are still to be loaded, too. */
  const announced = new Map<string, number>();
  let timer = 0;
  let destroyed = false;

  const start = (tile: T, scores: TileScores) => {
    const controller = new AbortController();
    const request = host.wanted();
    const told = announced.get(keyOf(scores.address));
    running.set(tile, controller);
    host
      .fetch(tile, scores, request, AbortSignal.any([controller.signal, AbortSignal.timeout(TIMEOUT)]))
      .then((fetched) => take(scores, request, told, fetched))
      .catch((error: unknown) => {
        if (controller.signal.aborted) return;
        const known = scores.fruitless > 0;
        pause(scores);
        // Told once for each tile, until it succeeds.
        if (!known) host.failed(error);
      })
      .finally(() => {
        running.delete(tile);
        pump();
      });
  };

  /** @param told the revision that was announced when it was asked for */
  const take = (scores: TileScores, request: TileRequest, told: number | undefined, fetched: FetchedTile) => {
    if (destroyed) return;
    // A proxy may keep the header back: it is not to be asked for for ever.
    const revision = fetched.revision ?? told;
    Object.assign(scores, { ...fetched, revision, request, stale: false, painted: -1 });
    if (revision === undefined || told === undefined || revision >= told) {
      Object.assign(scores, { fruitless: 0, notBefore: 0 });
    } else {
      pause(scores);
    }
    const key = keyOf(scores.address);
    const newest = announced.get(key);
    // Better than what is announced so far, whose announcement is still to come.
    if (newest !== undefined && revision !== undefined && revision > newest) announced.set(key, revision);
    host.improved();
  };

  const pause = (scores: TileScores) => {
    scores.notBefore = performance.now() + pauseAfter(scores.fruitless);
    scores.fruitless++;
  };

  /** Neither there nor on its way as it is wanted. */
  const isOutdated = (scores: TileScores) => {
    if (scores.stale || scores.tile === undefined || !satisfies(scores.request, host.wanted())) return true;
    const revision = announced.get(keyOf(scores.address));
    return revision !== undefined && revision !== scores.revision;
  };

  const pump = () => {
    clearTimeout(timer);
    if (destroyed) return;
    const visible = document.hidden ? [] : host.visible();
    const onScreen = new Set(visible);
    for (const [tile, controller] of running) if (!onScreen.has(tile)) controller.abort();

    let next = Number.POSITIVE_INFINITY;
    for (const tile of visible) {
      const scores = host.scoresOf(tile);
      if (!scores || running.has(tile) || !isOutdated(scores)) continue;
      if (scores.notBefore > performance.now()) next = Math.min(next, scores.notBefore);
      else if (running.size < host.most()) start(tile, scores);
    }
    if (next < Number.POSITIVE_INFINITY) timer = window.setTimeout(pump, next - performance.now() + 1);
  };

  document.addEventListener('visibilitychange', pump);
  return {
    pump,
    announce: (tiles) => {
      for (const tile of tiles) announced.set(keyOf(tile), tile.revision);
      pump();
    },
    forget: () => announced.clear(),
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
        return !scores || isOutdated(scores) || scores.missing > 0;
      }).length,
    destroy() {
      destroyed = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', pump);
      for (const controller of running.values()) controller.abort();
    },
  };
}

function keyOf({ level, column, row }: TileAddress): string {
  return `${level}/${column}_${row}`;
}

import type { Rectangle, TileAddress } from '../../../shared/geometry/deep-zoom.ts';
import type { Score } from '../../../shared/heatmap-descriptor.ts';
import type { ViewEvents } from '../../../shared/view-events.ts';
import { Problem } from '../errors.ts';
import type { Analyses } from './analysis.ts';
import { regionBreakdown, slideBreakdown } from './breakdown.ts';
import type { Heatmap } from './heatmap.ts';
import type { Scheduler } from './scheduler.ts';
import { tileRevision, tilesInView, viewOrder } from './view.ts';

/** Milliseconds between two looks at what has become better. */
const PAUSE = 250;

/** Milliseconds before the first ones, closer so that something is seen soon: no second ever has more than four. */
const FIRST_PAUSES = [5, 145, 350, 500];

/** The breakdown of a large view takes a while: no more than this share of the time goes into it. */
const BREAKDOWN_SHARE = 0.1;

export interface ViewOfHeatmap {
  /** The heatmap of the level in view. */
  heatmap: Heatmap;
  /** Slide pixels. */
  region: Rectangle;
  level: number;
  score: Score;
}

export type SendEvent = <Name extends keyof ViewEvents>(name: Name, data: ViewEvents[Name]) => void;

/**
 * Has the patches of one view classified, and tells which of its tiles have become better, by whomever, until the signal
 * is aborted: first all of them as they are. Nothing is told while `isReady` says that the client does not keep up.
 * @param number the view's position in its request
 * @throws Problem `bad-parameter` for a region of more tiles than a screen shows
 */
export async function followView(
  number: number,
  { heatmap, region, level, score }: ViewOfHeatmap,
  { scheduler, analyses, client }: { scheduler: Scheduler; analyses: Analyses; client: string },
  { send, isReady, signal }: { send: SendEvent; isReady(): boolean; signal: AbortSignal },
): Promise<void> {
  const tiles = tilesInView(heatmap, region, level);
  const revisions = new Map<TileAddress, number>();
  const breakdowns = breakdownSender(number, heatmap, region, send);
  let told = -1;
  let toldState = '';
  let last = 0;
  let news = 0;

  const tell = () => {
    const state = analyses.state(heatmap);
    const { known } = heatmap.values.known;
    // A patch that was lost and classified anew changes nothing that was told.
    if (!isReady() || (known === told && state.state === toldState)) return;
    last = performance.now();
    news++;
    const better = tiles
      .map((tile) => ({ tile, found: tileRevision(heatmap, tile, score) }))
      .filter(({ tile, found }) => revisions.get(tile) !== found.revision);
    for (const { tile, found } of better) revisions.set(tile, found.revision);
    if (better.length > 0) send('tiles', { view: number, tiles: better.map(({ found }) => found) });
    const missing = viewOrder(heatmap, tiles, region, score).length;
    const { patchesPerSecond } = state;
    send('progress', {
      view: number,
      patches: state.patches,
      missing,
      patchesPerSecond,
      secondsLeft: patchesPerSecond === null ? null : missing / patchesPerSecond,
      analysis: state,
    });
    breakdowns.changed();
    told = known;
    toldState = state.state;
  };

  let next: NodeJS.Timeout | undefined;
  const tellSoon = () => {
    if (signal.aborted) return;
    next ??= setTimeout(
      () => {
        next = undefined;
        tell();
      },
      Math.max(0, last + (FIRST_PAUSES[news - 1] ?? PAUSE) - performance.now()),
    );
  };

  tell();
  const timer = setInterval(tellSoon, PAUSE);
  const end = () => {
    clearInterval(timer);
    clearTimeout(next);
    breakdowns.end();
  };
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  const wanted = viewOrder(heatmap, tiles, region, score);
  try {
    await scheduler.classify(heatmap, wanted, {
      priority: 'view',
      client,
      signal,
      onProgress: tellSoon,
    });
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof Problem)) throw error;
    send('error', { view: number, error: { code: error.code, message: error.message } });
  }
  tellSoon();
}

/** Sends the breakdown of slide and view after changes, one at a time and with pauses that grow with the view. */
function breakdownSender(view: number, heatmap: Heatmap, region: Rectangle, send: SendEvent) {
  const { width, height } = heatmap.slide;
  const isWhole =
    region.x <= 0 && region.y <= 0 && region.x + region.width >= width && region.y + region.height >= height;
  let timer: NodeJS.Timeout | undefined;
  let busy = false;
  let again = false;
  let ended = false;

  const tellView = async () => {
    busy = true;
    const start = performance.now();
    try {
      const { statistics: _, ...breakdown } = isWhole
        ? { ...slideBreakdown(heatmap), statistics: undefined }
        : await regionBreakdown(heatmap, region);
      if (!ended) send('breakdown', { view, scope: 'view', ...breakdown });
    } finally {
      const pause = Math.max(PAUSE, (performance.now() - start) / BREAKDOWN_SHARE);
      if (!ended) {
        timer = setTimeout(() => {
          busy = false;
          if (!again) return;
          again = false;
          void tellView();
        }, pause);
      }
    }
  };

  return {
    changed() {
      if (ended) return;
      send('breakdown', { view, scope: 'slide', ...slideBreakdown(heatmap) });
      if (busy) again = true;
      else void tellView();
    },
    end() {
      ended = true;
      clearTimeout(timer);
    },
  };
}

import type { Rectangle, TileAddress } from '../../../shared/geometry/deep-zoom.ts';
import type { Score } from '../../../shared/heatmap-descriptor.ts';
import type { ViewEvents } from '../../../shared/view-events.ts';
import { Problem } from '../errors.ts';
import type { Analyses } from './analysis.ts';
import { regionBreakdown, slideBreakdown } from './breakdown.ts';
import type { Heatmap } from './heatmap.ts';
import { createNewsPace, NEWS_PAUSE } from './news-pace.ts';
import type { Scheduler } from './scheduler.ts';
import { missingInView, tileRevision, tilesInView, viewOrder } from './view.ts';

/** Seconds that a view takes at most where its end is near. */
const SOON = 1;

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
  const pace = createNewsPace();
  let told = -1;
  let toldState = '';
  let progress: 'ended' | 'ends soon' | 'goes on' = 'goes on';

  const tell = () => {
    const state = analyses.state(heatmap);
    const { known } = heatmap.values.known;
    // A patch that was lost and classified anew changes nothing that was told.
    if (!isReady() || (known === told && state.state === toldState)) return;
    pace.told(performance.now());
    const better = tiles
      .map((tile) => ({ tile, found: tileRevision(heatmap, tile, score) }))
      .filter(({ tile, found }) => revisions.get(tile) !== found.revision);
    for (const { tile, found } of better) revisions.set(tile, found.revision);
    if (better.length > 0) send('tiles', { view: number, tiles: better.map(({ found }) => found) });
    const missing = missingInView(heatmap, tiles, score).size;
    const { patchesPerSecond } = state;
    const secondsLeft = patchesPerSecond === null ? null : missing / patchesPerSecond;
    progress = missing > 0 && (secondsLeft ?? 0) < SOON ? 'ends soon' : 'goes on';
    send('progress', {
      view: number,
      patches: state.patches,
      missing,
      patchesPerSecond,
      secondsLeft,
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
      Math.max(0, pace.earliest(progress) - performance.now()),
    );
  };
  const tellEnd = () => {
    progress = 'ended';
    clearTimeout(next);
    next = undefined;
    tellSoon();
  };

  // The first patches are on their way while what is known is told.
  const classified = scheduler.classify(heatmap, viewOrder(heatmap, tiles, region, score), {
    priority: 'view',
    client,
    signal,
    onProgress: tellSoon,
  });
  tell();
  const timer = setInterval(tellSoon, NEWS_PAUSE);
  const end = () => {
    clearInterval(timer);
    clearTimeout(next);
    breakdowns.end();
  };
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  try {
    await classified;
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof Problem)) throw error;
    send('error', { view: number, error: { code: error.code, message: error.message } });
  }
  tellEnd();
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
      const pause = Math.max(NEWS_PAUSE, (performance.now() - start) / BREAKDOWN_SHARE);
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

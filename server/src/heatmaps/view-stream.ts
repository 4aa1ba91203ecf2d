import { setTimeout as pause } from 'node:timers/promises';
import type { Rectangle, TileAddress } from '../../../shared/geometry/deep-zoom.ts';
import type { Breakdown, Score } from '../../../shared/heatmap-descriptor.ts';
import type { ViewEvents } from '../../../shared/view-events.ts';
import { Problem } from '../errors.ts';
import { type Analyses, countPatches } from './analysis.ts';
import { regionBreakdown, slideBreakdown } from './breakdown.ts';
import type { Heatmap } from './heatmap.ts';
import { createNewsPace, NEWS_PAUSE } from './news-pace.ts';
import { holdHeatmap } from './opened-heatmaps.ts';
import type { Scheduler } from './scheduler.ts';
import { topClasses } from './shown-classes.ts';
import { missingInView, tileRevision, tilesInView, viewOrder } from './view.ts';
import type { WishOptions } from './wishes.ts';

/** Seconds that a view takes at most where its end is near. */
const SOON = 1;

/** Milliseconds between two looks at whether anything is missing again. */
const AGAIN_PAUSE = 2000;

/** The breakdown of a large view takes a while: no more than this share of the time goes into it. */
const BREAKDOWN_SHARE = 0.1;

export interface ViewOfHeatmap {
  /** The heatmap of the level in view. */
  heatmap: Heatmap;
  /** Slide pixels. */
  region: Rectangle;
  level: number;
  score: Score;
  /** Whether the order of the classes is wanted. */
  classOrder: boolean;
}

export interface ViewParts {
  scheduler: Scheduler;
  analyses: Analyses;
  /** Who looks. */
  client: string;
  /** Makes a message fit for clients. */
  tell(message: string): string;
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
  { heatmap, region, level, score, classOrder }: ViewOfHeatmap,
  { scheduler, analyses, client, tell: tellClients }: ViewParts,
  { send, isReady, signal }: { send: SendEvent; isReady(): boolean; signal: AbortSignal },
): Promise<void> {
  const tiles = tilesInView(heatmap, region, level);
  const revisions = new Map<TileAddress, number>();
  const sendError = (error: unknown) => {
    const { code, message } = error instanceof Problem ? error : { code: 'failed', message: String(error) };
    send('error', { view: number, error: { code, message: tellClients(message) } });
  };
  const release = holdHeatmap(heatmap);
  const breakdowns = breakdownSender(number, heatmap, region, { send, sendError, signal });
  const pace = createNewsPace();
  let told = -1;
  let toldState = '';
  let progress: 'ended' | 'ends soon' | 'goes on' = 'goes on';

  const tell = () => {
    const { error, ...rest } = analyses.state(heatmap);
    const state = error === undefined ? rest : { ...rest, error: tellClients(error) };
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
      patches: countPatches(heatmap),
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

  const wish: WishOptions = { priority: 'view', client, signal, onProgress: tellSoon };
  let isOrderDue = classOrder;
  const tellOrder = async () => {
    if (!isOrderDue) return;
    const count = heatmap.model.classes.length;
    // By turns with the view's own: however many those are, it does not wait for all of them.
    const order = await topClasses(heatmap, scheduler, count, { ...wish, client: `${client}, order of classes` });
    if (!order || signal.aborted) return;
    isOrderDue = false;
    send('classOrder', { view: number, classOrder: order });
  };

  /** Has what is missing classified; false where some of it cannot be read or is gone, which asking again does not mend. */
  const classify = async (): Promise<boolean> => {
    const wanted = viewOrder(heatmap, tiles, region, score);
    try {
      await Promise.all([wanted.length > 0 && scheduler.classify(heatmap, wanted, wish), tellOrder()]);
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      if (!(error instanceof Problem)) throw error;
      sendError(error);
      return error.code !== 'unreadable-slide' && error.code !== 'not-found';
    }
  };

  // The first patches are on their way while what is known is told.
  const classified = classify();
  tell();
  const timer = setInterval(tellSoon, NEWS_PAUSE);
  const end = () => {
    clearInterval(timer);
    clearTimeout(next);
    breakdowns.end();
    release();
  };
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  let isReadable = await classified;
  tellEnd();
  // What the store turns out to have lost, or a full queue refused, is asked for again.
  while (isReadable && !signal.aborted) {
    await pause(AGAIN_PAUSE, undefined, { signal }).catch(() => {});
    if (signal.aborted || (!isOrderDue && missingInView(heatmap, tiles, score).size === 0)) continue;
    isReadable = await classify();
    tellEnd();
  }
}

/**
 * Sends the breakdown of slide and view after changes, one at a time and with pauses that grow with what they take: a large
 * view has many patches, and a model may have a thousand classes.
 */
function breakdownSender(
  view: number,
  heatmap: Heatmap,
  region: Rectangle,
  { send, sendError, signal }: { send: SendEvent; sendError(error: unknown): void; signal: AbortSignal },
) {
  const { width, height } = heatmap.slide;
  const isWhole =
    region.x <= 0 && region.y <= 0 && region.x + region.width >= width && region.y + region.height >= height;
  let timer: NodeJS.Timeout | undefined;
  let busy = false;
  let again = false;

  const ofView = async (ofSlide: Breakdown): Promise<Breakdown> => {
    if (isWhole) return ofSlide;
    const { statistics: _, ...breakdown } = await regionBreakdown(heatmap, region, signal);
    return breakdown;
  };
  const tellBoth = async () => {
    busy = true;
    const start = performance.now();
    try {
      const ofSlide = slideBreakdown(heatmap);
      send('breakdown', { view, scope: 'slide', ...ofSlide });
      send('breakdown', { view, scope: 'view', ...(await ofView(ofSlide)) });
    } catch (error) {
      if (!signal.aborted) sendError(error);
    }
    if (signal.aborted) return;
    const milliseconds = Math.max(NEWS_PAUSE, (performance.now() - start) / BREAKDOWN_SHARE);
    timer = setTimeout(() => {
      busy = false;
      if (!again) return;
      again = false;
      void tellBoth();
    }, milliseconds);
  };

  return {
    changed() {
      if (busy) again = true;
      else void tellBoth();
    },
    end: () => clearTimeout(timer),
  };
}

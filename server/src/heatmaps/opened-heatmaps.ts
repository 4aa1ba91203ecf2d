import { Problem } from '../errors.ts';
import type { Heatmap, HeatmapPlan } from './heatmap.ts';

/** Milliseconds without a request after which a heatmap that nobody holds is closed. */
const IDLE_PAUSE = 10 * 60_000;
const IDLE_CHECK_PAUSE = 60_000;

/** Heatmaps that are open: there is never a second one of the same values. */
export interface OpenedHeatmaps {
  /**
   * The heatmap of a plan, opened if need be; one that is open takes over the plan's names and colours.
   * @throws Problem `busy` once all were closed
   */
  open(plan: HeatmapPlan): Promise<Heatmap>;
  /** Whether a heatmap can still be used; if so it counts as used now. */
  touch(heatmap: Heatmap): boolean;
  /** Closes all of them for good: nothing is written any more. */
  close(): Promise<void>;
}

export interface OpenedHeatmapsOptions {
  make(plan: HeatmapPlan): Promise<Heatmap>;
  /** Whether somebody waits for a heatmap, or its patches are under way. */
  isBusy(heatmap: Heatmap): boolean;
  /** Told of every heatmap that was closed while others may go on. */
  onClosed(): void;
  /** Told why a heatmap could not be closed. */
  onError(heatmap: Heatmap, error: unknown): void;
  /** Milliseconds; other ones for tests. */
  idlePause?: number;
  checkPause?: number;
}

export function openedHeatmaps(options: OpenedHeatmapsOptions): OpenedHeatmaps {
  const { make, isBusy, onClosed, onError, idlePause = IDLE_PAUSE, checkPause = IDLE_CHECK_PAUSE } = options;
  const opened = new Map<string, Promise<Heatmap>>();
  /** By identity: opened again only when they are closed, for the store's files are locked until then. */
  const closing = new Map<string, Promise<void>>();
  let ended = false;

  const close = (heatmap: Heatmap): Promise<void> => {
    opened.delete(heatmap.identity);
    const done = heatmap.values
      .close()
      .catch((error: unknown) => onError(heatmap, error))
      .finally(() => closing.delete(heatmap.identity));
    closing.set(heatmap.identity, done);
    return done;
  };

  const isIdle = (heatmap: Heatmap) =>
    heatmap.usage.holders === 0 && Date.now() - heatmap.usage.usedAt >= idlePause && !isBusy(heatmap);

  const timer = setInterval(async () => {
    for (const opening of [...opened.values()]) {
      const heatmap = await opening.catch(() => undefined);
      if (heatmap && opened.get(heatmap.identity) === opening && isIdle(heatmap)) void close(heatmap).then(onClosed);
    }
  }, checkPause).unref();

  return {
    async open(plan) {
      if (ended) throw new Problem('busy', 'the heatmap was closed meanwhile; ask again');
      const { identity, slide, model, warnings } = plan;
      const found = opened.get(identity);
      if (found) {
        const heatmap = await found;
        heatmap.usage.usedAt = Date.now();
        // Names and colours change no number: what is known, and what runs, stays.
        return Object.assign(heatmap, { slide, model, warnings });
      }
      const opening = Promise.resolve(closing.get(identity)).then(() => make(plan));
      opened.set(identity, opening);
      opening.catch(() => {
        if (opened.get(identity) === opening) opened.delete(identity);
      });
      return opening;
    },
    touch(heatmap) {
      heatmap.usage.usedAt = Date.now();
      return opened.has(heatmap.identity) && !closing.has(heatmap.identity);
    },
    async close() {
      ended = true;
      clearInterval(timer);
      const heatmaps = await Promise.allSettled(opened.values());
      await Promise.all(heatmaps.map((found) => found.status === 'fulfilled' && close(found.value)));
      await Promise.all(closing.values());
    },
  };
}

/** Keeps a heatmap open until what it gives is called. */
export function holdHeatmap({ usage }: Heatmap): () => void {
  usage.holders++;
  let isHeld = true;
  return () => {
    if (!isHeld) return;
    isHeld = false;
    usage.holders--;
    usage.usedAt = Date.now();
  };
}

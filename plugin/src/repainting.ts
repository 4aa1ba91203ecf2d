/** Milliseconds of a frame that painting tiles on screen may take: of 16 some are left for drawing. */
const BUDGET = 10;
/** After so many of them showing what is painted, and drawing it, is left to the next frame. */
const SHOWN_BY = 6;
/** Milliseconds from one frame to the next: shown more often, a style would not be seen. */
const FRAME = 16;

/** Milliseconds of a frame that repainting what is off the screen may take. */
const BACKGROUND_BUDGET = 6;

export interface Repainting {
  /** Repaints, once however often it is called before the next frame. */
  request(): void;
  destroy(): void;
}

/**
 * Repaints tiles: those on screen a few at a time, shown together when the last of them is painted, so that no frame
 * shows two styles or takes long; the others after that. What is asked for meanwhile comes next, so that dragging a
 * handle shows as many styles as there is time for, and always the last.
 */
export function repainting<T>(host: {
  visible(): T[];
  loaded(): T[];
  /** A round begins, of one style throughout. */
  begin(): void;
  /** Whether a tile is not painted in the round's style. */
  isOutdated(tile: T): boolean;
  /** Paints a tile; what it gives back shows it. */
  paint(tile: T): () => void;
  /** The tiles of a round are shown. */
  shown(tiles: T[]): void;
}): Repainting {
  let cancel: (() => void) | undefined;
  /** Whether another round is asked for. */
  let isDue = false;
  let round: Map<T, () => void> | undefined;
  /** Whether all tiles of the round are painted. */
  let isPainted = false;
  let destroyed = false;
  let lastShown = Number.NEGATIVE_INFINITY;
  /** When the last turn ended, and what it took. */
  let lastEnd = Number.NEGATIVE_INFINITY;
  let lastTurn = 0;

  const scheduleAfter = (milliseconds: number) => {
    const timer = window.setTimeout(run, milliseconds);
    cancel = () => clearTimeout(timer);
  };

  const schedule = () => {
    if (cancel || destroyed) return;
    // A hidden page has no frames.
    if (document.hidden) return scheduleAfter(50);
    const frame = requestAnimationFrame(run);
    cancel = () => cancelAnimationFrame(frame);
  };

  const run = () => {
    cancel = undefined;
    const start = performance.now();
    takeTurn(start);
    lastEnd = performance.now();
    lastTurn = lastEnd - start;
  };

  const takeTurn = (start: number) => {
    // Of a turn just before, which was not a frame's own, the time counts for this frame as well.
    const end = start + BUDGET - Math.max(0, lastTurn - 2 * (start - lastEnd));
    if (!round) {
      round = new Map();
      isDue = false;
      host.begin();
    }
    if (!isPainted) {
      for (const tile of host.visible()) {
        if (!host.isOutdated(tile)) continue;
        if (performance.now() > end) return schedule();
        round.set(tile, host.paint(tile));
      }
      // Shown with the next turn, whatever has become outdated meanwhile: else tiles that get better all the time never were.
      isPainted = true;
      if (performance.now() - start > SHOWN_BY) return schedule();
    }
    isPainted = false;
    for (const show of round.values()) show();
    host.shown([...round.keys()]);
    lastShown = performance.now();
    round = undefined;
    if (isDue || paintOthers()) schedule();
  };

  /** Paints and shows tiles off the screen, one by one. Whether there are more. */
  const paintOthers = () => {
    const end = performance.now() + BACKGROUND_BUDGET;
    for (const tile of host.loaded()) {
      if (!host.isOutdated(tile)) continue;
      if (performance.now() > end) return true;
      host.paint(tile)();
      host.shown([tile]);
    }
    return false;
  };

  return {
    request: () => {
      isDue = true;
      // What waits for a frame to begin could be painted by then.
      if (cancel || destroyed || document.hidden || performance.now() - lastShown < FRAME) schedule();
      else scheduleAfter(0);
    },
    destroy: () => {
      destroyed = true;
      cancel?.();
    },
  };
}

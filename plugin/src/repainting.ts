/** Milliseconds of a frame that repainting what is off the screen may take. */
const BACKGROUND_BUDGET = 6;

export interface Repainting {
  /** Repaints in the next frame, once however often it is called; resolves when all that is on screen is repainted. */
  request(): Promise<void>;
  destroy(): void;
}

/**
 * Repaints tiles at most once a frame: those on screen together, so that no frame shows two styles, the others in
 * the frames after it, a few at a time.
 */
export function repainting<T>(host: {
  visible(): T[];
  loaded(): T[];
  isOutdated(tile: T): boolean;
  repaint(tiles: T[]): void;
}): Repainting {
  let frame = 0;
  let waiting: (() => void)[] = [];
  let destroyed = false;

  const schedule = () => {
    if (frame || destroyed) return;
    // A hidden page has no frames.
    frame = document.hidden ? window.setTimeout(run, 50) : requestAnimationFrame(run);
  };

  const run = () => {
    frame = 0;
    host.repaint(host.visible().filter(host.isOutdated));
    const done = waiting;
    waiting = [];
    for (const resolve of done) resolve();
    const rest = host.loaded().filter(host.isOutdated);
    const start = performance.now();
    while (rest.length > 0 && performance.now() - start < BACKGROUND_BUDGET) host.repaint(rest.splice(0, 1));
    if (rest.length > 0) schedule();
  };

  return {
    request: () =>
      new Promise((resolve) => {
        if (destroyed) return resolve();
        waiting.push(resolve);
        schedule();
      }),
    destroy() {
      destroyed = true;
      cancelAnimationFrame(frame);
      clearTimeout(frame);
      for (const resolve of waiting) resolve();
      waiting = [];
    },
  };
}

import type { Page } from 'playwright-core';

/** What the plugin has going on in a page. */
export interface Leftovers {
  timers: number;
  fetches: number;
  /** On the document and the window. */
  listeners: number;
}

/** Counts what the plugin has going on in the pages that are opened from now on. */
export async function watchLeftovers(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const timers = new Set<unknown>();
    const live = { fetches: 0, listeners: 0, timers: () => timers.size };
    const { setTimeout, clearTimeout, fetch } = window;
    /** Whether the plugin itself has called, not OpenSeadragon. */
    const isPlugin = () => new Error().stack?.split('\n')[3]?.includes('/plugin.js') ?? false;
    const later = (handler: () => void, ms?: number, ...values: unknown[]) => {
      const timer = setTimeout(() => {
        timers.delete(timer);
        Reflect.apply(handler, window, values);
      }, ms);
      if (isPlugin()) timers.add(timer);
      return timer;
    };
    const never = (timer?: number) => {
      timers.delete(timer);
      clearTimeout(timer);
    };
    /** Until the body is read to its end. */
    const counted = async (...request: Parameters<typeof fetch>) => {
      live.fetches++;
      try {
        const response = await fetch(...request);
        const copy = response.clone();
        copy.arrayBuffer().then(
          () => live.fetches--,
          () => live.fetches--,
        );
        return response;
      } catch (error) {
        live.fetches--;
        throw error;
      }
    };
    Object.assign(window, { live, setTimeout: later, clearTimeout: never, fetch: counted });
    for (const target of [document, window]) {
      const { addEventListener, removeEventListener } = target;
      Object.assign(target, {
        addEventListener: (...all: unknown[]) => {
          if (isPlugin()) live.listeners++;
          Reflect.apply(addEventListener, target, all);
        },
        removeEventListener: (...all: unknown[]) => {
          if (isPlugin()) live.listeners--;
          Reflect.apply(removeEventListener, target, all);
        },
      });
    }
  });
}

export function leftovers(page: Page): Promise<Leftovers> {
  return page.evaluate(() => {
    const live = Reflect.get(window, 'live');
    return { timers: live.timers(), fetches: live.fetches, listeners: live.listeners };
  });
}

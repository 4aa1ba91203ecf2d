import type { Page } from 'playwright-core';

/** What the plugin has going on in a page. */
export interface Leftovers {
  timers: number;
  fetches: number;
  /** On the document, the window and elements of the page. */
  listeners: number;
  observers: number;
}

export const NOTHING: Leftovers = { timers: 0, fetches: 0, listeners: 0, observers: 0 };

/** Handlers, elements, items and tiles that a viewer has; to be evaluated in its page. */
export function traces() {
  const { viewer } = window;
  const count = (source: unknown) => {
    const events: object = Reflect.get(Object(source), 'events');
    // OpenSeadragon itself begins to listen to 'rotate' when a layer takes part in drawing.
    return Object.entries(events)
      .filter(([name, handlers]) => name !== 'rotate' && Array.isArray(handlers) && handlers.length > 0)
      .map(([name, handlers]) => `${name} ${handlers.length}`);
  };
  return {
    viewer: count(viewer),
    world: count(viewer.world),
    base: count(viewer.world.getItemAt(0)),
    navigator: viewer.navigator ? count(viewer.navigator) : 0,
    items: viewer.world.getItemCount(),
    elements: viewer.container.querySelectorAll('*').length,
    overlays: document.querySelectorAll('[class^="osd-cam"]').length,
  };
}

/** Counts what the plugin has going on in the pages that are opened from now on. */
export async function watchLeftovers(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const timers = new Set<unknown>();
    const live = { fetches: 0, timers: () => timers.size };
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
    const { requestAnimationFrame, cancelAnimationFrame } = window;
    window.requestAnimationFrame = (handler) => {
      const frame = requestAnimationFrame((time) => {
        timers.delete(`frame ${frame}`);
        handler(time);
      });
      if (isPlugin()) timers.add(`frame ${frame}`);
      return frame;
    };
    window.cancelAnimationFrame = (frame) => {
      timers.delete(`frame ${frame}`);
      cancelAnimationFrame(frame);
    };

    let listeners: unknown[][] = [];
    const drop = (...gone: unknown[]) => {
      listeners = listeners.filter((own) => own.some((part, i) => part !== gone[i]));
    };
    const isSeen = (target: unknown) => target === document || target === window || target instanceof Element;
    const { addEventListener, removeEventListener } = EventTarget.prototype;
    EventTarget.prototype.addEventListener = function add(type, handler, options) {
      if (isPlugin() && isSeen(this)) {
        drop(this, type, handler);
        listeners.push([this, type, handler]);
        const signal = typeof options === 'object' ? options.signal : undefined;
        if (signal) addEventListener.call(signal, 'abort', () => drop(this, type, handler));
      }
      addEventListener.call(this, type, handler, options);
    };
    EventTarget.prototype.removeEventListener = function remove(type, handler, options) {
      drop(this, type, handler);
      removeEventListener.call(this, type, handler, options);
    };
    /** What listens to an element that is gone is gone with it. */
    const isThere = ([target]: unknown[]) => !(target instanceof Element) || target.isConnected;

    const observers = new Set<unknown>();
    for (const name of ['ResizeObserver', 'MutationObserver', 'IntersectionObserver'] as const) {
      const Observer = window[name] as new (...all: unknown[]) => { disconnect(): void };
      const Watched = class extends Observer {
        constructor(...all: unknown[]) {
          super(...all);
          if (isPlugin()) observers.add(this);
        }
        override disconnect() {
          observers.delete(this);
          super.disconnect();
        }
      };
      Object.assign(window, { [name]: Watched });
    }
    Object.assign(live, { listeners: () => listeners.filter(isThere).length, observers: () => observers.size });
  });
}

export function leftovers(page: Page): Promise<Leftovers> {
  return page.evaluate(() => {
    const live = Reflect.get(window, 'live');
    return { timers: live.timers(), fetches: live.fetches, listeners: live.listeners(), observers: live.observers() };
  });
}

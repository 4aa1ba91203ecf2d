import { eventStreamParser } from '../../../plugin/src/view-stream/event-stream.ts';
import { type ViewEvent, viewEvent } from '../../../plugin/src/view-stream/view-event.ts';
import type { ViewRequest } from '../../../shared/view-events.ts';

export interface OpenedView {
  status: number;
  headers: Headers;
  /** All events so far. */
  events: ViewEvent[];
  /** Resolves with the first event, past or to come, that `matches`. */
  until(matches: (event: ViewEvent) => boolean): Promise<ViewEvent>;
  close(): void;
}

/** Opens a view stream and reads it with the plugin's own parser. */
export async function openView(address: string, views: ViewRequest[], headers = {}): Promise<OpenedView> {
  const controller = new AbortController();
  const response = await fetch(new URL('view', address), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(views),
    signal: controller.signal,
  });
  const events: ViewEvent[] = [];
  let waiting: { matches: (event: ViewEvent) => boolean; resolve: (event: ViewEvent) => void }[] = [];
  const read = async () => {
    const parse = eventStreamParser();
    for await (const bytes of response.body ?? []) {
      for (const raw of parse(bytes)) {
        const event = viewEvent(raw);
        if (!event) continue;
        events.push(event);
        for (const { matches, resolve } of waiting) if (matches(event)) resolve(event);
        waiting = waiting.filter(({ matches }) => !matches(event));
      }
    }
  };
  // Ended by `close`.
  if (response.ok) read().catch(() => {});
  return {
    status: response.status,
    headers: response.headers,
    events,
    until: (matches) => {
      const found = events.find(matches);
      return found ? Promise.resolve(found) : new Promise((resolve) => waiting.push({ matches, resolve }));
    },
    close: () => controller.abort(),
  };
}

/** Whether an event says that a view has all patches that its level asks for. */
export function isSharp(event: ViewEvent, view = 0): boolean {
  return event.name === 'progress' && event.data.view === view && event.data.missing === 0;
}

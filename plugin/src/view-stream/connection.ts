import type { Credentials } from '../credentials.ts';
import { wishedPause } from '../pauses.ts';
import { RequestError, refusalOf, UNANSWERED } from '../request-error.ts';
import { eventStreamParser, type ServerEvent } from './event-stream.ts';

/** Milliseconds without a byte after which a stream is lost; the server sends a comment every 15 s. */
const LONGEST_SILENCE = 40_000;
/** Statuses of a host that has no view streams. */
const WITHOUT_STREAMS = [404, 405, 501];

/** How a stream ended that nobody closed. */
export type Ending =
  /** The host has no view streams. */
  | { kind: 'absent' }
  /** @property pause milliseconds that the server asks to be left alone */
  | { kind: 'refused'; error: RequestError; pause: number }
  | { kind: 'lost'; error: RequestError };

export interface ConnectionHandlers {
  /** The stream begins. */
  answered(): void;
  received(event: ServerEvent): void;
  ended(ending: Ending): void;
}

/**
 * Asks for one event stream and reads it to its end.
 * @param body JSON
 * @param longestSilence milliseconds
 * @returns what closes it: after that no handler is called
 */
export function connect(
  address: string,
  body: string,
  { headers, withCredentials }: Credentials,
  handlers: ConnectionHandlers,
  longestSilence = LONGEST_SILENCE,
): () => void {
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let closed = false;

  const close = () => {
    closed = true;
    clearTimeout(timer);
    controller.abort();
  };
  const heard = () => {
    clearTimeout(timer);
    if (!closed) timer = setTimeout(() => controller.abort(), longestSilence);
  };
  /** Apart from the reading: what a handler throws, or one of the page's that it calls, does not end the stream. */
  const tell = (handler: () => void) =>
    queueMicrotask(() => {
      if (!closed) handler();
    });

  const lost = (cause?: unknown): Ending => ({
    kind: 'lost',
    error: new RequestError(address, UNANSWERED, false, { cause }),
  });

  const ask = async (): Promise<Ending> => {
    const response = await fetch(address, {
      method: 'POST',
      headers: { ...headers, 'Content-Type': 'application/json', Accept: 'text/event-stream' },
      body,
      credentials: withCredentials ? 'include' : 'same-origin',
      cache: 'no-store',
      signal: controller.signal,
    });
    if (WITHOUT_STREAMS.includes(response.status)) return { kind: 'absent' };
    if (!response.ok) {
      const pause = wishedPause(response.headers.get('Retry-After'), Date.now());
      return { kind: 'refused', error: new RequestError(address, await refusalOf(response), true), pause };
    }
    // A host that answers everything with its page.
    const isStream = response.headers.get('Content-Type')?.startsWith('text/event-stream');
    if (!isStream || !response.body) return { kind: 'absent' };
    tell(handlers.answered);
    const parse = eventStreamParser();
    const reader = response.body.getReader();
    for (;;) {
      heard();
      const { done, value } = await reader.read();
      if (done) return lost();
      for (const event of parse(value)) tell(() => handlers.received(event));
    }
  };

  heard();
  ask()
    .catch(lost)
    .then((ending) => {
      if (closed) return;
      // Whatever is left of an answer that is no stream is not wanted.
      close();
      handlers.ended(ending);
    });
  return close;
}

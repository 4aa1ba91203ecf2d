import type { Credentials } from '../credentials.ts';
import { type Member, type PageStream, pageStream, type ShownView } from './page-stream.ts';
import { viewAddress } from './view-address.ts';

/** What an overlay hears of its views. */
export interface ViewListener extends Pick<Member, 'begun' | 'received' | 'lost' | 'absent'> {
  /** What goes with its requests now. */
  credentials(): Credentials;
}

/** An overlay's part in a stream of the page. */
export interface RegisteredViews {
  /** Replaces the views; none while nothing of the overlay is seen. */
  show(views: readonly ShownView[]): void;
  /** The server is known to be there: a lost stream is asked for at once. */
  retry(): void;
  /** Withdraws the views; with the last overlay its stream is closed. */
  destroy(): void;
}

/** Of the page, by server and by what goes with the requests: overlays of other headers see by other rights. */
const streams = new Map<string, PageStream>();

/** @param descriptor absolute address of the heatmap's descriptor */
export function registerViews(descriptor: string, listener: ViewListener): RegisteredViews {
  const address = viewAddress(descriptor);
  if (!address) {
    queueMicrotask(listener.absent);
    return { show: () => {}, retry: () => {}, destroy: () => {} };
  }

  let joined: { key: string; stream: PageStream } | undefined;
  let destroyed = false;
  const leave = () => {
    const left = joined;
    joined = undefined;
    if (left?.stream.leave(member) === 0) streams.delete(left.key);
  };
  const place = () => {
    const { headers, withCredentials } = listener.credentials();
    // Names in any case and in any order are the same headers.
    const key = JSON.stringify([address.stream, [...new Headers({ ...headers })], withCredentials]);
    if (joined?.key === key) return;
    leave();
    const stream = streams.get(key) ?? pageStream(address.stream, { headers, withCredentials });
    streams.set(key, stream);
    joined = { key, stream };
    stream.join(member);
  };
  const { begun, received, lost, absent } = listener;
  const member: Member = { heatmap: address.heatmap, views: [], begun, received, lost, absent, check: place };

  return {
    show: (views) => {
      if (destroyed) return;
      member.views = views;
      place();
      joined?.stream.update();
    },
    retry: () => joined?.stream.retry(),
    destroy: () => {
      destroyed = true;
      leave();
    },
  };
}

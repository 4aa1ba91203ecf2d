import { createFetcher, type Fetcher } from './fetcher.ts';
import { NO_REMOTE_HOSTS, type RemoteHosts } from './remote-hosts.ts';

let allowed = NO_REMOTE_HOSTS;
let fetcher: Fetcher | undefined;

/**
 * Says from which hosts this process may fetch pixels; from none until it is called. One list for the process, told at its
 * start, because whoever starts it decides, and no slide.
 */
export function allowRemoteHosts(remote: RemoteHosts): void {
  fetcher?.close();
  fetcher = undefined;
  allowed = remote;
}

/** Of all slides of this process, so that connections and memory are bounded for all of them together. */
export function remoteFetcher(): Fetcher {
  fetcher ??= createFetcher(allowed);
  return fetcher;
}

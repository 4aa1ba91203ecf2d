import { lookup } from 'node:dns/promises';
import http from 'node:http';
import https from 'node:https';
import { setTimeout } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { atOnce, type Turn } from '../../at-once.ts';
import { fetchOnce, type RemoteBody, type Resolve, type Wanted } from './fetch-once.ts';
import { RemoteError } from './remote-error.ts';
import type { RemoteHosts } from './remote-hosts.ts';
import type { SourceHeaders } from './source-headers.ts';

/** Fetches what slides of other servers consist of. */
export interface Fetcher {
  /**
   * @param keep under which version of its slide the body is kept in memory; it is not unless given
   * @throws RemoteError
   */
  fetch(address: string, wanted: Wanted, keep?: string): Promise<RemoteBody>;
  /** Lets go of a body that turned out to be of no use. */
  forget(address: string, keep: string, headers?: SourceHeaders): void;
  /** Ends its connections. */
  close(): void;
}

export interface FetcherOptions {
  /** Seconds that an attempt may take from its beginning to the last byte. */
  attemptSeconds?: number;
  /** Seconds before the second attempt; twice as many before the third. */
  backoffSeconds?: number;
  /** Memory for bodies that may be wanted again. */
  cacheBytes?: number;
  resolve?: Resolve;
}

const ATTEMPTS = 3;

/** Whoever waits for a tile has 30 s before a viewer gives it up. */
const ATTEMPT_SECONDS = 8;
const BACKOFF_SECONDS = 0.3;

/**
 * A server that did not answer three times is not asked for so long: of a listing of a hundred slides, or a view of a hundred
 * tiles, each would wait for it.
 */
const REST_SECONDS = 10;

/** Requests to a server at once: as many as browsers make, each process by itself. */
const MOST_AT_ONCE = 6;

/** Encoded tiles of 256 pixels have 20 to 100 kB. */
const CACHE_BYTES = 32 * 1024 ** 2;

const resolveAll: Resolve = (name) => lookup(name, { all: true });

/**
 * @param remote the hosts that it may fetch from
 * @param options pauses and limits
 */
export function createFetcher(remote: RemoteHosts, options: FetcherOptions = {}): Fetcher {
  const { attemptSeconds = ATTEMPT_SECONDS, backoffSeconds = BACKOFF_SECONDS, resolve = resolveAll } = options;
  const pool = { keepAlive: true, maxSockets: MOST_AT_ONCE };
  const agents = { http: new http.Agent(pool), https: new https.Agent(pool) };
  const kept = new LRUCache<string, RemoteBody>({
    maxSize: options.cacheBytes ?? CACHE_BYTES,
    sizeCalculation: ({ bytes }, key) => bytes.length + key.length + 200,
  });
  /** Fetches under way; whoever wants the same meanwhile shares one. */
  const underWay = new Map<string, Promise<RemoteBody>>();
  /** By server, so that none waits for another one that is slow. */
  const turns = new Map<string, Turn>();

  /** Servers that did not answer a moment ago, and how that ended. */
  const resting = new LRUCache<string, RemoteError>({ max: 100, ttl: REST_SECONDS * 1000 });

  function turnAt(origin: string): Turn {
    const turn = turns.get(origin) ?? atOnce(MOST_AT_ONCE);
    turns.set(origin, turn);
    return turn;
  }

  async function attempt(address: string, wanted: Wanted): Promise<RemoteBody> {
    const rest = resting.get(originOf(address));
    if (rest !== undefined) throw rest;
    const signal = AbortSignal.timeout(attemptSeconds * 1000);
    return fetchOnce(address, wanted, { remote, resolve, agents, signal, seconds: attemptSeconds });
  }

  async function fetched(address: string, wanted: Wanted): Promise<RemoteBody> {
    for (let attempts = 1; ; attempts++) {
      try {
        return await attempt(address, wanted);
      } catch (error) {
        if (!(error instanceof RemoteError) || error.kind !== 'unavailable') throw error;
        if (resting.has(originOf(address))) throw error;
        const pause = backoffSeconds * 2 ** (attempts - 1);
        if (attempts === ATTEMPTS || (error.retryAfter ?? 0) > attemptSeconds) {
          if (error.unanswered) resting.set(originOf(address), error);
          throw error;
        }
        // Not all of those that failed together come back together.
        await setTimeout(1000 * Math.max(error.retryAfter ?? 0, pause * (0.75 + 0.5 * Math.random())));
      }
    }
  }

  return {
    async fetch(address, wanted, keep) {
      const key = keyOf(address, keep, wanted.headers);
      const found = keep === undefined ? undefined : kept.get(key);
      if (found !== undefined) return found;
      const shared = underWay.get(key);
      if (shared !== undefined) return shared;
      // It keeps its turn between attempts: whoever waits behind it then learns whether the server answers.
      const fetching = turnAt(originOf(address))(() => fetched(address, wanted));
      underWay.set(key, fetching);
      try {
        const body = await fetching;
        if (keep !== undefined) kept.set(key, body);
        return body;
      } finally {
        underWay.delete(key);
      }
    },
    forget: (address, keep, headers) => void kept.delete(keyOf(address, keep, headers)),
    close() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

function originOf(address: string): string {
  return URL.canParse(address) ? new URL(address).origin : address;
}

/** What one who says who they are is given is not for others. */
function keyOf(address: string, keep = '', headers?: SourceHeaders): string {
  return JSON.stringify([keep, address, headers]);
}

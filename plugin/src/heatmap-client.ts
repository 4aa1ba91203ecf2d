import type { Rectangle, TileAddress } from '../../shared/geometry/deep-zoom.ts';
import type { AnalysisState, Breakdown, HeatmapDescriptor, ScoreAtPoint } from '../../shared/heatmap-descriptor.ts';
import type { ScoreTile } from '../../shared/painting/style.ts';
import type { Credentials } from './credentials.ts';
import type { RegionGeometry } from './region/region-geometry.ts';
import { RequestError, refusalOf, UNANSWERED } from './request-error.ts';
import { checkedTile } from './tile-pixels.ts';
import { type TileRequest, tileUrl } from './tile-request.ts';

/** Statuses of a gateway whose server does not answer it. */
const AWAY = [502, 504];

export interface FetchedTile {
  tile: ScoreTile;
  /** Sample patches of this tile that are still to be classified; 0 where the server does not say. */
  missing: number;
  /** Grows whenever the tile becomes better; undefined where the server does not say. */
  revision: number | undefined;
}

/** The requests of one heatmap. Every one rejects with an error whose message says what was asked and what came. */
export interface HeatmapClient {
  /** Of the descriptor, absolute. */
  readonly address: string;
  descriptor(signal: AbortSignal): Promise<HeatmapDescriptor>;
  /** What is known of a tile now: the server computes nothing for it. */
  tile(
    descriptor: HeatmapDescriptor,
    address: TileAddress,
    request: TileRequest,
    options: { headers?: object; signal: AbortSignal },
  ): Promise<FetchedTile>;
  /** Of a region there are also statistics, as `RegionBreakdown` has them. */
  breakdown(region: Rectangle | RegionGeometry | undefined, signal: AbortSignal): Promise<Breakdown>;
  /** Sees, starts or stops the analysis of the slide or of a rectangle of it. */
  analysis(
    method: 'GET' | 'POST' | 'DELETE',
    region: Rectangle | undefined,
    signal: AbortSignal,
  ): Promise<AnalysisState>;
  score(x: number, y: number, signal: AbortSignal): Promise<ScoreAtPoint>;
}

/**
 * @param address of the descriptor, relative to the page
 * @param credentials asked for at every request, so that a token may be renewed
 */
export function heatmapClient(address: string, credentials: () => Credentials): HeatmapClient {
  const url = new URL(address, document.baseURI).href;

  const get = (target: string, signal: AbortSignal, more: object = {}) => ask(target, {}, signal, more);
  /** A body is JSON. */
  const ask = async (
    target: string,
    { method = 'GET', body }: { method?: string; body?: object | undefined },
    signal: AbortSignal,
    more: object = {},
  ) => {
    const { headers, withCredentials } = credentials();
    const content = body && { 'Content-Type': 'application/json' };
    const response = await fetch(target, {
      method,
      body: body ? JSON.stringify(body) : null,
      headers: { ...headers, ...more, ...content },
      credentials: withCredentials ? 'include' : 'same-origin',
      signal,
    }).catch((cause: unknown) => {
      if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
      throw new RequestError(target, UNANSWERED, false, { cause });
    });
    if (!response.ok) throw new RequestError(target, await refusalOf(response), !AWAY.includes(response.status));
    return response;
  };

  /** `.json` cut off, `/name` added, the query kept. */
  const beside = (name: string, parameters: Record<string, string>) => {
    const target = new URL(url);
    target.pathname = `${target.pathname.replace(/\.json$/, '')}/${name}`;
    for (const [key, value] of Object.entries(parameters)) target.searchParams.set(key, value);
    return target.href;
  };

  return {
    address: url,

    descriptor: async (signal) => (await get(url, signal)).json(),

    tile: async (descriptor, tileAddress, request, options) => {
      const target = tileUrl(url, descriptor, tileAddress, request);
      const response = await get(target, options.signal, options.headers);
      const npy = new Uint8Array(await response.arrayBuffer());
      // A static host says nothing, and has nothing better to give.
      const missing = Number(response.headers.get('X-Cam-Missing')) || 0;
      const revision = response.headers.get('X-Cam-Revision');
      const tile = checkedTile(npy, tileAddress, request, descriptor);
      return { tile, missing, revision: revision === null ? undefined : Number(revision) };
    },

    breakdown: async (region, signal) => {
      if (region && 'type' in region) {
        return (await ask(beside('breakdown', {}), { method: 'POST', body: region }, signal)).json();
      }
      const parameters = region && { region: rectangleOf(region).join() };
      return (await get(beside('breakdown', parameters ?? {}), signal)).json();
    },

    analysis: async (method, region, signal) => {
      const body = region && { region: rectangleOf(region) };
      return (await ask(beside('analysis', {}), { method, body }, signal)).json();
    },

    score: async (x, y, signal) => (await get(beside('score', { x: String(x), y: String(y) }), signal)).json(),
  };
}

function rectangleOf({ x, y, width, height }: Rectangle): number[] {
  return [x, y, width, height];
}

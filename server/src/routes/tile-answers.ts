import type { Context } from 'koa';
import type { TileAddress } from '../../../shared/geometry/deep-zoom.ts';
import type { TileWindow } from '../../../shared/geometry/score-raster.ts';
import { Problem, type ProblemCode } from '../errors.ts';
import type { Heatmap } from '../heatmaps/heatmap.ts';
import { isExact, knownBehind, missingSamples } from '../heatmaps/score-tile.ts';
import { withDeadline } from './deadline.ts';
import type { HeatmapRouteParts } from './heatmaps.ts';
import { type KeptTile, type KeptTiles, keptTile, sendTile } from './kept-tiles.ts';

const IMMUTABLE = 'public, max-age=31536000, immutable';

/** A tile that loses patches while it is made is made again at most so often. */
const MOST_REPEATS = 3;

/** Formats of tiles, and their media types. */
export const TILE_TYPES = { npy: 'application/x-npy', png: 'image/png', webp: 'image/webp' } as const;
/** Ending of a tile's address. */
export type TileFormat = keyof typeof TILE_TYPES;

/** Everything that the bytes of an exact tile depend on. */
interface TileKey {
  fingerprint: string;
  address: TileAddress;
  format: TileFormat;
  /** What was asked for, defaults filled in. */
  content: unknown;
}

/** A tile that somebody asks for. */
export interface TileRequest {
  heatmap: Heatmap;
  address: TileAddress;
  format: TileFormat;
  wish: { signal: AbortSignal; client: string };
}

/** Values that a tile is made of. */
export interface TileValues {
  heatmap: Heatmap;
  window: TileWindow;
}

/** What an answer is made of. */
export interface TileContent {
  /** One, or two that are compared. */
  sources: TileValues[];
  /** The fingerprint in the address, if any. */
  v: string | undefined;
  content: unknown;
  /** Whether the classes to show could not be found out in time. */
  unsettled: boolean;
  /** How long it may be waited for, from now on. */
  secondsLeft(): number;
}

/** Answers requests of heatmap tiles: with what is kept, or with what is made once its patches are there. */
export interface TileAnswers {
  /** Has the samples classified that values are made of, where they are missing. */
  waitForSamples(request: TileRequest, sources: readonly TileValues[], signal: AbortSignal): Promise<void>;
  /** Answers with a tile that is kept, which is exact; false where there is none. */
  sendKept(ctx: Context, request: TileRequest, v: string | undefined, content: unknown): boolean;
  /** Makes the tile from what is known, and keeps it where it is exact. */
  send(ctx: Context, request: TileRequest, about: TileContent, encode: () => Promise<Uint8Array>): Promise<void>;
}

/** @param tiles of all heatmaps of the server */
export function tileAnswers({
  scheduler,
  tiles,
}: Pick<HeatmapRouteParts, 'scheduler'> & { tiles: KeptTiles }): TileAnswers {
  async function waitForSamples({ address, wish }: TileRequest, sources: readonly TileValues[], signal: AbortSignal) {
    await Promise.all(
      sources.map(async ({ heatmap, window }) => {
        const missing = missingSamples(heatmap, window, heatmap.strides[address.level]);
        if (missing.length === 0) return;
        await scheduler.classify(heatmap, missing, { ...wish, signal, priority: 'request' });
      }),
    );
  }

  function sendKept(ctx: Context, request: TileRequest, v: string | undefined, content: unknown): boolean {
    const key = keyOf(request, content);
    const tile = tiles.get(key);
    if (!tile) return false;
    sendExact(ctx, request, { key, tile }, v);
    return true;
  }

  function sendExact(
    ctx: Context,
    { heatmap }: TileRequest,
    { key, tile }: { key: string; tile: KeptTile },
    v: string | undefined,
  ) {
    const cacheControl = v === heatmap.fingerprint ? IMMUTABLE : 'no-cache';
    ctx.set('X-Cam-Missing', '0');
    tiles.remember(ctx.url, key, cacheControl);
    sendTile(ctx, tile, cacheControl);
  }

  async function send(ctx: Context, request: TileRequest, about: TileContent, encode: () => Promise<Uint8Array>) {
    const { v, content, unsettled } = about;
    const { bytes, missing, revision, exact } = await makeWhole(request, about, encode);
    const { format } = request;
    const tile = keptTile(bytes, { type: TILE_TYPES[format], revision, compressible: format === 'npy' });
    if (exact && !unsettled) {
      const key = keyOf(request, content);
      tiles.set(key, tile);
      sendExact(ctx, request, { key, tile }, v);
      return;
    }
    ctx.set('X-Cam-Missing', String(missing));
    sendTile(ctx, tile, missing > 0 || unsettled ? 'no-store' : 'no-cache');
  }

  /** Makes a tile; what turns out to be lost as it is read, which leaves estimates in its place, is asked for again. */
  async function makeWhole(
    request: TileRequest,
    { sources, secondsLeft }: Pick<TileContent, 'sources' | 'secondsLeft'>,
    encode: () => Promise<Uint8Array>,
  ): Promise<{ bytes: Uint8Array; missing: number; revision: number; exact: boolean }> {
    const { address, wish } = request;
    const strideOf = (heatmap: Heatmap) => heatmap.strides[address.level];
    const sum = (numberOf: (source: TileValues) => number) =>
      sources.reduce((all, source) => all + numberOf(source), 0);
    const losses = () => sum(({ heatmap }) => heatmap.values.known.losses);
    const isWhole = () => sources.every(({ heatmap, window }) => isExact(heatmap, window));
    for (let left = MOST_REPEATS; ; left--) {
      // Before the values are read: what becomes known meanwhile counts for the next request.
      const before = losses();
      const missing = sum(({ heatmap, window }) => missingSamples(heatmap, window, strideOf(heatmap)).length);
      const exact = isWhole();
      const revision = sum(({ heatmap, window }) => knownBehind(heatmap, window, Math.log2(strideOf(heatmap))).known);
      const bytes = await encode();
      const lost = losses() - before;
      if (lost === 0) return { bytes, missing, revision, exact: exact && isWhole() };
      // It is older than any that has them all.
      if (left === 0) {
        return { bytes, missing: Math.max(1, missing), revision: Math.max(0, revision - lost), exact: false };
      }
      await waitAtMost(wish.signal, secondsLeft(), (signal) => waitForSamples(request, sources, signal));
    }
  }

  return { waitForSamples, sendKept, send };
}

/** What is no reason to refuse a tile, which shows what is known: a queue that is full, a server of pixels that is down. */
const PASSING: readonly ProblemCode[] = ['busy', 'unavailable'];

/** Waits for work at most so long, and no longer than it is of use. */
export async function waitAtMost(
  signal: AbortSignal,
  seconds: number | undefined,
  work: (signal: AbortSignal) => Promise<unknown>,
) {
  await withDeadline(signal, seconds, work).catch((error: unknown) => {
    if (!(error instanceof Problem && PASSING.includes(error.code)) || signal.aborted) throw error;
  });
}

function keyOf({ heatmap, address, format }: TileRequest, content: unknown): string {
  const key: TileKey = { fingerprint: heatmap.fingerprint, address, format, content };
  return JSON.stringify(key);
}

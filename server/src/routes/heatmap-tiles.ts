import Router from '@koa/router';
import type { Context } from 'koa';
import { LRUCache } from 'lru-cache';
import sharp from 'sharp';
import { encodeNpy } from '../../../shared/codecs/npy.ts';
import { hasTile, type TileAddress } from '../../../shared/geometry/deep-zoom.ts';
import type { TileWindow } from '../../../shared/geometry/score-raster.ts';
import { DEFAULT_CLASS_PLANES, type Score } from '../../../shared/heatmap-descriptor.ts';
import { paintTile } from '../../../shared/painting/paint-tile.ts';
import { scoreTileFromNpy } from '../../../shared/painting/score-tile.ts';
import { Problem } from '../errors.ts';
import type { Heatmap } from '../heatmaps/heatmap.ts';
import { checkShown, paintStyle, scoreOf } from '../heatmaps/paint-style.ts';
import { isExact, missingSamples, scoreTile, windowOfTile } from '../heatmaps/score-tile.ts';
import { knownTopClasses, topClasses } from '../heatmaps/shown-classes.ts';
import { abortWhenClosed, withDeadline } from './deadline.ts';
import type { HeatmapRouteParts } from './heatmaps.ts';
import { paintedTileQuery, parseQuery, scoreTileQuery } from './query.ts';
import { sendBody } from './send-body.ts';
import { parseTilePath } from './tile-path.ts';

/** Bytes of tiles kept; only exact ones are, for they never change. */
const TILE_CACHE_BYTES = 128 * 1024 ** 2;

const IMMUTABLE = 'public, max-age=31536000, immutable';

/** Classes of a painted tile that names none. */
const DEFAULT_TOP = 4;

const TYPES = { npy: 'application/x-npy', png: 'image/png', webp: 'image/webp' } as const;
type Format = keyof typeof TYPES;

/** Everything that the bytes of an exact tile depend on. */
interface TileKey {
  fingerprint: string;
  address: TileAddress;
  format: Format;
  /** What was asked for, defaults filled in. */
  content: unknown;
}

interface TileRequest {
  heatmap: Heatmap;
  address: TileAddress;
  format: Format;
  signal: AbortSignal;
}

interface TileContent {
  window: TileWindow;
  /** The fingerprint in the address, if any. */
  v: string | undefined;
  content: unknown;
  /** Whether the classes to show could not be found out in time. */
  unsettled: boolean;
}

/** Heatmap tiles: score tiles (`.npy`) and tiles painted from them (`.png`, `.webp`). */
export function heatmapTileRoutes({ open, scheduler }: Omit<HeatmapRouteParts, 'analyses' | 'tell'>): Router {
  const router = new Router();
  const tiles = new LRUCache<string, Uint8Array>({
    maxSize: TILE_CACHE_BYTES,
    sizeCalculation: (body) => body.byteLength,
  });

  router.get('/heatmaps/:slide/:folder/:level/:file', async (ctx) => {
    const { slide, folder, level, file } = ctx.params;
    const path = parseTilePath(folder, level, file);
    if (!path || !isFormat(path.format)) {
      throw new Problem('not-found', `${ctx.path}: expected {level}/{column}_{row}.npy, .png or .webp`);
    }
    // Before anything is waited for, or a client that leaves meanwhile would not be noticed.
    const signal = abortWhenClosed(ctx);
    const heatmap = await open(slide, path.name);
    const { address, format } = path;
    if (!hasTile(heatmap.pyramid, address)) {
      throw new Problem('not-found', `${ctx.path}: the pyramid has no such tile`);
    }
    const request = { heatmap, address, format, signal };
    if (format === 'npy') await sendScoreTile(ctx, request);
    else await sendPaintedTile(ctx, request);
  });

  async function sendScoreTile(ctx: Context, request: TileRequest) {
    const { heatmap } = request;
    const query = parseQuery(scoreTileQuery, ctx.query);
    const score = scoreOf(heatmap.model, query);
    const count = heatmap.model.classes.length;
    const classes = query.classes ?? Array.from({ length: Math.min(count, DEFAULT_CLASS_PLANES) }, (_, index) => index);
    const beyond = classes.find((index) => index >= count);
    if (beyond !== undefined) {
      throw new Problem('bad-parameter', `classes: expected numbers from 0 to ${count - 1}, found ${beyond}`);
    }
    const window = windowOfTile(heatmap, request.address, score);
    if (sendKept(ctx, request, query.v, { score, classes })) return;
    await withDeadline(request.signal, query.wait, (deadline) => waitForSamples(request, window, deadline));
    await send(ctx, request, { window, v: query.v, content: { score, classes }, unsettled: false }, async () =>
      encodeScoreTile(heatmap, window, score, classes),
    );
  }

  async function sendPaintedTile(ctx: Context, request: TileRequest) {
    const { heatmap, address, format } = request;
    // Held on to: the manifest, and with it names and colours, may change while the tile waits.
    const { model } = heatmap;
    const query = parseQuery(paintedTileQuery, ctx.query);
    const named = checkShown(model, query);
    const score = scoreOf(model, query);
    const contentOf = (classes: number[]) => {
      const { colormap: _table, ...settings } = paintStyle(model, classes, query);
      return { ...settings, classes, colormap: query.colormap };
    };
    const early = named ?? knownTopClasses(heatmap, query.top ?? DEFAULT_TOP);
    if (early && sendKept(ctx, request, query.v, contentOf(early))) return;
    const window = windowOfTile(heatmap, address, score);
    const classes = await withDeadline(request.signal, query.wait, async (deadline) => {
      const found = named ?? (await topClasses(heatmap, scheduler, query.top ?? DEFAULT_TOP, deadline));
      await waitForSamples(request, window, deadline);
      return found;
    });
    const shown = classes ?? named ?? knownTopClasses(heatmap, query.top ?? DEFAULT_TOP);
    const style = paintStyle(model, shown ?? [], query);
    const content = contentOf(shown ?? []);
    await send(ctx, request, { window, v: query.v, content, unsettled: !shown }, async () => {
      // Through the bytes of the score tile, so that the pixels are those that the plugin paints from it.
      const tile = scoreTileFromNpy(encodeScoreTile(heatmap, window, score, shown ?? []));
      const { width, height, data } = paintTile(tile, window, heatmap.grid, heatmap.pyramid, address, style);
      const image = sharp(data, { raw: { width, height, channels: 4 } });
      return format === 'png' ? image.png().toBuffer() : image.webp({ lossless: true, exact: true }).toBuffer();
    });
  }

  async function waitForSamples({ heatmap, address }: TileRequest, window: TileWindow, signal: AbortSignal) {
    const missing = missingSamples(heatmap, window, heatmap.strides[address.level]);
    if (missing.length > 0) await scheduler.classify(heatmap, missing, { priority: 'view', signal });
  }

  /** Answers with a tile that is kept: it is exact, whatever has become of its cells since. */
  function sendKept(ctx: Context, request: TileRequest, v: string | undefined, content: unknown): boolean {
    const body = tiles.get(keyOf(request, content));
    if (!body) return false;
    ctx.set('X-Cam-Missing', '0');
    const cacheControl = v === request.heatmap.fingerprint ? IMMUTABLE : 'no-cache';
    sendBody(ctx, body, { type: TYPES[request.format], cacheControl });
    return true;
  }

  async function send(
    ctx: Context,
    request: TileRequest,
    { window, v, content, unsettled }: TileContent,
    encode: () => Promise<Uint8Array>,
  ) {
    const { heatmap, address, format } = request;
    const missing = missingSamples(heatmap, window, heatmap.strides[address.level]).length;
    const exact = !unsettled && isExact(heatmap, window);
    const body = await encode();
    if (exact) tiles.set(keyOf(request, content), body);
    const isFinal = exact && v === heatmap.fingerprint;
    const isPassing = missing > 0 || unsettled;
    const cacheControl = isFinal ? IMMUTABLE : isPassing ? 'no-store' : 'no-cache';
    ctx.set('X-Cam-Missing', String(missing));
    sendBody(ctx, body, { type: TYPES[format], cacheControl });
  }

  return router;
}

function encodeScoreTile(heatmap: Heatmap, window: TileWindow, score: Score, classes: readonly number[]): Uint8Array {
  const tile = scoreTile(heatmap, window, score, classes);
  const shape = [tile.classes + 2, tile.rows, tile.columns];
  return tile.data instanceof Float32Array
    ? encodeNpy({ dtype: '<f2', shape, data: tile.data })
    : encodeNpy({ dtype: '|u1', shape, data: tile.data });
}

function keyOf({ heatmap, address, format }: TileRequest, content: unknown): string {
  const key: TileKey = { fingerprint: heatmap.fingerprint, address, format, content };
  return JSON.stringify(key);
}

function isFormat(format: string): format is Format {
  return Object.hasOwn(TYPES, format);
}

import Router from '@koa/router';
import type { Context } from 'koa';
import { decodeFloat16, encodeFloat16 } from '../../../shared/codecs/float16.ts';
import { encodeNpy } from '../../../shared/codecs/npy.ts';
import { hasTile, tileBounds } from '../../../shared/geometry/deep-zoom.ts';
import type { TileWindow } from '../../../shared/geometry/score-raster.ts';
import { DEFAULT_CLASS_PLANES, type Score } from '../../../shared/heatmap-descriptor.ts';
import { paintTileComparison } from '../../../shared/painting/paint-comparison.ts';
import { paintTile } from '../../../shared/painting/paint-tile.ts';
import { checkTile } from '../../../shared/painting/score-tile.ts';
import type { ScoreTile } from '../../../shared/painting/style.ts';
import { Problem } from '../errors.ts';
import { comparedClasses } from '../heatmaps/compared-classes.ts';
import type { Heatmap } from '../heatmaps/heatmap.ts';
import { checkShown, paintStyle, scoreOf } from '../heatmaps/paint-style.ts';
import { scoreTile, windowOfTile } from '../heatmaps/score-tile.ts';
import { knownTopClasses, topClasses } from '../heatmaps/shown-classes.ts';
import { encodePainted } from '../rendering/encode-painted.ts';
import { withPixels } from '../rendering/pixel-memory.ts';
import { clientOf } from './client.ts';
import { abortWhenClosed, countdown } from './deadline.ts';
import type { HeatmapRouteParts } from './heatmaps.ts';
import type { KeptTiles } from './kept-tiles.ts';
import { parseQuery } from './parameters.ts';
import { heatmapOptions, paintedTileQuery, scoreTileQuery } from './query.ts';
import { TILE_TYPES, type TileFormat, type TileRequest, tileAnswers, waitAtMost } from './tile-answers.ts';
import { parseTilePath } from './tile-path.ts';

/** Classes of a painted tile that names none. */
const DEFAULT_TOP = 4;

interface TileRouteParts extends Pick<HeatmapRouteParts, 'open' | 'scheduler'> {
  tiles: KeptTiles;
}

/** Heatmap tiles: score tiles (`.npy`) and tiles painted from them (`.png`, `.webp`). */
export function heatmapTileRoutes({ open, scheduler, tiles }: TileRouteParts): Router {
  const router = new Router();
  const { waitForSamples, sendKept, send } = tileAnswers({ scheduler, tiles });

  router.get('/heatmaps/:slide/:folder/:level/:file', async (ctx) => {
    const { slide, folder, level, file } = ctx.params;
    const path = parseTilePath(folder, level, file);
    if (!path || !isFormat(path.format)) {
      throw new Problem('not-found', `${ctx.path}: expected {level}/{column}_{row}.npy, .png or .webp`);
    }
    // Before anything is waited for, or a client that leaves meanwhile would not be noticed.
    const signal = abortWhenClosed(ctx);
    const { address, format } = path;
    const query = parseQuery(format === 'npy' ? scoreTileQuery : paintedTileQuery, ctx.query);
    const options = heatmapOptions(query);
    const whole = await open(slide, path.name, options);
    if (!hasTile(whole.pyramid, address)) {
      throw new Problem('not-found', `${ctx.path}: the pyramid has no such tile`);
    }
    const heatmap = await whole.atLevel(address.level);
    const request = { heatmap, address, format, wish: { signal, client: clientOf(ctx) } };
    if (format === 'npy') await sendScoreTile(ctx, request);
    else if ('compare' in query && query.compare !== undefined) {
      const other = await open(slide, query.compare, options);
      await sendComparison(ctx, request, await other.atLevel(address.level), format);
    } else await sendPaintedTile(ctx, request, format);
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
    if (sendKept(ctx, request, query.v, { score, classes })) return;
    const window = windowOfTile(heatmap, request.address, score);
    const secondsLeft = countdown(query.wait);
    await waitAtMost(request.wish.signal, secondsLeft(), (signal) =>
      waitForSamples(request, [{ heatmap, window }], signal),
    );
    const about = {
      sources: [{ heatmap, window }],
      v: query.v,
      content: { score, classes },
      unsettled: false,
      secondsLeft,
    };
    await send(ctx, request, about, () => encodeScoreTile(heatmap, window, score, classes));
  }

  async function sendPaintedTile(ctx: Context, request: TileRequest, format: 'png' | 'webp') {
    const { heatmap, address, wish } = request;
    // Held on to: the manifest, and with it names and colours, may change while the tile waits.
    const { model } = heatmap;
    const query = parseQuery(paintedTileQuery, ctx.query);
    const named = checkShown(model, query);
    const score = scoreOf(model, query);
    const contentOf = (classes: number[]) => {
      const { colormap: _table, ...settings } = paintStyle(model, classes, query);
      return { ...settings, classes, colormap: query.colormap };
    };
    const top = query.top ?? DEFAULT_TOP;
    const early = named ?? (await knownTopClasses(heatmap, top));
    if (early && sendKept(ctx, request, query.v, contentOf(early))) return;
    const window = windowOfTile(heatmap, address, score);
    const sources = [{ heatmap, window }];
    const secondsLeft = countdown(query.wait);
    await waitAtMost(wish.signal, secondsLeft(), async (signal) => {
      if (!early) await topClasses(heatmap, scheduler, top, { ...wish, signal, priority: 'request' });
      await waitForSamples(request, sources, signal);
    });
    const shown = early ?? (await knownTopClasses(heatmap, top));
    const style = paintStyle(model, shown ?? [], query);
    const content = contentOf(shown ?? []);
    await send(ctx, request, { sources, v: query.v, content, unsettled: !shown, secondsLeft }, async () => {
      const tile = await sentTile(heatmap, window, score, shown ?? []);
      checkTile(tile, window, style);
      const { width, height } = tileBounds(heatmap.pyramid, address);
      return withPixels(width, height, (pixels) =>
        encodePainted(paintTile(tile, window, heatmap.grid, heatmap.pyramid, address, style, pixels), format),
      );
    });
  }

  /** One model's class minus another's. */
  async function sendComparison(ctx: Context, request: TileRequest, other: Heatmap, format: 'png' | 'webp') {
    const { heatmap, address, wish } = request;
    const query = parseQuery(paintedTileQuery, ctx.query);
    const { score, classes } = comparedClasses(heatmap.model, other.model, query);
    const style = paintStyle(heatmap.model, [classes[0]], { ...query, score });
    const { colormap: _table, ...settings } = style;
    const content = { ...settings, classes, colormap: query.colormap, compare: other.fingerprint };
    // The address names one fingerprint, and the tile depends on two.
    const v = undefined;
    if (sendKept(ctx, request, v, content)) return;
    const sources = [heatmap, other].map((of) => ({ heatmap: of, window: windowOfTile(of, address, score) }));
    const secondsLeft = countdown(query.wait);
    await waitAtMost(wish.signal, secondsLeft(), (signal) => waitForSamples(request, sources, signal));
    await send(ctx, request, { sources, v, content, unsettled: false, secondsLeft }, async () => {
      const [first, second] = await Promise.all(
        sources.map(async ({ heatmap: of, window }, i) => {
          const tile = await sentTile(of, window, score, [classes[i]]);
          return { tile, window, grid: of.grid, plane: 0 };
        }),
      );
      const { width, height } = tileBounds(heatmap.pyramid, address);
      return withPixels(width, height, (pixels) =>
        encodePainted(paintTileComparison(first, second, heatmap.pyramid, address, style, pixels), format),
      );
    });
  }

  return router;
}

/**
 * A score tile as the plugin has it once it was sent, so that the pixels painted from it are the same: floats are
 * halves then.
 */
async function sentTile(
  heatmap: Heatmap,
  window: TileWindow,
  score: Score,
  classes: readonly number[],
): Promise<ScoreTile> {
  const tile = await scoreTile(heatmap, window, score, classes);
  const { data } = tile;
  return data instanceof Float32Array ? { ...tile, data: decodeFloat16(encodeFloat16(data)) } : tile;
}

async function encodeScoreTile(
  heatmap: Heatmap,
  window: TileWindow,
  score: Score,
  classes: readonly number[],
): Promise<Uint8Array> {
  const tile = await scoreTile(heatmap, window, score, classes);
  const shape = [tile.classes + 2, tile.rows, tile.columns];
  return tile.data instanceof Float32Array
    ? encodeNpy({ dtype: '<f2', shape, data: tile.data })
    : encodeNpy({ dtype: '|u1', shape, data: tile.data });
}

function isFormat(format: string): format is TileFormat {
  return Object.hasOwn(TILE_TYPES, format);
}

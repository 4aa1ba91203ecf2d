import Router from '@koa/router';
import { hasTile, type TileAddress } from '../../../shared/geometry/deep-zoom.ts';
import type { Catalogue } from '../catalogue.ts';
import { Problem } from '../errors.ts';
import type { HeatmapSource } from '../heatmaps/open-heatmap.ts';
import { deepZoomTile } from '../slides/deep-zoom-tile.ts';
import { openedSlides } from '../slides/opened-slides.ts';
import type { PictureFormat } from '../slides/picture-coding.ts';
import { createTileReader } from '../slides/tile-reader.ts';
import { currentSlides } from './current-slides.ts';
import { type KeptTile, type KeptTiles, keptTile, sendTile } from './kept-tiles.ts';
import { parseQuery } from './parameters.ts';
import { slidePyramidQuery } from './query.ts';
import { parseTilePath } from './tile-path.ts';

const TYPES = { jpeg: 'image/jpeg', png: 'image/png' } as const;

/** Endings of addresses. */
const FORMATS: Record<string, PictureFormat | undefined> = { jpeg: 'jpeg', jpg: 'jpeg', png: 'png' };

/** Memory for decoded tiles of files: where the pyramid's tiles lie across them, or over several, neighbours share them. */
const DECODED_BYTES = 16 * 1024 ** 2;

/** Everything that the bytes of a slide's tile depend on. */
interface SlideTileKey {
  fingerprint: string;
  /** Of the file as it is now: a part that goes makes no other slide, but its tiles are gone. */
  version: string;
  address: TileAddress;
  format: PictureFormat;
  quality: number | undefined;
}

/** Each slide as the tiles of a Deep Zoom pyramid. */
export function slideTileRoutes(catalogue: Catalogue, source: HeatmapSource, tiles: KeptTiles): Router {
  const router = new Router();
  const current = currentSlides(catalogue, source);
  const reader = openedSlides(createTileReader({ cacheBytes: DECODED_BYTES }));
  /** Concurrent requests share one. */
  const beingMade = new Map<string, Promise<KeptTile>>();

  router.get('/slides/:folder/:level/:file', async (ctx) => {
    const { folder, level, file } = ctx.params;
    const path = parseTilePath(folder, level, file);
    const format = path && FORMATS[path.format];
    if (!path || !format) {
      throw new Problem('not-found', `${ctx.path}: expected {level}/{column}_{row}.jpeg or .png`);
    }
    const asked = parseQuery(slidePyramidQuery, ctx.query);
    const quality = format === 'jpeg' ? asked.quality : undefined;
    const slide = await current(path.name);
    const { address } = path;
    const { width, height, tileSize, fingerprint, version } = slide;
    if (!hasTile({ width, height, tileSize, overlap: 0 }, address)) {
      throw new Problem('not-found', `${ctx.path}: the pyramid of ${path.name} has no such tile`);
    }
    const key = JSON.stringify({ fingerprint, version, address, format, quality } satisfies SlideTileKey);
    const make = async () => {
      const { level, column, row } = address;
      const body = await deepZoomTile(reader(slide), level, column, row, format, { quality });
      const tile = keptTile(body, { type: TYPES[format], compressible: false });
      tiles.set(key, tile);
      return tile;
    };
    let tile = tiles.get(key);
    if (tile === undefined) {
      const making = beingMade.get(key) ?? make().finally(() => beingMade.delete(key));
      beingMade.set(key, making);
      tile = await making;
    }
    sendTile(ctx, tile, 'no-cache');
  });

  return router;
}

import Router from '@koa/router';
import Koa from 'koa';
import compress from 'koa-compress';
import type { Logger } from 'pino';
import type { Catalogue } from '../catalogue.ts';
import type { Analyses } from '../heatmaps/analysis.ts';
import type { HeatmapSource } from '../heatmaps/open-heatmap.ts';
import type { Scheduler } from '../heatmaps/scheduler.ts';
import type { Uploads } from '../uploads/uploads.ts';
import { allowOrigins, answerOwnNames, refuseForeignChanges } from './access.ts';
import { associatedRoutes } from './associated.ts';
import { answerErrors, type Tell } from './errors.ts';
import { heatmapPictureRoutes } from './heatmap-picture.ts';
import { heatmapTileRoutes } from './heatmap-tiles.ts';
import { type HeatmapRouteParts, heatmapRoutes } from './heatmaps.ts';
import { createKeptTiles } from './kept-tiles.ts';
import { modelRoutes } from './models.ts';
import { type Page, pageRoutes } from './page.ts';
import { slideTileRoutes } from './slide-tiles.ts';
import { slideRoutes } from './slides.ts';
import { uploadRoutes } from './uploads.ts';
import { viewRoutes } from './view.ts';

export interface AppParts {
  slides: Catalogue;
  models: Catalogue;
  source: HeatmapSource;
  open: HeatmapRouteParts['open'];
  scheduler: Scheduler;
  logger: Logger;
  /** Origins whose pages may read answers. */
  cors: readonly string[];
  /** Further origins whose pages may frame the page for it. */
  embed: readonly string[];
  /** What the server listens on. */
  host: string;
  /** Names by which it is reached. */
  allowedHosts: readonly string[];
  page: Page;
  /** Makes messages fit for clients. */
  tell: Tell;
  analyses: Analyses;
  /** Missing where nobody may add images. */
  uploads?: Uploads;
  /** Whether pictures that show the labels of slides are served. */
  labels: boolean;
}

/** Bytes of tiles kept: of heatmaps only exact ones are. */
const HEATMAP_TILE_BYTES = 12 * 1024 ** 2;
const SLIDE_TILE_BYTES = 16 * 1024 ** 2;

/** Bodies smaller than this are not worth compressing. */
const COMPRESS_FROM_BYTES = 1024;

const GONE = ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'];

/** Begins the codes of what Node cannot parse. */
const NO_HTTP = 'HPE_';

/** The HTTP interface; see docs/http.md. */
export function createApp(parts: AppParts): Koa {
  const {
    slides,
    models,
    source,
    open,
    scheduler,
    logger,
    cors,
    embed,
    host,
    allowedHosts,
    page,
    analyses,
    uploads,
    labels,
    tell,
  } = parts;
  const tiles = createKeptTiles({ bytes: HEATMAP_TILE_BYTES });
  const health = new Router().get('/healthz', (ctx) => {
    ctx.set('Cache-Control', 'no-store');
    ctx.body = { status: 'ok', classified: scheduler.classified, waiting: scheduler.waiting };
  });

  const app = new Koa();
  app.on('error', (error: Error & { code?: string }) => {
    // A client that goes away while it is answered is no fault of anybody's, nor is one that sends no HTTP of the server.
    if (!GONE.includes(error.code ?? '') && !error.code?.startsWith(NO_HTTP)) logger.error(error);
  });
  app.use(answerOwnNames(host, allowedHosts));
  app.use(allowOrigins(cors));
  app.use(tiles.middleware);
  app.use(refuseForeignChanges(cors));
  app.use(
    compress({
      threshold: COMPRESS_FROM_BYTES,
      filter: (type) => /json|xml|javascript|css|html|svg|x-npy/.test(type),
      br: false,
      gzip: { level: 1 },
      deflate: false,
      zstd: false,
    }),
  );
  app.use(answerErrors(logger, tell));
  const routers = [
    health,
    // Before the tiles, whose addresses have as many parts.
    associatedRoutes(slides, labels),
    slideRoutes(slides, source, tell, uploads?.limits),
    slideTileRoutes(slides, source, createKeptTiles({ bytes: SLIDE_TILE_BYTES })),
    ...(uploads ? [uploadRoutes(uploads)] : []),
    modelRoutes(models, source, tell),
    heatmapTileRoutes({ open, scheduler, tiles }),
    viewRoutes({ open, scheduler, analyses, tell, logger }),
    // Before the descriptors, whose addresses begin alike.
    heatmapPictureRoutes({ open, scheduler }),
    heatmapRoutes({ open, scheduler, analyses, tell }),
    pageRoutes(page, embed),
  ];
  for (const router of routers) app.use(router.routes());
  for (const router of routers) app.use(router.allowedMethods());
  return app;
}

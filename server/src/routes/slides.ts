import Router from '@koa/router';
import type { Catalogue } from '../catalogue.ts';
import { Problem } from '../errors.ts';
import type { HeatmapSource } from '../heatmaps/open-heatmap.ts';
import { openedSlides } from '../slides/opened-slides.ts';
import { createThumbnails } from '../slides/thumbnail.ts';
import type { UploadLimits } from '../uploads/uploads.ts';
import { abortWhenClosed } from './deadline.ts';
import type { Tell } from './errors.ts';
import { impatient } from './impatient.ts';
import { listEntries } from './listing.ts';
import { parseQuery } from './parameters.ts';
import { listingQuery, slidePyramidQuery, thumbnailQuery } from './query.ts';
import { sendBody } from './send-body.ts';
import { deepZoomXml } from './tile-path.ts';

const TYPES = { jpeg: 'image/jpeg', png: 'image/png' } as const;

/** Longer side of a thumbnail unless asked for otherwise. */
const THUMBNAIL_SIZE = 256;

/** Slides that are listed at once unless asked for otherwise. */
const SLIDES_AT_ONCE = 200;

/** Milliseconds for which a list waits for slides of other servers, of which one may be down. */
const PATIENCE = 1000;

/** What tells of a slide of another server. */
const REMOTE = /\.json$/i;

/**
 * The catalogue of slides, and the Deep Zoom descriptor and the thumbnail of each.
 * @param uploads what visitors may add, if anything
 */
export function slideRoutes(
  catalogue: Catalogue,
  source: HeatmapSource,
  tell: Tell,
  uploads?: Pick<UploadLimits, 'bytes' | 'lifetime'>,
): Router {
  const router = new Router();
  const reader = openedSlides();
  const thumbnails = createThumbnails();

  const farHeader = impatient(source.slideHeader, PATIENCE);

  router.get('/slides', async (ctx) => {
    const describe = async (file: string) => {
      const header = REMOTE.test(file) ? farHeader : source.slideHeader;
      const { title, width, height, mpp, format } = await header(file);
      return { ...(title !== undefined && { title }), width, height, mpp, format };
    };
    const { filter, after, limit = SLIDES_AT_ONCE } = parseQuery(listingQuery, ctx.query);
    const { readable, unreadable, next } = await listEntries(catalogue, describe, tell, { filter, after, limit });
    ctx.set('Cache-Control', 'no-cache');
    ctx.body = {
      slides: readable,
      unreadable,
      next: next === null ? null : nextAddress({ filter, after: next, limit }),
      uploads: uploads ? { bytes: uploads.bytes, seconds: uploads.lifetime / 1000 } : null,
    };
  });

  router.get('/slides/:descriptor', async (ctx) => {
    const id = /^(.+)\.dzi$/.exec(ctx.params.descriptor)?.[1];
    if (id === undefined) throw new Problem('not-found', `${ctx.path}: expected an address that ends in .dzi`);
    const { format = 'jpeg' } = parseQuery(slidePyramidQuery, ctx.query);
    const { width, height, tileSize } = await source.slide(await catalogue.resolve(id));
    ctx.set('Cache-Control', 'no-cache');
    ctx.type = 'application/xml';
    ctx.body = deepZoomXml({ width, height, tileSize, overlap: 0, format });
  });

  for (const format of ['jpeg', 'png'] as const) {
    router.get(`/slides/:slide/thumbnail.${format}`, async (ctx) => {
      const { size = THUMBNAIL_SIZE } = parseQuery(thumbnailQuery, ctx.query);
      const signal = abortWhenClosed(ctx);
      const slide = await source.slide(await catalogue.resolve(ctx.params.slide));
      const body = await thumbnails.get(reader(slide), size, format, signal);
      sendBody(ctx, body, { type: TYPES[format], cacheControl: 'no-cache' });
    });
  }

  return router;
}

/** Of the next part of the list, relative to the server's own. */
function nextAddress({ filter, after, limit }: { filter?: string; after: string; limit: number }): string {
  const query = new URLSearchParams({ ...(filter !== undefined && { filter }), after, limit: String(limit) });
  return `slides?${query}`;
}

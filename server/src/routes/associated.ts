import Router from '@koa/router';
import type { Catalogue } from '../catalogue.ts';
import { Problem } from '../errors.ts';
import { listAssociated, readAssociated } from '../slides/associated-images.ts';
import { encodeImage } from '../slides/deep-zoom-tile.ts';
import { pictureCoding } from '../slides/picture-coding.ts';
import { noQuery, parseQuery } from './parameters.ts';
import { sendBody } from './send-body.ts';

const FORMATS = { jpeg: 'image/jpeg', png: 'image/png' } as const;

/**
 * The pictures that files have beside their slides.
 * @param labels whether those that show the slide's label, and so patients' names, are served
 */
export function associatedRoutes(catalogue: Catalogue, labels: boolean): Router {
  const router = new Router();

  router.get('/slides/:slide/associated', async (ctx) => {
    parseQuery(noQuery, ctx.query);
    ctx.set('Cache-Control', 'no-cache');
    ctx.body = { associated: await listAssociated(await catalogue.resolve(ctx.params.slide), labels) };
  });

  router.get('/slides/:slide/associated/:image', async (ctx) => {
    parseQuery(noQuery, ctx.query);
    const { slide, image } = ctx.params;
    const [, name, format] = /^(.+)\.(jpeg|png)$/.exec(image) ?? [];
    if (format !== 'jpeg' && format !== 'png') {
      throw new Problem('not-found', `${ctx.path}: expected the name of an image and .jpeg or .png`);
    }
    const pixels = await readAssociated(await catalogue.resolve(slide), name, labels);
    sendBody(ctx, await encodeImage(pixels, pictureCoding(format)), {
      type: FORMATS[format],
      cacheControl: 'no-cache',
    });
  });

  return router;
}

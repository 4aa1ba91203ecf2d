import Router from '@koa/router';
import type { Context } from 'koa';
import { Problem } from '../errors.ts';
import type { Upload, Uploads } from '../uploads/uploads.ts';
import { abortWhenClosed } from './deadline.ts';
import { parseQuery } from './parameters.ts';
import { uploadChange, uploadQuery } from './query.ts';

/** Milliseconds for which a refused client may go on sending: cut off at once it would never read why. */
const LINGER = 5000;

/** Images that visitors add; pages of other origins are refused like all that would change something. */
export function uploadRoutes(uploads: Uploads): Router {
  const router = new Router();

  router.post('/uploads', async (ctx) => {
    try {
      if (/^multipart\//i.test(ctx.get('Content-Type'))) {
        throw new Problem('bad-parameter', 'body: expected the image itself, found a form (multipart/form-data)');
      }
      const { name = 'image', mpp } = parseQuery(uploadQuery, ctx.query);
      const length = ctx.get('Content-Length') === '' ? undefined : ctx.request.length;
      const upload = await uploads.receive(ctx.req, { name, mpp, length, signal: abortWhenClosed(ctx) });
      ctx.set('Location', `uploads/${encodeURIComponent(upload.id)}`);
      await answer(ctx, upload);
      ctx.status = 201;
    } catch (error) {
      linger(ctx);
      throw error;
    }
  });

  router.get('/uploads/:id', async (ctx) => answer(ctx, uploads.find(ctx.params.id)));

  router.put('/uploads/:id', async (ctx) => {
    const { mpp } = parseQuery(uploadChange, ctx.query);
    if (mpp === undefined) throw new Problem('bad-parameter', 'mpp: expected microns per pixel, found nothing');
    await answer(ctx, await uploads.setMpp(ctx.params.id, mpp));
  });

  router.delete('/uploads/:id', async (ctx) => {
    await uploads.remove(ctx.params.id);
    ctx.status = 204;
  });

  return router;
}

/** Answers with an upload as a slide of the list. */
async function answer(ctx: Context, { id, file, title, source }: Upload): Promise<void> {
  const { width, height, mpp, format } = await source.slideHeader(file);
  ctx.set('Cache-Control', 'no-store');
  ctx.body = { id, title, width, height, mpp, format };
}

/** Takes and drops what a client still sends, for a while. */
function linger({ req }: Context): void {
  req.resume();
  setTimeout(() => {
    if (!req.complete) req.destroy();
  }, LINGER).unref();
}

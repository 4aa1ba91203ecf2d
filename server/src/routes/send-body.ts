import { createHash } from 'node:crypto';
import type { Context } from 'koa';

/** Answers with bytes and their hash as ETag, or with 304 where the client has them. */
export function sendBody(
  ctx: Context,
  body: Uint8Array,
  { type, cacheControl }: { type: string; cacheControl: string },
) {
  ctx.status = 200;
  ctx.set('Cache-Control', cacheControl);
  ctx.type = type;
  ctx.etag = createHash('sha256').update(body).digest('base64url').slice(0, 22);
  if (ctx.fresh) {
    ctx.status = 304;
    return;
  }
  ctx.body = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import Router from '@koa/router';
import { sendBody } from './send-body.ts';

/** The files of the page, by path from its root: `index.html`, `page.js`. */
export type Page = ReadonlyMap<string, { type: string; body: Buffer }>;

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
};

/** Reads the built page: a few files, kept in memory, so that no path of a request ever reaches the disk. */
export async function readPage(folder: string): Promise<Page> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && extname(entry.name) in TYPES);
  return new Map(
    await Promise.all(
      files.map(async (entry): Promise<[string, { type: string; body: Buffer }]> => {
        const file = join(entry.parentPath, entry.name);
        const path = relative(folder, file).split(sep).join('/');
        return [path, { type: TYPES[extname(file)], body: await readFile(file) }];
      }),
    ),
  );
}

const HTML = TYPES['.html'];
const EMBEDDED = 'embed.html';
/** Where the embedded page reads who may talk to it. */
const ORIGINS_PLACE = '<meta name="embed-origins" content="">';

/**
 * The page at `/`, which only pages of its own origin may frame, and the one for frames at `/embed`.
 * @param embed further origins whose pages may frame that, as browsers spell them
 */
export function pageRoutes(page: Page, embed: readonly string[]): Router {
  const router = new Router();
  const embedded = page.get(EMBEDDED)?.body.toString();
  if (embedded !== undefined) {
    const origins = ORIGINS_PLACE.replace('""', `"${embed.join(' ')}"`);
    const body = Buffer.from(embedded.replace(ORIGINS_PLACE, origins));
    router.get('/embed', (ctx) => {
      ctx.set('Content-Security-Policy', `frame-ancestors ${["'self'", ...embed].join(' ')}`);
      ctx.set('X-Content-Type-Options', 'nosniff');
      sendBody(ctx, body, { type: HTML, cacheControl: 'no-cache' });
    });
  }
  router.get(/^\/(.*)$/, async (ctx, next) => {
    const path = ctx.path === '/' ? 'index.html' : ctx.path.slice(1);
    const file = path === EMBEDDED ? undefined : page.get(path);
    if (!file) return next();
    if (file.type === HTML) ctx.set('Content-Security-Policy', "frame-ancestors 'self'");
    ctx.set('X-Content-Type-Options', 'nosniff');
    sendBody(ctx, file.body, { type: file.type, cacheControl: 'no-cache' });
  });
  return router;
}

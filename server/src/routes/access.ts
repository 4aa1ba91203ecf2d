import { isIP } from 'node:net';
import type { Context, Next } from 'koa';

const EXPOSED_HEADERS = 'ETag, Retry-After, X-Cam-Missing, X-Cam-Revision';
const PREFLIGHT_SECONDS = 600;

/** Characters of a header that a message shows. */
const MOST_SHOWN = 200;

/**
 * Lets pages of the named origins read answers; `*` stands for any, without credentials. No origin is let in unless it
 * was named: slides are patients' data, and a local server is within reach of every page its user opens.
 */
export function allowOrigins(origins: readonly string[]) {
  return async function cors(ctx: Context, next: Next) {
    const origin = ctx.get('Origin');
    const any = origins.includes('*');
    if (origins.length > 0 && !any) ctx.vary('Origin');
    const allowed = isAllowed(origins, origin);
    if (allowed) {
      ctx.set('Access-Control-Allow-Origin', any ? '*' : origin);
      ctx.set('Access-Control-Expose-Headers', EXPOSED_HEADERS);
      if (!any) ctx.set('Access-Control-Allow-Credentials', 'true');
    }
    if (allowed && ctx.method === 'OPTIONS' && ctx.get('Access-Control-Request-Method')) {
      ctx.set('Access-Control-Allow-Methods', mayPost(ctx) ? 'GET, HEAD, POST' : 'GET, HEAD');
      const headers = ctx.get('Access-Control-Request-Headers');
      if (headers) ctx.set('Access-Control-Allow-Headers', headers);
      ctx.set('Access-Control-Max-Age', String(PREFLIGHT_SECONDS));
      ctx.status = 204;
      return;
    }
    await next();
  };
}

function isAllowed(origins: readonly string[], origin: string): boolean {
  return origin !== '' && (origins.includes('*') || origins.includes(origin));
}

/** What is on a screen, and a polygon, are told by `POST`, but that changes no more than asking for tiles or a rectangle does. */
function mayPost(ctx: Context): boolean {
  return ctx.path === '/view' || /^\/heatmaps\/[^/]+\/[^/]+\/breakdown$/.test(ctx.path);
}

/**
 * Refuses requests that change something and come from a page of another origin, named or not. Browsers send some of them
 * without asking first, so leaving out the answer's headers is not enough.
 */
export function refuseForeignChanges(origins: readonly string[]) {
  return async function foreignChanges(ctx: Context, next: Next) {
    const origin = ctx.get('Origin');
    const changes = !['GET', 'HEAD', 'OPTIONS'].includes(ctx.method);
    const isOwn = URL.canParse(origin) && new URL(origin).host === ctx.get('Host');
    const mayRead = mayPost(ctx) && isAllowed(origins, origin);
    if (changes && origin !== '' && !isOwn && !mayRead) {
      refuse(ctx, 'foreign-origin', `Origin: expected this server's own, found ${origin.slice(0, MOST_SHOWN)}`);
      return;
    }
    await next();
  };
}

function refuse(ctx: Context, code: string, message: string): void {
  ctx.status = 403;
  ctx.body = { error: { code, message } };
}

const LOOPBACK_NAME = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;

/** Whether an address that a server listens on can be reached from this machine only. */
export function isLoopback(host: string): boolean {
  return host === '::1' || LOOPBACK_NAME.test(host);
}

/**
 * Answers only requests whose Host is a name that leads here by right. Without it a page anywhere could have its own name
 * resolve to this server's address (DNS rebinding) and read the slides as its own origin.
 *
 * Loopback names are always right, and those that are allowed. A server that others reach is known by names that only its users
 * know: all are right unless some are allowed, and then addresses are as well, as no page can make one its own.
 * @param host that the server listens on
 * @param allowed names without a port, as URLs write them
 */
export function answerOwnNames(host: string, allowed: readonly string[]) {
  const isLocal = isLoopback(host);
  const expected = [...allowed, isLocal ? 'a loopback name such as localhost' : 'an address'].join(', ');
  return async function ownNames(ctx: Context, next: Next) {
    const found = ctx.get('Host');
    if ((isLocal || allowed.length > 0) && !LOOPBACK_NAME.test(found)) {
      const name = /^(.*?)\.?(:\d+)?$/.exec(found)?.[1].toLowerCase() ?? '';
      const isAddress = !isLocal && isIP(name.replace(/^\[|\]$/g, '')) !== 0;
      if (!isAddress && name !== host.toLowerCase() && !allowed.includes(name)) {
        const message = `Host: expected ${expected}, found ${found.slice(0, MOST_SHOWN) || 'none'}; --allowed-host names others`;
        refuse(ctx, 'foreign-host', message);
        return;
      }
    }
    await next();
  };
}

import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Context, Next } from 'koa';
import { LRUCache } from 'lru-cache';

/** Bytes of tiles kept; only exact ones are, for they never change. */
const KEPT_BYTES = 16 * 1024 ** 2;

/** Addresses whose tile is found without looking at slide, model and options again, and for how long that holds. */
const MAX_ADDRESSES = 4000;
const ADDRESS_MILLISECONDS = 1000;

/** Bodies smaller than this are not worth compressing. */
const COMPRESS_FROM_BYTES = 1024;

/** A tile as it is sent, with everything that is worked out once. */
export interface KeptTile {
  body: Buffer;
  /** Undefined where compressing saves nothing. */
  gzip: Buffer | undefined;
  etag: string;
  type: string;
}

/** Exact tiles, and the addresses under which they were asked for. */
export interface KeptTiles {
  get(key: string): KeptTile | undefined;
  set(key: string, tile: KeptTile): void;
  /** For a second, requests for this address get this tile. */
  remember(address: string, tile: KeptTile, cacheControl: string): void;
  /** Answers such requests before anything else looks at them. */
  middleware(ctx: Context, next: Next): Promise<void>;
}

/** Compresses and hashes a tile. @param compressible whether its format is not compressed already */
export function keptTile(body: Uint8Array, type: string, compressible: boolean): KeptTile {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const gzip = compressible && bytes.length >= COMPRESS_FROM_BYTES ? gzipSync(bytes, { level: 1 }) : undefined;
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
  return { body: bytes, gzip: gzip && gzip.length < bytes.length ? gzip : undefined, etag, type };
}

/** Answers with a tile, or with 304 where the client has it. */
export function sendTile(ctx: Context, tile: KeptTile, cacheControl: string): void {
  ctx.status = 200;
  ctx.set('Cache-Control', cacheControl);
  ctx.set('ETag', tile.etag);
  ctx.set('Content-Type', tile.type);
  // The body depends on it, so a cache has to keep both.
  if (tile.gzip) ctx.vary('Accept-Encoding');
  if (ctx.get('If-None-Match') !== '' && ctx.fresh) {
    ctx.status = 304;
    return;
  }
  const packed = tile.gzip && ctx.acceptsEncodings('gzip') === 'gzip' ? tile.gzip : undefined;
  if (packed) ctx.set('Content-Encoding', 'gzip');
  ctx.body = packed ?? tile.body;
}

export function createKeptTiles(): KeptTiles {
  const tiles = new LRUCache<string, KeptTile>({
    maxSize: KEPT_BYTES,
    sizeCalculation: ({ body, gzip }) => body.byteLength + (gzip?.byteLength ?? 0) + 400,
  });
  // Weak: an address that is out of date stays until there are too many, and must not hold a tile that long.
  const addresses = new LRUCache<string, { tile: WeakRef<KeptTile>; cacheControl: string }>({
    max: MAX_ADDRESSES,
    ttl: ADDRESS_MILLISECONDS,
    ttlResolution: 100,
  });
  return {
    get: (key) => tiles.get(key),
    set: (key, tile) => {
      tiles.set(key, tile);
    },
    remember(address, tile, cacheControl) {
      addresses.set(address, { tile: new WeakRef(tile), cacheControl });
    },
    async middleware(ctx, next) {
      const found = ctx.method === 'GET' ? addresses.get(ctx.url) : undefined;
      const tile = found?.tile.deref();
      if (!found || !tile) return next();
      ctx.set('X-Cam-Missing', '0');
      sendTile(ctx, tile, found.cacheControl);
    },
  };
}

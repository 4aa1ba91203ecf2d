import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Context, Next } from 'koa';
import { LRUCache } from 'lru-cache';

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
  /** Known patches behind a heatmap's. */
  revision?: number;
}

/** Tiles that never change, and the addresses under which they were asked for. */
export interface KeptTiles {
  get(key: string): KeptTile | undefined;
  set(key: string, tile: KeptTile): void;
  /** For a second, requests for this address get the tile of this key. */
  remember(address: string, key: string, cacheControl: string): void;
  /** Answers such requests before anything else looks at them. */
  middleware(ctx: Context, next: Next): Promise<void>;
}

/**
 * Compresses and hashes a tile.
 * @param compressible whether its format is not compressed already
 */
export function keptTile(
  body: Uint8Array,
  { type, revision, compressible }: { type: string; revision?: number; compressible: boolean },
): KeptTile {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const gzip = compressible && bytes.length >= COMPRESS_FROM_BYTES ? gzipSync(bytes, { level: 1 }) : undefined;
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
  return { body: bytes, gzip: gzip && gzip.length < bytes.length ? gzip : undefined, etag, type, revision };
}

/** Answers with a tile, or with 304 where the client has it. */
export function sendTile(ctx: Context, tile: KeptTile, cacheControl: string): void {
  ctx.status = 200;
  ctx.set('Cache-Control', cacheControl);
  ctx.set('ETag', tile.etag);
  ctx.set('Content-Type', tile.type);
  if (tile.revision !== undefined) ctx.set('X-Cam-Revision', String(tile.revision));
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

/** @param bytes how much of them is kept at most */
export function createKeptTiles({ bytes }: { bytes: number }): KeptTiles {
  const tiles = new LRUCache<string, KeptTile>({
    maxSize: bytes,
    sizeCalculation: ({ body, gzip }) => body.byteLength + (gzip?.byteLength ?? 0) + 400,
  });
  const addresses = new LRUCache<string, { key: string; cacheControl: string }>({
    max: MAX_ADDRESSES,
    ttl: ADDRESS_MILLISECONDS,
    ttlResolution: 100,
  });
  return {
    get: (key) => tiles.get(key),
    set: (key, tile) => {
      tiles.set(key, tile);
    },
    remember(address, key, cacheControl) {
      // Not the tile itself: it would be held beyond the bound of those that are kept.
      addresses.set(address, { key, cacheControl });
    },
    async middleware(ctx, next) {
      const found = ctx.method === 'GET' ? addresses.get(ctx.url) : undefined;
      const tile = found && tiles.get(found.key);
      if (!tile) return next();
      ctx.set('X-Cam-Missing', '0');
      sendTile(ctx, tile, found.cacheControl);
    },
  };
}

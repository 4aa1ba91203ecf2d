import type { IncomingMessage, ServerResponse } from 'node:http';
import sharp from 'sharp';
import { crop, image } from '../pictures.ts';

/** What a server of the IIIF Image API makes of a picture. */
export interface IiifServed {
  version: 2 | 3;
  /** Of compliance. */
  level: 1 | 2;
  /** Its `info.json`, but for what every one has. */
  info?: object;
  /** How the height of version 2 follows from the width. */
  round?: (height: number) => number;
}

/**
 * Answers requests for regions and sizes of a picture, `/NAME/info.json` and
 * `/NAME/{region}/{size}/0/default.{png,jpg}`, and nothing that its level of compliance does not promise.
 */
export function iiifServer(
  source: { data: Uint8Array; width: number; height: number },
  { version, level, info = {}, round = Math.round }: IiifServed,
) {
  const api = `http://iiif.io/api/image/${version}`;
  const about =
    version === 3
      ? { id: 'https://elsewhere.example/x', type: 'ImageService3', profile: `level${level}` }
      : { '@id': 'https://elsewhere.example/x', profile: [`${api}/level${level}.json`] };
  const size = { width: source.width, height: source.height };
  const descriptor = { '@context': `${api}/context.json`, protocol: 'http://iiif.io/api/image', ...about, ...size };
  return async ({ url = '' }: IncomingMessage, response: ServerResponse) => {
    const path = new URL(url, 'http://a/').pathname;
    if (path.endsWith('/info.json')) {
      response.writeHead(200, { 'content-type': 'application/ld+json;profile="x"' });
      return response.end(JSON.stringify({ ...descriptor, ...info }));
    }
    const [, region, wanted, format] = /\/([^/]+)\/([^/]+)\/0\/default\.(png|jpg)$/.exec(path) ?? [];
    const [x, y, width, height] = region === 'full' ? [0, 0, size.width, size.height] : region.split(',').map(Number);
    const target = sizeOf(wanted, { width, height });
    const isInside = x + width <= size.width && y + height <= size.height;
    if (target === null || !isInside) return response.writeHead(400).end(`${region} ${wanted}`);
    const pixels = image(crop(source, { x, y, width, height }), width, height);
    const scaled = sharp(await pixels.png().toBuffer()).resize(target.width, target.height, { fit: 'fill' });
    const body = await (format === 'png' ? scaled.png() : scaled.jpeg({ quality: 90 })).toBuffer();
    return response.writeHead(200, { 'content-type': `image/${format === 'png' ? 'png' : 'jpeg'}` }).end(body);
  };

  /** Null for what it does not make. */
  function sizeOf(text: string, region: { width: number; height: number }): { width: number; height: number } | null {
    if (text === (version === 3 ? 'max' : 'full')) return region;
    const [, width, height] = /^(\d+),(\d*)$/.exec(text) ?? [];
    if (width === undefined) return null;
    if (height === '') {
      const following = Math.max(1, round((region.height * Number(width)) / region.width));
      return { width: Number(width), height: following };
    }
    return version === 2 && level < 2 ? null : { width: Number(width), height: Number(height) };
  }
}

import type { RemoteImage, RemoteLevel } from './remote-image.ts';
import type { RemoteSource } from './source-file.ts';

/**
 * Tiles by `{z}/{x}/{y}`, as servers of maps and many of one's own have them: `z` counts the levels from the smallest, 0, to full
 * resolution, each half of the next, rounded up.
 * @throws Error that says for the end of a sentence what is wrong with it
 */
export function remoteTemplate(source: Extract<RemoteSource, { type: 'template' }>): RemoteImage {
  const { url, width, height, tileSize } = source;
  const single = Math.max(0, Math.ceil(Math.log2(Math.max(width, height) / tileSize)));
  const count = source.levels ?? single + 1;
  const tile = { width: tileSize, height: tileSize };
  const levels = Array.from({ length: Math.min(count, single + 1) }, (_, distance): RemoteLevel => {
    const scale = 2 ** distance;
    const size = { width: Math.ceil(width / scale), height: Math.ceil(height / scale) };
    return { ...size, tile, overlap: 0, padded: true, address: url.replaceAll('{z}', String(count - 1 - distance)) };
  });
  return { format: 'tiles', width, height, levels };
}

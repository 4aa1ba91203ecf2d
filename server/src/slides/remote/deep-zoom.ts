import { DESCRIPTOR_BYTES, deepZoomKind, deepZoomLevels, parseDeepZoom } from '../deep-zoom-source.ts';
import { xmlText } from '../xml-attributes.ts';
import type { Fetcher } from './fetcher.ts';
import type { RemoteImage } from './remote-image.ts';
import type { SourceHeaders } from './source-headers.ts';

const COLLECTION = 'it is a Deep Zoom collection (.dzc) of many images, the .dzi of one of them was expected';

/**
 * A Deep Zoom image behind its descriptor, XML or JSON. Its tiles are looked for beside where the descriptor was found in the
 * end, with the same query.
 * @throws RemoteError; Error that says for the end of a sentence what is wrong with the descriptor
 */
export async function remoteDeepZoom(
  { url }: { url: string },
  fetcher: Fetcher,
  headers?: SourceHeaders,
): Promise<RemoteImage> {
  if (/\.dzc$/i.test(new URL(url).pathname)) throw new Error(COLLECTION);
  const wanted = { kind: 'descriptor', mostBytes: DESCRIPTOR_BYTES, headers } as const;
  const { bytes, address } = await fetcher.fetch(url, wanted);
  const text = xmlText(bytes);
  if (deepZoomKind(text) === 'collection' || /^\s*\{\s*"Collection"/.test(text)) throw new Error(COLLECTION);
  const image = parseDeepZoom(text);
  const folder = tilesFolder(new URL(address));
  const levels = deepZoomLevels(image).map(({ width, height, level, tileSize, overlap, format }) => {
    const tile = { width: tileSize, height: tileSize };
    return { width, height, tile, overlap, address: folder.replace('{}', `${level}/{x}_{y}.${format}`) };
  });
  return { format: 'Deep Zoom', width: image.width, height: image.height, levels };
}

/** `.../NAME_files/{}?query` of `.../NAME.dzi?query`; braces that it has itself are encoded by the URL. */
function tilesFolder(descriptor: URL): string {
  const { origin, pathname, search } = descriptor;
  const name = pathname.replace(/\/$/, '').replace(/\.(dzi|xml|json|js)$/i, '');
  return `${origin}${name}_files/{}${search}`;
}

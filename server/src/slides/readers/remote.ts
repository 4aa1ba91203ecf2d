import { createHash } from 'node:crypto';
import { Problem } from '../../errors.ts';
import { emptyPixels } from '../copy-pixels.ts';
import { MOST_PIXELS, SMALLEST_TILE } from '../deep-zoom-source.ts';
import { unreadable } from '../image-file.ts';
import type { Reader } from '../readers.ts';
import type { Recognized } from '../recognize.ts';
import { createCurrency } from '../remote/currency.ts';
import { remoteDeepZoom } from '../remote/deep-zoom.ts';
import { remoteIiif } from '../remote/iiif.ts';
import { remoteFetcher } from '../remote/process-fetcher.ts';
import { RemoteError } from '../remote/remote-error.ts';
import type { RemoteImage, RemoteLevel } from '../remote/remote-image.ts';
import { fetchTile, remoteProblem, remoteSource, shownAddress } from '../remote/remote-source.ts';
import { type RemoteSource, readSourceFile } from '../remote/source-file.ts';
import { type SourceHeaders, sourceHeaders } from '../remote/source-headers.ts';
import { remoteTemplate } from '../remote/template.ts';
import type { SlideDescription, SlideHeader } from '../slide.ts';
import { hasOverview } from '../tiff-levels.ts';
import { type GridTile, sampledTiles, servedTileSize } from '../tile-grid.ts';

/** Tiles of the full resolution that the fingerprint looks into. */
const SAMPLED_TILES = 16;

/** Seconds after which a slide that is used is compared with what its server has. */
const COMPARE_SECONDS = 60;

const currency = createCurrency(COMPARE_SECONDS);

/** Images of tile servers that already run, which a JSON file tells of; see `source-file.ts`. */
export const remoteReader: Reader = {
  header: async (recognized) => (await inspect(recognized)).header,

  async describe(recognized, { version }) {
    const { header, image, source } = await inspect(recognized);
    const { file, format, reader, width, height, mpp } = header;
    const [full] = image.levels;
    const description: SlideDescription = {
      ...{ file, format, reader, width, height, mpp, regionFile: file, version, levels: image.levels },
      tileSize: servedTileSize(full.tile),
      mppPlace: 'in the file itself, as "mpp": 0.5',
      fingerprint: await remoteFingerprint(file, source, image),
    };
    await remoteSource(description, remoteFetcher).fill(0, [emptyPixels({ x: 0, y: 0, width: 1, height: 1 })]);
    return description;
  },

  isCurrent: ({ file, fingerprint }) =>
    currency.isCurrent(fingerprint, async () => {
      const { image, source } = await inspect({ file });
      return remoteFingerprint(file, source, image);
    }),

  open: (description) => remoteSource(description, remoteFetcher),
};

async function inspect({ file }: Pick<Recognized, 'file'>) {
  const source = await readSourceFile(file);
  const image = await imageOf(source).catch((error: unknown) => {
    throw remoteProblem(file, shownAddress(source.url), error);
  });
  const { format, width, height, levels } = image;
  if (width * height > MOST_PIXELS) {
    throw unreadable(file, `it has ${width} x ${height} pixels, at most ${MOST_PIXELS} were expected`);
  }
  const narrow = levels.find((level) => !hasUsableTiles(level));
  if (narrow !== undefined) {
    const { tile } = narrow;
    throw unreadable(
      file,
      `its tiles have ${tile.width} x ${tile.height} pixels, at least ${SMALLEST_TILE} a side were expected`,
    );
  }
  if (!hasOverview(levels)) {
    const smallest = levels.at(-1) ?? image;
    throw unreadable(
      file,
      `its smallest level has ${smallest.width} x ${smallest.height} pixels, one for overviews of at most 4096 a side was expected`,
    );
  }
  const header: SlideHeader = {
    ...{ file, format: `${format} (remote)`, reader: 'remote', width, height, mpp: source.mpp ?? null },
    ...{ objective: null, channels: [], ...(source.title !== undefined && { title: source.title }) },
    levels: levels.map((level) => ({ width: level.width, height: level.height })),
  };
  return { header, image, source };
}

async function imageOf(source: RemoteSource): Promise<RemoteImage> {
  const headers = sourceHeaders(source.url, source.headers);
  const image = await imageBehind(source, headers);
  return { ...image, levels: image.levels.map((level) => ({ ...level, headers })) };
}

async function imageBehind(source: RemoteSource, headers: SourceHeaders | undefined): Promise<RemoteImage> {
  if (source.type === 'dzi') return remoteDeepZoom(source, remoteFetcher(), headers);
  if (source.type === 'iiif') return remoteIiif(source, remoteFetcher(), headers);
  return remoteTemplate(source);
}

/** Whether tiles are large enough to be fetched one by one; a level that is a single one may be of any size. */
function hasUsableTiles({ width, height, tile }: RemoteLevel): boolean {
  return tile.width >= Math.min(SMALLEST_TILE, width) && tile.height >= Math.min(SMALLEST_TILE, height);
}

/**
 * Of the levels and of tiles spread over the full resolution, or of their absence. Neither the address nor the file counts: a
 * server that moves keeps its slides.
 */
async function remoteFingerprint(file: string, { type }: RemoteSource, { levels }: RemoteImage): Promise<string> {
  const [full] = levels;
  const layout = levels.map(({ width, height, tile, overlap }) => [width, height, tile.width, tile.height, overlap]);
  const hash = createHash('sha256').update(JSON.stringify([type, layout]));
  const tiles = sampledTiles(full, SAMPLED_TILES);
  const found = await Promise.all(tiles.map((tile) => sample(file, full, tile)));
  found.forEach((tile, i) => {
    hash.update(` ${tiles[i].row} ${tiles[i].column} `).update(tile);
  });
  return hash.digest('hex').slice(0, 16);
}

async function sample(file: string, level: RemoteLevel, tile: GridTile): Promise<Uint8Array | string> {
  try {
    return (await fetchTile(file, level, tile, remoteFetcher())).bytes;
  } catch (error) {
    if (error instanceof Problem && error.cause instanceof RemoteError && error.cause.kind === 'missing') {
      return 'missing';
    }
    throw error;
  }
}

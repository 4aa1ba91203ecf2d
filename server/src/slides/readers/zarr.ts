import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import * as zarr from 'zarrita';
import type { Size } from '../../../../shared/geometry/deep-zoom.ts';
import { emptyPixels } from '../copy-pixels.ts';
import { LONGEST_SIDE, SMALLEST_TILE } from '../deep-zoom-source.ts';
import { fileVersion } from '../file-version.ts';
import { reason, unreadable } from '../image-file.ts';
import { PYRAMID_TILE_SIZE } from '../lossless-pyramid.ts';
import { type NgffImage, ngffImage, ngffSeries } from '../ngff-metadata.ts';
import type { Reader } from '../readers.ts';
import type { Recognized } from '../recognize.ts';
import type { SlideDescription, SlideHeader, ZarrLevel } from '../slide.ts';
import { levelDistance } from '../tiff-levels.ts';
import { servedTileSize } from '../tile-grid.ts';
import { LARGEST_CHUNK_BYTES, zarrFolder } from '../zarr-folder.ts';
import { chunkBytes, openZarrArray, type ZarrArray, zarrSource } from '../zarr-source.ts';

/** Without a level this small an overview would take the whole image each time. */
const LARGEST_OVERVIEW = 16_384;

/** Chunks of the full resolution that the fingerprint looks into, and how much of each. */
const SAMPLED_CHUNKS = 16;
const SAMPLED_BYTES = 65_536;

/** Images of OME-NGFF 0.4 (Zarr 2) and 0.5 (Zarr 3): a folder that is a group with `multiscales`, one array for each level. */
export const zarrReader: Reader = {
  header: async (recognized) => (await inspect(recognized)).header,

  async describe(recognized, { fingerprint }) {
    const { file, format, index = '' } = recognized;
    const { header, levels, tileSize } = await inspect(recognized);
    const { reader, width, height, mpp } = header;
    const [{ array, zarrFormat }] = levels;
    // Their times tell of metadata that were written anew, and of chunks that came or went.
    const companions = [index, array, `${array}/${zarrFormat === 2 ? '.zarray' : 'zarr.json'}`].map((path) =>
      join(file, path),
    );
    const version = await fileVersion(file, companions);
    const description: SlideDescription = {
      ...{ file, format, reader, width, height, mpp, regionFile: file, companions, version, levels, tileSize },
      fingerprint,
    };
    return { ...description, fingerprint: await sampledFingerprint(description) };
  },

  open: (description) => zarrSource(description),
};

interface Inspected {
  header: SlideHeader;
  levels: ZarrLevel[];
  tileSize: number;
}

async function inspect({ file, format, index }: Recognized): Promise<Inspected> {
  const zarrFormat = index === 'zarr.json' ? 3 : 2;
  try {
    const store = zarrFolder(await realpath(file));
    const { image, path } = await imageOf(store, zarrFormat);
    const levels: ZarrLevel[] = [];
    let tileSize = PYRAMID_TILE_SIZE;
    for (const [number, dataset] of image.datasets.entries()) {
      const array = path === '' ? dataset : `${path}/${dataset}`;
      const opened = await openZarrArray(store, array, zarrFormat).catch((error: unknown) => {
        throw new Error(`its array ${array}: ${reason(error)}`, { cause: error });
      });
      const level = { ...checkArray(array, opened, image), zarrFormat } as const;
      if (number === 0) {
        const [width, height] = [opened.chunks[level.axes.x], opened.chunks[level.axes.y]];
        tileSize = servedTileSize({ width, height });
      }
      if (number === 0 || isReduced(levels, level)) levels.push(level);
    }
    const [{ width, height }] = levels;
    checkOverview(levels[levels.length - 1]);
    const header: SlideHeader = {
      ...{ file, format, reader: 'zarr', width, height, mpp: image.mpp, objective: null },
      channels: image.channels.length < 2 ? [] : image.channels,
      levels: levels.map((level) => ({ width: level.width, height: level.height })),
    };
    return { header, levels, tileSize };
  } catch (error) {
    throw unreadable(file, reason(error), error);
  }
}

/** The image that a folder is, or its first series, and the path of its group. */
async function imageOf(store: ReturnType<typeof zarrFolder>, zarrFormat: 2 | 3) {
  const open = zarrFormat === 2 ? zarr.open.v2 : zarr.open.v3;
  const { attrs } = await open(zarr.root(store), { kind: 'group' });
  // Whatever JSON is there, for its type says more than is checked.
  const found: unknown = attrs;
  if (typeof found !== 'object' || found === null) throw new Error('its attributes: an object was expected');
  const path = ngffSeries(attrs) ?? '';
  const { attrs: own } = path === '' ? { attrs } : await open(zarr.root(store).resolve(path), { kind: 'group' });
  return { image: ngffImage(own, zarrFormat), path };
}

/** @throws Error for an array that is no level of an image */
function checkArray(path: string, array: ZarrArray, image: NgffImage): Omit<ZarrLevel, 'zarrFormat'> {
  const { shape, chunks, dtype } = array;
  if (dtype !== 'uint8' && dtype !== 'uint16') {
    throw new Error(`8 or 16 bits per channel were expected, its samples are of type ${dtype}`);
  }
  const { axes } = image;
  if (shape.length !== axes.length || chunks.length !== axes.length) {
    throw new Error(`its array ${path} has ${shape.length} axes, ${axes.length} were expected (${axes.join(', ')})`);
  }
  const isLength = (length: number) => Number.isInteger(length) && length >= 1 && length <= LONGEST_SIDE;
  if (!shape.every(isLength) || !chunks.every(isLength)) {
    throw new Error(
      `its array ${path} is ${shape.join(' x ')} in chunks of ${chunks.join(' x ')}, whole numbers above 0 were expected`,
    );
  }
  if (chunkBytes(array) > LARGEST_CHUNK_BYTES) {
    throw new Error(
      `its chunks are ${chunks.join(' x ')}, at most ${LARGEST_CHUNK_BYTES} bytes of samples were expected`,
    );
  }
  const [x, y, c] = ['x', 'y', 'c'].map((name) => axes.indexOf(name));
  if ([x, y].some((axis) => chunks[axis] < Math.min(SMALLEST_TILE, shape[axis]))) {
    throw new Error(`its chunks are ${chunks.join(' x ')}, at least ${SMALLEST_TILE} pixels a side were expected`);
  }
  const isColour = c >= 0 && shape[c] === 3 && image.isColour;
  return {
    ...{ width: shape[x], height: shape[y], array: path },
    axes: { x, y, ...(c >= 0 && { c }) },
    samples: isColour ? [0, 1, 2] : [0],
  };
}

/** Whether a level is the image divided by a power of two, and smaller than those before it. */
function isReduced(levels: readonly ZarrLevel[], level: Size): boolean {
  return levelDistance(levels[0], level) !== null && level.width < levels[levels.length - 1].width;
}

/** @throws Error */
function checkOverview({ width, height }: Size): void {
  if (Math.max(width, height) <= LARGEST_OVERVIEW) return;
  throw new Error(
    `its smallest level has ${width} x ${height} pixels; multiscales down to ${LARGEST_OVERVIEW} pixels a side, each a power of two smaller, were expected`,
  );
}

/** Of the metadata and of chunks spread over the full resolution, or of their absence; finds out whether they can be decoded. */
async function sampledFingerprint(description: SlideDescription): Promise<string> {
  const { width, height, fingerprint } = description;
  const hash = createHash('sha256').update(fingerprint);
  const read = new Map<string, Uint8Array>();
  const source = zarrSource(description, (key, bytes) => read.set(key, bytes));
  const across = Math.ceil(Math.sqrt(SAMPLED_CHUNKS));
  const along = (length: number) =>
    Array.from({ length: across }, (_, i) => Math.round(((length - 1) * i) / (across - 1)));
  for (const y of along(height)) {
    // Row by row, so that no more than a row of chunks is held.
    await source.fill(
      0,
      along(width).map((x) => emptyPixels({ x, y, width: 1, height: 1 })),
    );
    for (const [key, bytes] of [...read].sort(([a], [b]) => (a < b ? -1 : 1))) {
      hash.update(` ${key} ${bytes.length} `).update(bytes.subarray(0, SAMPLED_BYTES));
    }
    read.clear();
  }
  return hash.digest('hex').slice(0, 16);
}

import { realpath } from 'node:fs/promises';
import { LRUCache } from 'lru-cache';
import * as zarr from 'zarrita';
import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';
import { copyOverlap, type RegionPixels } from './copy-pixels.ts';
import { reason, unreadable } from './image-file.ts';
import type { RegionSource } from './readers.ts';
import type { SlideDescription, ZarrLevel } from './slide.ts';
import { registerBoundedCodecs } from './zarr-codecs.ts';
import { LARGEST_CHUNK_BYTES, zarrFolder } from './zarr-folder.ts';

export type ZarrArray = Awaited<ReturnType<typeof openZarrArray>>;

/** Chunks that are decoded at once, and the bytes of their samples together. */
const CHUNKS_AT_ONCE = 8;
const BYTES_AT_ONCE = 2 * LARGEST_CHUNK_BYTES;

/** Memory for the pixels of chunks that may be wanted again, of all slides of the process: chunks are larger than patches. */
const KEPT_BYTES = 32 * 1024 ** 2;
const kept = new LRUCache<string, RegionPixels>({
  maxSize: KEPT_BYTES,
  sizeCalculation: ({ data }) => data.length + 200,
});

/** The chunks that lie over one rectangle of the level, one for each channel or one for all. */
interface NeededChunks {
  row: number;
  column: number;
  regions: RegionPixels[];
}

/** Opens an array of a Zarr folder. @param zarrFormat 2 or 3 @throws Error */
export async function openZarrArray(store: ReturnType<typeof zarrFolder>, path: string, zarrFormat: 2 | 3) {
  registerBoundedCodecs();
  const location = zarr.root(store).resolve(path);
  return zarrFormat === 2
    ? zarr.open.v2(location, { kind: 'array', attrs: false })
    : zarr.open.v3(location, { kind: 'array' });
}

/** Bytes of the samples of a chunk. */
export function chunkBytes({ chunks, dtype }: ZarrArray): number {
  return chunks.reduce((a, b) => a * b, dtype === 'uint16' ? 2 : 1);
}

/**
 * Pixels of an OME-Zarr image: whole chunks are decoded, of the first point in time and the first plane.
 * @param onBytes sees everything that is read
 */
export function zarrSource(
  { regionFile, fingerprint, version, levels }: SlideDescription,
  onBytes?: (key: string, bytes: Uint8Array) => void,
): RegionSource {
  const arrays = new Map<number, Promise<ZarrArray>>();
  const opened = (number: number, level: ZarrLevel) => {
    const found = arrays.get(number);
    if (found !== undefined) return found;
    const opening = realpath(regionFile).then((root) =>
      openZarrArray(zarrFolder(root, onBytes), level.array, level.zarrFormat),
    );
    arrays.set(number, opening);
    opening.catch(() => arrays.delete(number));
    return opening;
  };

  const pixelsOf = async (number: number, level: ZarrLevel, array: ZarrArray, { row, column }: NeededChunks) => {
    const key = `${regionFile} ${fingerprint} ${version} ${number} ${row} ${column}`;
    // Who wants to see the bytes wants them read.
    const found = onBytes === undefined ? kept.get(key) : undefined;
    if (found !== undefined) return found;
    const pixels = await decodeChunks(level, array, row, column);
    kept.set(key, pixels);
    return pixels;
  };

  return {
    async fill(number, regions) {
      const level = levels[number];
      if (!('array' in level)) throw new TypeError(`level ${number} is not one of Zarr`);
      try {
        const array = await opened(number, level);
        const waiting = chunksUnder(level, array, regions);
        const fillNext = async () => {
          for (let chunks = waiting.shift(); chunks !== undefined; chunks = waiting.shift()) {
            const pixels = await pixelsOf(number, level, array, chunks);
            for (const region of chunks.regions) copyOverlap(pixels, region);
          }
        };
        const lanes = Math.max(1, Math.min(CHUNKS_AT_ONCE, Math.floor(BYTES_AT_ONCE / chunkBytes(array))));
        await Promise.all(Array.from({ length: lanes }, fillNext));
      } catch (error) {
        // What a codec says is told as its cause.
        const cause = zarr.isZarritaError(error, 'CodecPipelineError') ? (error.cause ?? error) : error;
        throw unreadable(regionFile, `its array ${level.array} cannot be read (${reason(cause)})`, error);
      }
    },
    close: async () => arrays.clear(),
  };
}

function chunksUnder({ axes }: ZarrLevel, { chunks }: ZarrArray, regions: readonly RegionPixels[]): NeededChunks[] {
  const [width, height] = [chunks[axes.x], chunks[axes.y]];
  const found = new Map<string, NeededChunks>();
  for (const region of regions) {
    const lastRow = Math.floor((region.y + region.height - 1) / height);
    const lastColumn = Math.floor((region.x + region.width - 1) / width);
    for (let row = Math.floor(region.y / height); row <= lastRow; row++) {
      for (let column = Math.floor(region.x / width); column <= lastColumn; column++) {
        const key = `${row} ${column}`;
        const under = found.get(key);
        if (under === undefined) found.set(key, { row, column, regions: [region] });
        else under.regions.push(region);
      }
    }
  }
  return [...found.values()];
}

/** RGB pixels of the rectangle that chunks lie over, as far as the level has it. */
async function decodeChunks(level: ZarrLevel, array: ZarrArray, row: number, column: number): Promise<RegionPixels> {
  const { axes, samples } = level;
  const [chunkWidth, chunkHeight] = [array.chunks[axes.x], array.chunks[axes.y]];
  const bounds: Rectangle = {
    x: column * chunkWidth,
    y: row * chunkHeight,
    width: Math.min(chunkWidth, level.width - column * chunkWidth),
    height: Math.min(chunkHeight, level.height - row * chunkHeight),
  };
  const pixels = { ...bounds, data: new Uint8Array(bounds.width * bounds.height * 3) };
  const perChunk = axes.c === undefined ? 1 : array.chunks[axes.c];
  for (const inChunks of new Set(samples.map((channel) => Math.floor(channel / perChunk)))) {
    const coordinates = array.shape.map((_, axis) => {
      if (axis === axes.x) return column;
      if (axis === axes.y) return row;
      return axis === axes.c ? inChunks : 0;
    });
    const { data, stride, shape } = await array.getChunk(coordinates);
    if (!(data instanceof Uint8Array || data instanceof Uint16Array)) throw new Error('it has samples of another type');
    const expected = shape.reduce((a, b) => a * b, 1);
    if (data.length < expected)
      throw new Error(`a chunk is truncated: ${data.length} of ${expected} samples were found`);
    const strides = { x: stride[axes.x], y: stride[axes.y] };
    for (const [sample, channel] of samples.entries()) {
      if (Math.floor(channel / perChunk) !== inChunks) continue;
      const start = axes.c === undefined ? 0 : (channel % perChunk) * stride[axes.c];
      copySamples(data, start, strides, pixels, sample);
    }
  }
  return samples.length === 1 ? asGrey(pixels) : pixels;
}

/** Copies the samples of a channel, of 16 bits the high byte. */
function copySamples(
  data: Uint8Array | Uint16Array,
  start: number,
  strides: { x: number; y: number },
  { width, height, data: target }: RegionPixels,
  sample: number,
): void {
  const shift = data instanceof Uint16Array ? 8 : 0;
  for (let y = 0, to = sample; y < height; y++) {
    for (let x = 0, from = start + y * strides.y; x < width; x++, from += strides.x, to += 3) {
      target[to] = data[from] >> shift;
    }
  }
}

/** Has green and blue follow red. */
function asGrey(pixels: RegionPixels): RegionPixels {
  const { data } = pixels;
  for (let at = 0; at < data.length; at += 3) {
    data[at + 1] = data[at];
    data[at + 2] = data[at];
  }
  return pixels;
}

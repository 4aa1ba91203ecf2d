import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';

/** Samples along named axes, C order. */
export interface Samples {
  axes: string[];
  shape: number[];
  data: Uint8Array | Uint16Array;
}

export interface ZarrOptions {
  zarrFormat: 2 | 3;
  /** Along each axis; all of it where left out. */
  chunks?: number[];
  packed?: boolean;
  separator?: '/' | '.';
  /** Of the full resolution, by axis. */
  scale?: Record<string, number>;
  unit?: string;
  omero?: unknown;
  /** Chunks that are left out. */
  isAbsent?: (key: string) => boolean;
}

/** Writes an image of OME-NGFF, each level an array, without any library that reads it. */
export async function writeZarr(folder: string, levels: readonly Samples[], options: ZarrOptions): Promise<void> {
  const { zarrFormat, scale = {}, unit = 'micrometer', omero } = options;
  const [{ axes }] = levels;
  const multiscales = [
    {
      ...(zarrFormat === 2 && { version: '0.4' }),
      axes: axes.map((name) => ('xyz'.includes(name) ? { name, type: 'space', unit } : { name })),
      datasets: levels.map((_, level) => ({
        path: String(level),
        coordinateTransformations: [
          { type: 'scale', scale: axes.map((name) => (scale[name] ?? 1) * ('xy'.includes(name) ? 2 ** level : 1)) },
        ],
      })),
    },
  ];
  const image = { multiscales, ...(omero !== undefined && { omero }) };
  await writeGroup(folder, zarrFormat, zarrFormat === 2 ? image : { ome: { version: '0.5', ...image } });
  for (const [level, samples] of levels.entries()) await writeArray(join(folder, String(level)), samples, options);
}

export async function writeGroup(folder: string, zarrFormat: 2 | 3, attributes: unknown): Promise<void> {
  await mkdir(folder, { recursive: true });
  if (zarrFormat === 3) {
    await writeJson(join(folder, 'zarr.json'), { zarr_format: 3, node_type: 'group', attributes });
    return;
  }
  await writeJson(join(folder, '.zgroup'), { zarr_format: 2 });
  await writeJson(join(folder, '.zattrs'), attributes);
}

async function writeArray(
  folder: string,
  { shape, data }: Samples,
  { zarrFormat, chunks = shape, packed = false, separator = '/', isAbsent = () => false }: ZarrOptions,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const is16 = data instanceof Uint16Array;
  if (zarrFormat === 2) {
    await writeJson(join(folder, '.zarray'), {
      ...{ zarr_format: 2, shape, chunks, dtype: is16 ? '<u2' : '|u1', fill_value: 7, order: 'C', filters: null },
      compressor: packed ? { id: 'zlib', level: 1 } : null,
      dimension_separator: separator,
    });
  } else {
    await writeJson(join(folder, 'zarr.json'), {
      ...{ zarr_format: 3, node_type: 'array', shape, data_type: is16 ? 'uint16' : 'uint8', fill_value: 7 },
      chunk_grid: { name: 'regular', configuration: { chunk_shape: chunks } },
      chunk_key_encoding: { name: 'default', configuration: { separator } },
      codecs: [
        { name: 'bytes', ...(is16 && { configuration: { endian: 'little' } }) },
        ...(packed ? [{ name: 'gzip', configuration: { level: 1 } }] : []),
      ],
    });
  }
  for (const place of places(shape.map((length, axis) => Math.ceil(length / chunks[axis])))) {
    const key = [...(zarrFormat === 3 ? ['c'] : []), ...place].join(separator);
    if (isAbsent(key)) continue;
    const samples = chunkAt(data, shape, chunks, place);
    const bytes = new Uint8Array(samples.buffer);
    const coded = packed ? (zarrFormat === 2 ? deflateSync(bytes) : gzipSync(bytes)) : bytes;
    await mkdir(dirname(join(folder, key)), { recursive: true });
    await writeFile(join(folder, key), coded);
  }
}

/** A whole chunk; beyond the array's edge it is 99. */
function chunkAt(data: Uint8Array | Uint16Array, shape: number[], chunks: number[], place: number[]) {
  const size = chunks.reduce((a, b) => a * b, 1);
  const chunk = data instanceof Uint16Array ? new Uint16Array(size).fill(99) : new Uint8Array(size).fill(99);
  let to = 0;
  for (const at of places(chunks)) {
    const index = at.map((offset, axis) => place[axis] * chunks[axis] + offset);
    if (index.every((position, axis) => position < shape[axis])) {
      chunk[to] = data[index.reduce((flat, position, axis) => flat * shape[axis] + position, 0)];
    }
    to++;
  }
  return chunk;
}

/** All positions in a shape, the last axis the fastest. */
function* places(shape: readonly number[]): Generator<number[]> {
  const at = shape.map(() => 0);
  for (;;) {
    yield [...at];
    let axis = shape.length - 1;
    while (axis >= 0 && ++at[axis] === shape[axis]) at[axis--] = 0;
    if (axis < 0) return;
  }
}

function writeJson(file: string, value: unknown): Promise<void> {
  return writeFile(file, JSON.stringify(value));
}

import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as zarr from 'zarrita';
import {
  type ArraysLayout,
  type ArrayType,
  arrayMetadata,
  metadataFault,
  type NodeMetadata,
  nodesMetadata,
} from './arrays-metadata.ts';
import { AbsentChunk, type ChunkFiles, chunkFiles, removeTemporaries, writeWhole } from './chunk-files.ts';
import { registerCrc32c } from './crc32c.ts';
import { makeFolder } from './make-folder.ts';

export type { ArrayLayout, ArraysLayout, ArrayType } from './arrays-metadata.ts';

export type ChunkData = Float32Array | Float64Array | Uint8Array | Uint32Array;

const CONSTRUCTORS = { float32: Float32Array, float64: Float64Array, uint8: Uint8Array, uint32: Uint32Array };

/** A chunk whose file is there but does not hold what was written. */
export class DamagedChunk extends Error {
  readonly array: string;
  readonly coordinates: readonly number[];

  constructor(array: string, coordinates: readonly number[], cause: unknown) {
    super(`chunk ${coordinates.join(', ')} of ${array} is damaged: ${innermostMessage(cause)}`, { cause });
    this.name = 'DamagedChunk';
    this.array = array;
    this.coordinates = coordinates;
  }
}

/**
 * The chunks of one heatmap's arrays. A chunk is always as large as its array's chunk shape, in C order, also at the
 * array's edge, where the part beyond is filled up. One process may write at a time.
 */
export interface HeatmapArrays {
  /**
   * A chunk, or undefined where none was written.
   * @throws DamagedChunk
   */
  readChunk(name: string, coordinates: readonly number[]): Promise<ChunkData | undefined>;
  /**
   * Writes a chunk; a reader sees the old one or the new one.
   * @throws RangeError where the data have another type or length than the array's chunks
   */
  writeChunk(name: string, coordinates: readonly number[], data: ChunkData): Promise<void>;
  /** Has every chunk written so far outlast a power cut. */
  sync(): Promise<void>;
}

export interface OpenArraysOptions {
  /** Hears why what was there is of no use, and where it has gone. */
  onDamage?: (message: string) => void;
}

/**
 * Opens the Zarr group of a heatmap, made where it is missing. One that does not go with the layout, or whose metadata
 * are damaged, is set aside and made anew.
 * @param folder of the group; the folder around it must exist
 * @param attributes of the group, beside `format`, the version of the layout's meaning
 */
export async function openArrays(
  folder: string,
  layout: ArraysLayout,
  attributes: Record<string, unknown>,
  { onDamage = () => {} }: OpenArraysOptions = {},
): Promise<HeatmapArrays> {
  registerCrc32c();
  const nodes = nodesMetadata(layout, attributes);
  const fault = await folderFault(folder, nodes);
  if (fault !== undefined) {
    const aside = `${folder}.damaged`;
    await rm(aside, { recursive: true, force: true });
    await rename(folder, aside);
    onDamage(`${fault}; ${folder} is set aside as ${aside}`);
  }
  for (const [name, metadata] of nodes) {
    const node = join(folder, name);
    await makeFolder(node);
    await removeTemporaries(node);
    const text = JSON.stringify(metadata, null, 2);
    // The outermost group's is written where it differs at all: the attributes may be newer ones.
    const present = await readText(join(node, 'zarr.json'));
    if (present === undefined || (name === '' && present !== text)) await writeWhole(join(node, 'zarr.json'), text);
  }
  const files = chunkFiles(folder);
  const arrays = new Map(layout.map((array) => [array.name, openArray(files, array)]));
  const find = (name: string): OpenArray => {
    const found = arrays.get(name);
    if (!found) throw new RangeError(`expected one of the arrays ${[...arrays.keys()].join(', ')}, found ${name}`);
    return found;
  };
  return {
    readChunk: async (name, coordinates) => find(name).read(coordinates),
    writeChunk: async (name, coordinates, data) => find(name).write(coordinates, data),
    sync: files.sync,
  };
}

interface OpenArray {
  read(coordinates: readonly number[]): Promise<ChunkData | undefined>;
  write(coordinates: readonly number[], data: ChunkData): Promise<void>;
}

function openArray(
  files: ChunkFiles,
  { name, shape, chunkShape, dtype, dimensionNames }: ArraysLayout[number],
): OpenArray {
  // For zarrita the array ends with its last chunk, so that whole chunks can be written at its edge as well.
  const chunks = shape.map((size, axis) => Math.ceil(size / chunkShape[axis]));
  const whole = chunks.map((count, axis) => count * chunkShape[axis]);
  const metadata = arrayMetadata({ name, shape: whole, chunkShape, dtype, dimensionNames });
  const array = new zarr.Array<ArrayType, ChunkFiles>(files, `/${name}`, metadata);
  const length = chunkShape.reduce((product, size) => product * size, 1);
  const stride = chunkShape.map((_, axis) => chunkShape.slice(axis + 1).reduce((product, size) => product * size, 1));

  const check = (coordinates: readonly number[]) => {
    const isInside = (count: number, axis: number) =>
      Number.isInteger(coordinates[axis]) && coordinates[axis] >= 0 && coordinates[axis] < count;
    if (coordinates.length === chunks.length && chunks.every(isInside)) return;
    throw new RangeError(`${name}: expected coordinates within ${chunks.join(', ')}, found ${coordinates.join(', ')}`);
  };

  return {
    async read(coordinates) {
      check(coordinates);
      let data: ChunkData;
      try {
        ({ data } = await array.getChunk([...coordinates]));
      } catch (error) {
        if (error instanceof AbsentChunk) return undefined;
        if (isDamage(error)) throw new DamagedChunk(name, coordinates, error);
        throw error;
      }
      if (data.length === length) return data;
      throw new DamagedChunk(name, coordinates, new Error(`expected ${length} values, found ${data.length}`));
    },
    async write(coordinates, data) {
      check(coordinates);
      if (!(data instanceof CONSTRUCTORS[dtype]) || data.length !== length) {
        const found = `${data.length} in a ${data.constructor.name}`;
        throw new RangeError(`${name}: expected a chunk of ${length} values of ${dtype}, found ${found}`);
      }
      const selection = coordinates.map((c, axis) => zarr.slice(c * chunkShape[axis], (c + 1) * chunkShape[axis]));
      await zarr.set(array, selection, { data, shape: [...chunkShape], stride });
    },
  };
}

/** Why a group's folder cannot be used; undefined where it can, or where nothing is there yet. */
async function folderFault(folder: string, nodes: ReadonlyMap<string, NodeMetadata>): Promise<string | undefined> {
  for (const [name, expected] of nodes) {
    const file = join(folder, name, 'zarr.json');
    const present = await readText(file);
    const fault = present === undefined ? undefined : metadataFault(expected, present);
    if (fault !== undefined) return `${file}: ${fault}`;
  }
  return undefined;
}

async function readText(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
}

/** Bytes that cannot be decoded, or that the disk no longer gives. */
function isDamage(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return zarr.isZarritaError(error, 'CodecPipelineError') || code === 'EIO' || code === 'EISDIR';
}

function innermostMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : innermostMessage(error.cause);
}

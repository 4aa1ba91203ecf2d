import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { float16Value } from '../../../../shared/codecs/float16.ts';
import { Problem } from '../../errors.ts';
import { readBytes } from '../read-bytes.ts';
import { isRecord } from './config-json.ts';
import type { WeightArray } from './network.ts';

/** One list of weights whose numbers follow each other in the bytes of a list of files. */
interface WeightGroup {
  paths: string[];
  weights: StoredWeight[];
}

interface StoredWeight {
  name: string;
  shape: number[];
  /** How its numbers are stored. */
  dtype: string;
  /** What they are made by: number * scale + min. */
  scale: number;
  min: number;
}

/** Bytes of one number. */
const SIZES: Record<string, number> = { float32: 4, float16: 2, int32: 4, uint16: 2, uint8: 1, bool: 1 };

/** Bytes of a model's weights. */
const MAX_BYTES = 2 ** 31;

/**
 * Reads the weights that a `weightsManifest` of TensorFlow.js lists: float32, float16, or whole numbers with a scale.
 *
 * @param folder in which the files lie
 * @returns the weights in their order, and the paths of the files
 * @throws Problem `unreadable-model` naming the file or weight that is not as the manifest says
 */
export async function readTfjsWeights(
  folder: string,
  manifest: unknown,
): Promise<{ weights: WeightArray[]; paths: string[] }> {
  if (!Array.isArray(manifest)) throw malformed('', 'a list of groups', manifest);
  const groups = manifest.map((group, index) => parseGroup(group, `[${index}]`));
  const needed = groups.reduce((sum, { weights }) => sum + bytesOf(weights), 0);
  if (needed > MAX_BYTES) {
    throw new Problem('unreadable-model', `has weights of ${needed} bytes; at most ${MAX_BYTES} are read`);
  }
  const paths = groups.flatMap((group) => group.paths);
  const repeated = paths.find((path, index) => paths.indexOf(path) !== index);
  if (repeated !== undefined) {
    throw new Problem('unreadable-model', `weightsManifest names '${repeated}' twice; each file once is expected`);
  }
  const weights: WeightArray[] = [];
  for (const group of groups) {
    const bytes = await readShards(folder, group);
    let offset = 0;
    for (const weight of group.weights) {
      weights.push(decode(weight, bytes, offset));
      offset += bytesOf([weight]);
    }
  }
  return { weights, paths };
}

function bytesOf(weights: readonly StoredWeight[]): number {
  return weights.reduce((sum, { shape, dtype }) => sum + SIZES[dtype] * countOf(shape), 0);
}

function countOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** A group's files one behind the other: a weight may begin in one and end in the next. */
async function readShards(folder: string, { paths, weights }: WeightGroup): Promise<Uint8Array<ArrayBuffer>> {
  const needed = bytesOf(weights);
  const sizes: number[] = [];
  for (const path of paths) sizes.push(await withFile(folder, path, async (file) => (await file.stat()).size));
  const found = sizes.reduce((sum, size) => sum + size, 0);
  if (found !== needed) {
    const files = `${paths.length} files (${paths.slice(0, 3).join(', ')}${paths.length > 3 ? ', ...' : ''})`;
    throw new Problem('unreadable-model', `has weights of ${needed} bytes, found ${found} bytes in ${files}`);
  }
  const bytes = new Uint8Array(needed);
  let offset = 0;
  for (const [index, path] of paths.entries()) {
    const target = bytes.subarray(offset, offset + sizes[index]);
    await withFile(folder, path, (file) => readBytes(file, target, path));
    offset += target.length;
  }
  return bytes;
}

async function withFile<T>(folder: string, path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  try {
    const file = await open(join(folder, path));
    try {
      return await use(file);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof Problem) throw error;
    const code = error instanceof Error && 'code' in error ? error.code : 'unknown error';
    throw new Problem('unreadable-model', `names weights in ${path}, which cannot be read (${code})`, { cause: error });
  }
}

function decode({ name, shape, dtype, scale, min }: StoredWeight, bytes: Uint8Array, offset: number): WeightArray {
  const length = countOf(shape);
  const start = bytes.byteOffset + offset;
  if (dtype === 'float32' && start % 4 === 0) {
    return { name, shape, values: new Float32Array(bytes.buffer, start, length) };
  }
  const view = new DataView(bytes.buffer, start, SIZES[dtype] * length);
  const numberAt = NUMBERS[dtype];
  return { name, shape, values: Float32Array.from({ length }, (_, i) => numberAt(view, i) * scale + min) };
}

const NUMBERS: Record<string, (view: DataView, index: number) => number> = {
  float32: (view, index) => view.getFloat32(4 * index, true),
  float16: (view, index) => float16Value(view.getUint16(2 * index, true)),
  int32: (view, index) => view.getInt32(4 * index, true),
  uint16: (view, index) => view.getUint16(2 * index, true),
  uint8: (view, index) => view.getUint8(index),
  bool: (view, index) => view.getUint8(index),
};

function parseGroup(group: unknown, at: string): WeightGroup {
  if (!isRecord(group)) throw malformed(at, 'an object with paths and weights', group);
  const { paths, weights } = group;
  if (!Array.isArray(paths) || !paths.every((path) => typeof path === 'string')) {
    throw malformed(`${at}.paths`, 'a list of file names', paths);
  }
  for (const path of paths) checkPath(path);
  if (!Array.isArray(weights)) throw malformed(`${at}.weights`, 'a list', weights);
  return { paths, weights: weights.map((weight, index) => parseWeight(weight, `${at}.weights[${index}]`)) };
}

/** Weights lie in the model's folder or below it, nowhere else. */
function checkPath(path: string): void {
  const isAddress = /^[a-z][a-z\d+.-]*:/i.test(path) || path.startsWith('//');
  const isOutside = /^[/\\]/.test(path) || path.split(/[/\\]/).includes('..');
  if (!isAddress && !isOutside && path !== '' && !path.includes('\0')) return;
  throw new Problem(
    'unreadable-model',
    `names weights in ${JSON.stringify(path)}; only files in the model's own folder are read`,
  );
}

function parseWeight(weight: unknown, at: string): StoredWeight {
  if (!isRecord(weight)) throw malformed(at, 'an object with name, shape and dtype', weight);
  const { name, shape, dtype, quantization } = weight;
  if (typeof name !== 'string') throw malformed(`${at}.name`, 'a text', name);
  const isShape = (value: unknown): value is number[] =>
    Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
  if (!isShape(shape)) throw malformed(`${at}.shape`, 'a list of sizes', shape);
  const { dtype: storedType = dtype, scale = 1, min = 0 } = isRecord(quantization) ? quantization : {};
  if (typeof storedType !== 'string' || !Object.hasOwn(SIZES, storedType)) {
    throw malformed(`${at}.dtype`, `one of ${Object.keys(SIZES).join(', ')}`, storedType);
  }
  if (typeof scale !== 'number' || typeof min !== 'number') {
    throw malformed(`${at}.quantization`, 'numbers for min and scale', quantization);
  }
  return { name, shape, dtype: storedType, scale, min };
}

function malformed(at: string, expected: string, found: unknown): Problem {
  const shown = (JSON.stringify(found) ?? 'nothing').slice(0, 80);
  return new Problem('unreadable-model', `weightsManifest${at}: should be ${expected}, found ${shown}`);
}

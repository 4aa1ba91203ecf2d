import { Worker } from 'node:worker_threads';
import { float16Value } from '../../../../shared/codecs/float16.ts';
import { Problem } from '../../errors.ts';
import type { WeightArray } from './network.ts';

export interface Hdf5Group {
  attributes: ReadonlyMap<string, Hdf5Attribute>;
  groups: ReadonlyMap<string, Hdf5Group>;
  datasets: ReadonlyMap<string, Hdf5Dataset>;
}

export interface Hdf5Root extends Hdf5Group {
  /** What is at the root, read or not. */
  names: readonly string[];
}

export type Hdf5Attribute = string | number | readonly (string | number)[];

/** Numbers as they are stored. */
export interface Hdf5Dataset {
  kind: 'int' | 'uint' | 'float' | 'opaque' | 'other';
  /** Bytes of one number. */
  size: number;
  littleEndian: boolean;
  shape: readonly number[];
  bytes: Uint8Array<ArrayBuffer>;
}

export interface Hdf5Options {
  /** The one group to read; everything unless given. */
  group?: string;
  /** An attribute of the root without which no group is read. */
  needs?: string;
  /** How long it may take; a damaged file can take for ever. */
  seconds?: number;
}

/** Larger files are not held in memory. Bytes. */
export const MAX_HDF5_BYTES = 2 ** 31;

/** Half a second is usual for 100 MB; the rest is for a machine that is busy. */
const SECONDS = 20;
const BYTES_PER_SECOND = 20e6;

type Answer = { root: Hdf5Root } | { error: string; opened: boolean; refused: boolean };

/**
 * Reads an HDF5 file in a thread of its own, which is ended afterwards, or when it takes too long.
 *
 * @param bytes of the whole file; given away
 * @throws Problem `unreadable-model` for what is no HDF5 file, is damaged, or says that it holds more than it can
 */
export async function readHdf5(bytes: Uint8Array<ArrayBuffer>, options: Hdf5Options = {}): Promise<Hdf5Root> {
  const { group = null, needs = null, seconds = SECONDS + bytes.length / BYTES_PER_SECOND } = options;
  const thread = new Worker(new URL('./hdf5-thread.js', import.meta.url), {
    workerData: { bytes, group, needs },
    transferList: [bytes.buffer],
    // What the library prints when it aborts is for its authors.
    stdout: true,
    stderr: true,
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    const answer = await new Promise<Answer>((resolve, reject) => {
      timer = setTimeout(() => resolve(damaged(`reading it took more than ${Math.round(seconds)} s`)), seconds * 1000);
      thread.once('message', resolve);
      thread.once('error', (error) => {
        const isFull = 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
        return isFull ? resolve(damaged('reading it took too much memory')) : reject(error);
      });
      thread.once('exit', () => resolve(damaged('it ended the thread that reads it')));
    });
    if ('root' in answer) return answer.root;
    if (answer.refused) throw new Problem('unreadable-model', answer.error);
    const what = answer.opened
      ? `is damaged: ${answer.error}`
      : 'is not a complete HDF5 file (truncated, or damaged at its beginning)';
    throw new Problem('unreadable-model', what);
  } finally {
    clearTimeout(timer);
    await thread.terminate();
  }
}

function damaged(error: string): Answer {
  return { error, opened: true, refused: false };
}

/**
 * A dataset's numbers as float32.
 *
 * @param name for messages
 * @throws Problem `unreadable-model` where it holds no numbers
 */
export function hdf5Numbers({ kind, size, littleEndian, shape, bytes }: Hdf5Dataset, name: string): WeightArray {
  const numberAt = NUMBERS[`${kind}${8 * size}`];
  if (!numberAt) throw new Problem('unreadable-model', `weight '${name}' is not an array of numbers`);
  const weight = (values: Float32Array) => ({ name, shape: [...shape], values });
  if (kind === 'float' && size === 4 && littleEndian && bytes.byteOffset % 4 === 0) {
    return weight(new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4));
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return weight(Float32Array.from({ length: bytes.length / size }, (_, i) => numberAt(view, i * size, littleEndian)));
}

const NUMBERS: Record<string, (view: DataView, offset: number, littleEndian: boolean) => number> = {
  float16: (view, offset, little) => float16Value(view.getUint16(offset, little)),
  float32: (view, offset, little) => view.getFloat32(offset, little),
  float64: (view, offset, little) => view.getFloat64(offset, little),
  int8: (view, offset) => view.getInt8(offset),
  int16: (view, offset, little) => view.getInt16(offset, little),
  int32: (view, offset, little) => view.getInt32(offset, little),
  int64: (view, offset, little) => Number(view.getBigInt64(offset, little)),
  uint8: (view, offset) => view.getUint8(offset),
  uint16: (view, offset, little) => view.getUint16(offset, little),
  uint32: (view, offset, little) => view.getUint32(offset, little),
  uint64: (view, offset, little) => Number(view.getBigUint64(offset, little)),
  // Keras writes bfloat16, the upper half of a float32, as two bytes that mean nothing to HDF5.
  opaque16: (view, offset) => bfloat16Value(view.getUint16(offset, true)),
};

function bfloat16Value(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits * 2 ** 16);
  return view.getFloat32(0);
}

/** A text, or undefined for what is none. */
export function textAttribute(group: Hdf5Group, name: string): string | undefined {
  const value = group.attributes.get(name);
  return typeof value === 'string' ? value : undefined;
}

/**
 * A list of texts; Keras cuts one of more than 64 kB into `NAME0`, `NAME1`, ... Where the list is empty it is one of
 * numbers.
 */
export function textList(group: Hdf5Group, name: string): string[] {
  const parts: Hdf5Attribute[] = [];
  const whole = group.attributes.get(name);
  if (whole !== undefined) parts.push(whole);
  for (let part = group.attributes.get(`${name}0`), i = 1; whole === undefined && part !== undefined; i++) {
    parts.push(part);
    part = group.attributes.get(`${name}${i}`);
  }
  return parts
    .flatMap((part) => (typeof part === 'object' ? part : [part]))
    .filter((item): item is string => typeof item === 'string');
}

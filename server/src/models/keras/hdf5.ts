import { Worker } from 'node:worker_threads';
import { float16Value } from '../../../../shared/codecs/float16.ts';
import { Problem } from '../../errors.ts';
import { HDF5_PLACES, isSignature } from '../hdf5-signature.ts';
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

/** Numbers in little-endian order. */
export interface Hdf5Dataset {
  kind: 'int' | 'uint' | 'float' | 'opaque' | 'other';
  /** Bytes of one number. */
  size: number;
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
const SECONDS = 60;
const BYTES_PER_SECOND = 20e6;

type Answer = { root: Hdf5Root } | { error: string; opened: boolean; refused: boolean };

/** A thread that has read a file waits this long for another; starting one takes longer than reading. Milliseconds. */
const IDLE = 2000;

/** Larger files leave more memory with the thread than is worth keeping. Bytes. */
const SMALL = 2 ** 25;

let idle: { thread: Worker; timer: NodeJS.Timeout } | undefined;

/**
 * Reads an HDF5 file in a thread, which is ended when it fails or takes too long.
 *
 * @param bytes of the whole file; given away
 * @throws Problem `unreadable-model` for what is no HDF5 file, is damaged, or says that it holds more than it can
 */
export async function readHdf5(bytes: Uint8Array<ArrayBuffer>, options: Hdf5Options = {}): Promise<Hdf5Root> {
  checkEnd(bytes);
  const { group = null, needs = null, seconds = SECONDS + bytes.length / BYTES_PER_SECOND } = options;
  const isSmall = bytes.length <= SMALL;
  const thread = takeThread();
  let answer: Answer | undefined;
  try {
    answer = await answerOf(thread, { bytes, group, needs }, seconds);
  } finally {
    if (answer && 'root' in answer && isSmall) keepThread(thread);
    else await thread.terminate();
  }
  if ('root' in answer) return answer.root;
  if (answer.refused) throw new Problem('unreadable-model', answer.error);
  const what = answer.opened
    ? `is damaged: ${answer.error}`
    : 'is not a complete HDF5 file (truncated, or damaged at its beginning)';
  throw new Problem('unreadable-model', what);
}

function takeThread(): Worker {
  const kept = idle;
  idle = undefined;
  if (!kept) {
    // What the library prints when it aborts is for its authors.
    return new Worker(new URL('./hdf5-thread.js', import.meta.url), { stdout: true, stderr: true });
  }
  clearTimeout(kept.timer);
  removeListeners(kept.thread);
  kept.thread.ref();
  return kept.thread;
}

function keepThread(thread: Worker): void {
  if (idle) {
    void thread.terminate();
    return;
  }
  const end = () => {
    if (idle?.thread === thread) idle = undefined;
    void thread.terminate();
  };
  // Without a listener an error would end the process.
  thread.once('error', end).once('exit', end).unref();
  idle = { thread, timer: setTimeout(end, IDLE).unref() };
}

/** The thread has listeners of its own too. */
function removeListeners(thread: Worker): void {
  for (const event of ['message', 'error', 'exit']) thread.removeAllListeners(event);
}

interface Question {
  bytes: Uint8Array<ArrayBuffer>;
  group: string | null;
  needs: string | null;
}

async function answerOf(thread: Worker, question: Question, seconds: number): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Answer>((resolve, reject) => {
      const tooLong = damaged(`reading it took more than ${Math.round(seconds)} s`);
      timer = setTimeout(() => resolve(tooLong), seconds * 1000);
      thread.once('message', resolve);
      thread.once('error', (error) => {
        const isFull = 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
        return isFull ? resolve(damaged('reading it took too much memory')) : reject(error);
      });
      thread.once('exit', () => resolve(damaged('it ended the thread that reads it')));
      thread.postMessage(question, [question.bytes.buffer]);
    });
  } finally {
    clearTimeout(timer);
    removeListeners(thread);
  }
}

/** The superblock says where the file ends: one that was cut is known before anything is read. */
function checkEnd(bytes: Uint8Array): void {
  const start = HDF5_PLACES.find((place) => isSignature(bytes, place));
  if (start === undefined || bytes.length < start + 48) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset + start);
  const isOld = view.getUint8(8) < 2;
  const hasLongAddresses = view.getUint8(isOld ? 13 : 9) === 8;
  const end = hasLongAddresses ? view.getBigUint64(isOld ? 40 : 28, true) : 0n;
  if (end > BigInt(bytes.length)) {
    throw new Problem('unreadable-model', `is truncated: HDF5 of ${end} bytes, found ${bytes.length}`);
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
export function hdf5Numbers({ kind, size, shape, bytes }: Hdf5Dataset, name: string): WeightArray {
  const numberAt = NUMBERS[`${kind}${8 * size}`];
  if (!numberAt) throw new Problem('unreadable-model', `weight '${name}' is not an array of numbers`);
  const weight = (values: Float32Array) => ({ name, shape: [...shape], values });
  if (kind === 'float' && size === 4 && bytes.byteOffset % 4 === 0) {
    return weight(new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4));
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return weight(Float32Array.from({ length: bytes.length / size }, (_, i) => numberAt(view, i * size)));
}

const NUMBERS: Record<string, (view: DataView, offset: number) => number> = {
  float16: (view, offset) => float16Value(view.getUint16(offset, true)),
  float32: (view, offset) => view.getFloat32(offset, true),
  float64: (view, offset) => view.getFloat64(offset, true),
  int8: (view, offset) => view.getInt8(offset),
  int16: (view, offset) => view.getInt16(offset, true),
  int32: (view, offset) => view.getInt32(offset, true),
  int64: (view, offset) => Number(view.getBigInt64(offset, true)),
  uint8: (view, offset) => view.getUint8(offset),
  uint16: (view, offset) => view.getUint16(offset, true),
  uint32: (view, offset) => view.getUint32(offset, true),
  uint64: (view, offset) => Number(view.getBigUint64(offset, true)),
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

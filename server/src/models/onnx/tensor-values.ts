import { float16Value } from '../../../../shared/codecs/float16.ts';
import { Problem } from '../../errors.ts';
import { shown } from './network-graph.ts';
import { DATA_TYPE, type TensorProto } from './proto.ts';

export interface TensorValues {
  shape: number[];
  /** To be read only: they may be the file's own bytes. */
  values: Float32Array;
}

/** Bytes of one element as `rawData` stores it; types of less than a byte, and strings, are not here. */
const ELEMENT_BYTES: ReadonlyMap<number, number> = new Map([
  [DATA_TYPE.float, 4],
  [DATA_TYPE.uint8, 1],
  [DATA_TYPE.int8, 1],
  [DATA_TYPE.uint16, 2],
  [DATA_TYPE.int16, 2],
  [DATA_TYPE.int32, 4],
  [DATA_TYPE.int64, 8],
  [DATA_TYPE.bool, 1],
  [DATA_TYPE.float16, 2],
  [DATA_TYPE.double, 8],
  [DATA_TYPE.uint32, 4],
  [DATA_TYPE.uint64, 8],
  [DATA_TYPE.bfloat16, 2],
]);

/** Bytes that a tensor of this shape takes as raw data; null for types that are not counted in whole bytes. */
export function rawByteLength({ dims, dataType }: TensorProto): number | null {
  const size = ELEMENT_BYTES.get(dataType ?? 0);
  return size === undefined ? null : size * elementCount((dims ?? []).map(Number));
}

/**
 * The numbers of a constant as float32, whichever way the file stores them; null for types that are no numbers of a
 * network (strings, packed integers).
 *
 * @throws Problem where fewer or more are stored than the shape says
 */
export function tensorValues(tensor: TensorProto): TensorValues | null {
  if (!ELEMENT_BYTES.has(tensor.dataType ?? 0)) return null;
  checkSize(tensor);
  const shape = (tensor.dims ?? []).map(Number);
  return { shape, values: tensor.rawData?.length ? rawValues(tensor, tensor.rawData) : listedValues(tensor) };
}

/** @throws Problem where a tensor does not hold as many numbers as its shape says; nothing is decoded for it */
export function checkSize(tensor: TensorProto): void {
  const bytes = ELEMENT_BYTES.get(tensor.dataType ?? 0);
  if (bytes === undefined) return;
  const shape = (tensor.dims ?? []).map(Number);
  const expected = elementCount(shape);
  const found = tensor.rawData?.length ? tensor.rawData.length / bytes : listed(tensor).length;
  if (shape.every((size) => size >= 0) && found === expected) return;
  const dimensions = shape.length > 8 ? `${shape.length} dimensions` : `[${shape.join(', ')}]`;
  const count = Number.isInteger(found) ? `${found}` : `${tensor.rawData?.length} bytes`;
  throw new Problem(
    'unreadable-model',
    `tensor '${shown(tensor.name)}' of shape ${dimensions} should hold ${expected} numbers, found ${count}`,
  );
}

/**
 * The first value of a floating-point tensor that is no weight: NaN anywhere, or infinity among others (a single one may
 * be a limit, or what a maximum is padded with). Looks at the exponents only, so nothing is copied.
 */
export function notFinite(tensor: TensorProto): 'NaN' | 'infinity' | null {
  const bytes = ELEMENT_BYTES.get(tensor.dataType ?? 0) ?? 0;
  const limit = EXPONENTS.get(tensor.dataType ?? 0);
  const raw = tensor.rawData;
  if (!limit) return null;
  if (!raw?.length) return worst(tensorValues(tensor)?.values ?? new Float32Array());
  const [high, low] = limit;
  for (let i = bytes - 1; i < raw.length; i += bytes) {
    if ((raw[i] & high) === high && (raw[i - 1] & low) === low) return worst(rawValues(tensor, raw));
  }
  return null;
}

/** Bits of the exponent in the last byte and in the one before it, all set where a value is not finite. */
const EXPONENTS: ReadonlyMap<number, readonly [number, number]> = new Map([
  [DATA_TYPE.float, [0x7f, 0x80]],
  [DATA_TYPE.double, [0x7f, 0xf0]],
  [DATA_TYPE.float16, [0x7c, 0]],
  [DATA_TYPE.bfloat16, [0x7f, 0x80]],
]);

function worst(values: Float32Array): 'NaN' | 'infinity' | null {
  if (values.some(Number.isNaN)) return 'NaN';
  return values.length > 1 && !values.every(Number.isFinite) ? 'infinity' : null;
}

function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function rawValues({ dataType }: TensorProto, raw: Uint8Array): Float32Array {
  switch (dataType) {
    case DATA_TYPE.float:
      return aligned(raw, 4, (buffer, offset, length) => new Float32Array(buffer, offset, length));
    case DATA_TYPE.double:
      return Float32Array.from(aligned(raw, 8, (buffer, offset, length) => new Float64Array(buffer, offset, length)));
    case DATA_TYPE.int64:
    case DATA_TYPE.uint64: {
      const integers = aligned(raw, 8, (buffer, offset, length) => new BigInt64Array(buffer, offset, length));
      const values = new Float32Array(integers.length);
      for (let i = 0; i < values.length; i++) values[i] = Number(integers[i]);
      return values;
    }
    case DATA_TYPE.int32:
      return Float32Array.from(aligned(raw, 4, (buffer, offset, length) => new Int32Array(buffer, offset, length)));
    case DATA_TYPE.uint32:
      return Float32Array.from(aligned(raw, 4, (buffer, offset, length) => new Uint32Array(buffer, offset, length)));
    case DATA_TYPE.int16:
      return Float32Array.from(aligned(raw, 2, (buffer, offset, length) => new Int16Array(buffer, offset, length)));
    case DATA_TYPE.int8:
      return Float32Array.from(new Int8Array(raw.buffer, raw.byteOffset, raw.byteLength));
    case DATA_TYPE.uint16:
    case DATA_TYPE.float16:
    case DATA_TYPE.bfloat16: {
      const words = aligned(raw, 2, (buffer, offset, length) => new Uint16Array(buffer, offset, length));
      return Float32Array.from(words, wordValue(dataType));
    }
    default:
      return Float32Array.from(raw);
  }
}

/** A view where the bytes begin at a multiple of the element's size, as typed arrays need it, else a copy. */
function aligned<T>(
  raw: Uint8Array,
  size: number,
  view: (buffer: ArrayBufferLike, at: number, length: number) => T,
): T {
  const length = Math.floor(raw.byteLength / size);
  if (raw.byteOffset % size === 0) return view(raw.buffer, raw.byteOffset, length);
  return view(new Uint8Array(raw).buffer, 0, length);
}

function wordValue(dataType: number): (word: number) => number {
  if (dataType === DATA_TYPE.float16) return float16Value;
  return dataType === DATA_TYPE.bfloat16 ? bfloat16Value : (word) => word;
}

const BITS = new Uint32Array(1);
const FLOAT = new Float32Array(BITS.buffer);

/** The upper half of a float32. */
function bfloat16Value(word: number): number {
  BITS[0] = word << 16;
  return FLOAT[0];
}

/** The values of a tensor without raw data, each type in the list that the specification gives it. */
function listed(tensor: TensorProto): ArrayLike<unknown> {
  switch (tensor.dataType) {
    case DATA_TYPE.float:
      return tensor.floatData ?? [];
    case DATA_TYPE.double:
      return tensor.doubleData ?? [];
    case DATA_TYPE.int64:
      return tensor.int64Data ?? [];
    case DATA_TYPE.uint32:
    case DATA_TYPE.uint64:
      return tensor.uint64Data ?? [];
    default:
      return tensor.int32Data ?? [];
  }
}

function listedValues(tensor: TensorProto): Float32Array {
  const { dataType } = tensor;
  const half = dataType === DATA_TYPE.float16 || dataType === DATA_TYPE.bfloat16 ? wordValue(dataType) : null;
  return Float32Array.from(listed(tensor), (value) => (half ? half(Number(value)) : Number(value)));
}

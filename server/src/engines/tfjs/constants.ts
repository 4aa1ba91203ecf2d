import { float16Value } from '../../../../shared/codecs/float16.ts';
import { Problem } from '../../errors.ts';
import { onnx, type TensorProto } from '../../models/onnx/proto.ts';
import { type HostType, type HostValue, hostValue, type Numbers, sizeOf } from './value.ts';

/** Above this many numbers a constant is read from the file's bytes whenever it is wanted, which is once. */
const SMALL = 1024;

const { DataType } = onnx.TensorProto;

interface NumberKind {
  /** Bytes of a number. */
  size: number;
  type: HostType;
  read(view: DataView, at: number): number;
}

/** How each type of the ONNX specification is stored, little-endian, and what it becomes. */
const KINDS: ReadonlyMap<number, NumberKind> = new Map<number, NumberKind>([
  [DataType.FLOAT, { size: 4, type: 'float32', read: (view, at) => view.getFloat32(at, true) }],
  [DataType.DOUBLE, { size: 8, type: 'float32', read: (view, at) => view.getFloat64(at, true) }],
  [DataType.FLOAT16, { size: 2, type: 'float32', read: (view, at) => float16Value(view.getUint16(at, true)) }],
  [DataType.BFLOAT16, { size: 2, type: 'float32', read: bfloat16 }],
  [DataType.INT8, { size: 1, type: 'int64', read: (view, at) => view.getInt8(at) }],
  [DataType.UINT8, { size: 1, type: 'int64', read: (view, at) => view.getUint8(at) }],
  [DataType.INT16, { size: 2, type: 'int64', read: (view, at) => view.getInt16(at, true) }],
  [DataType.UINT16, { size: 2, type: 'int64', read: (view, at) => view.getUint16(at, true) }],
  [DataType.INT32, { size: 4, type: 'int64', read: (view, at) => view.getInt32(at, true) }],
  [DataType.UINT32, { size: 4, type: 'int64', read: (view, at) => view.getUint32(at, true) }],
  [DataType.INT64, { size: 8, type: 'int64', read: (view, at) => Number(view.getBigInt64(at, true)) }],
  [DataType.UINT64, { size: 8, type: 'int64', read: (view, at) => Number(view.getBigUint64(at, true)) }],
  [DataType.BOOL, { size: 1, type: 'bool', read: (view, at) => view.getUint8(at) }],
]);

/** What a type of the ONNX specification is here. @returns undefined for text and other things that are no numbers */
export function hostType(dataType: number): HostType | undefined {
  return KINDS.get(dataType)?.type;
}

/**
 * The numbers of a constant in an ONNX file; float16 and double as float32.
 *
 * @throws Problem `unreadable-model` where they are no numbers, lie in another file, or are fewer than the shape says
 */
export function constantValue(tensor: TensorProto): HostValue {
  const shape = (tensor.dims ?? []).map(Number);
  const kind = KINDS.get(tensor.dataType ?? 0);
  if (!kind) throw problem(tensor, `is of ONNX type ${tensor.dataType}; numbers are expected`);
  if (tensor.externalData?.length) throw problem(tensor, 'lies in another file, which is not read here');
  const { size, type } = kind;
  const count = sizeOf(shape);
  const found = tensor.rawData?.length ? tensor.rawData.length / size : listed(tensor).length;
  if (found !== count) throw problem(tensor, `of shape [${shape.join(', ')}] holds ${found} numbers, not ${count}`);
  const read = () => readNumbers(tensor, count);
  return count <= SMALL ? hostValue(type, shape, read()) : { kind: 'host', type, shape, read };
}

function readNumbers(tensor: TensorProto, count: number): Numbers {
  const { rawData: raw, dataType } = tensor;
  // A copy, because raw bytes start anywhere in the file and typed arrays need their alignment.
  if (raw?.length && dataType === DataType.FLOAT) return new Float32Array(new Uint8Array(raw).buffer);
  const kind = KINDS.get(dataType ?? 0);
  const numbers = kind?.type === 'float32' ? new Float32Array(count) : new Float64Array(count);
  if (kind && raw?.length) {
    const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
    for (let i = 0; i < count; i++) numbers[i] = kind.read(view, i * kind.size);
  } else {
    numbers.set(dataType === DataType.FLOAT16 ? listed(tensor).map(float16Value) : listed(tensor));
  }
  return numbers;
}

/** Numbers that are not raw bytes stand in a list; in which one depends on their type. */
function listed({ floatData, int32Data, int64Data, doubleData, uint64Data }: TensorProto): number[] {
  const lists = [floatData, int32Data, int64Data, doubleData, uint64Data];
  return (lists.find((list) => list && list.length > 0) ?? []).map(Number);
}

function bfloat16(view: DataView, at: number): number {
  const wide = new DataView(new ArrayBuffer(4));
  wide.setUint16(2, view.getUint16(at, true), true);
  return wide.getFloat32(0, true);
}

function problem(tensor: TensorProto, message: string): Problem {
  return new Problem('unreadable-model', `tensor '${tensor.name ?? ''}' ${message}`);
}

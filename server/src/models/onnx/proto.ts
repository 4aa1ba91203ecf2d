import onnxProto from 'onnx-proto';

// The package is CommonJS: Node sees its names only through the default export.
const { onnx } = onnxProto;

export { onnx };

type Proto = typeof onnxProto.onnx;
export type ModelProto = InstanceType<Proto['ModelProto']>;
export type GraphProto = ConstructorParameters<Proto['GraphProto']>[0] & object;
export type NodeProto = ConstructorParameters<Proto['NodeProto']>[0] & object;
export type TensorProto = ConstructorParameters<Proto['TensorProto']>[0] & object;
export type AttributeProto = ConstructorParameters<Proto['AttributeProto']>[0] & object;
export type ValueInfoProto = ConstructorParameters<Proto['ValueInfoProto']>[0] & object;

/** `TensorProto.DataType` of the ONNX specification, those used here. */
export const DATA_TYPE = {
  float: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  double: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
} as const;

/** The name of an element type for people. */
export function dataTypeName(dataType: number): string {
  const known = Object.entries(DATA_TYPE).find(([, code]) => code === dataType);
  return known ? known[0] : `ONNX type ${dataType}`;
}

/** An attribute's value: integers are told from floats by wrapping floats. */
export type AttributeValue = number | readonly number[] | { float: number };

/** A node with one output. Numbers are integer attributes, `{ float }` is a float one. */
export function makeNode(
  operator: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, AttributeValue>> = {},
): NodeProto {
  return {
    opType: operator,
    name: output,
    input: [...inputs],
    output: [output],
    attribute: Object.entries(attributes).map(([name, value]) => makeAttribute(name, value)),
  };
}

function makeAttribute(name: string, value: AttributeValue): AttributeProto {
  const { AttributeType } = onnx.AttributeProto;
  if (typeof value === 'number') return { name, type: AttributeType.INT, i: value };
  if ('float' in value) return { name, type: AttributeType.FLOAT, f: value.float };
  return { name, type: AttributeType.INTS, ints: [...value] };
}

/** A constant of float32 or int64 values. */
export function makeTensor(
  name: string,
  shape: readonly number[],
  values: Float32Array | readonly number[],
): TensorProto {
  if (values instanceof Float32Array) {
    const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    return { name, dims: [...shape], dataType: DATA_TYPE.float, rawData };
  }
  const integers = BigInt64Array.from(values, (value) => BigInt(value));
  return { name, dims: [...shape], dataType: DATA_TYPE.int64, rawData: new Uint8Array(integers.buffer) };
}

/** A graph input or output; a string is a dimension that is not fixed. */
export function makeValueInfo(name: string, elemType: number, shape: readonly (number | string)[]): ValueInfoProto {
  const dim = shape.map((size) => (typeof size === 'string' ? { dimParam: size } : { dimValue: size }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

/** Sizes of a value; null where one is not fixed or not said. */
export function valueShape(value: ValueInfoProto): (number | null)[] | null {
  const dimensions = value.type?.tensorType?.shape?.dim;
  if (!dimensions) return null;
  return dimensions.map(({ dimValue }) => {
    const size = Number(dimValue ?? 0);
    return size > 0 ? size : null;
  });
}

/** An integer attribute; integers of 64 bits arrive as objects. */
export function integerAttribute(node: NodeProto, name: string, fallback: number): number {
  const attribute = node.attribute?.find((candidate) => candidate.name === name);
  return attribute ? Number(attribute.i ?? 0) : fallback;
}

export function floatAttribute(node: NodeProto, name: string, fallback: number): number {
  const attribute = node.attribute?.find((candidate) => candidate.name === name);
  return attribute ? (attribute.f ?? 0) : fallback;
}

export function integersAttribute(node: NodeProto, name: string): number[] | null {
  const attribute = node.attribute?.find((candidate) => candidate.name === name);
  return attribute?.ints ? attribute.ints.map(Number) : null;
}

export function stringAttribute(node: NodeProto, name: string): string | null {
  const value = node.attribute?.find((candidate) => candidate.name === name)?.s;
  return value ? new TextDecoder().decode(value) : null;
}

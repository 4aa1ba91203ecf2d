import { InferenceSession, type OnnxValue, Tensor, type TypedTensor } from 'onnxruntime-node';
import { expect } from 'vitest';
import { createExecutor } from '../../../../server/src/engines/tfjs/executor.ts';
import { type HostValue, hostValue, sizeOf } from '../../../../server/src/engines/tfjs/value.ts';
import {
  type AttributeProto,
  type ModelProto,
  type NodeProto,
  onnx,
} from '../../../../server/src/models/onnx/proto.ts';
import { seededRandom } from '../../../../shared/seeded-random.ts';
import { tf } from './tensorflow.ts';

/** An operand of a node; constant ones are known when a graph is loaded. */
export interface Operand {
  type: 'float32' | 'int64' | 'bool';
  shape: readonly number[];
  numbers: readonly number[];
  constant: boolean;
}

export type Attribute = number | string | readonly number[] | { float: number } | { floats: readonly number[] };
export type Attributes = Readonly<Record<string, Attribute>>;

/** A graph: nodes with names of their operands, which are those of `operands` or of other nodes' outputs. */
export interface TestGraph {
  nodes: readonly NodeProto[];
  operands: Readonly<Record<string, Operand>>;
  outputs: readonly string[];
  opset: number;
}

/** Numbers from -2 to 2 that differ from one operand to the next. */
export function floats(...shape: number[]): Operand {
  const random = seededRandom(shape.reduce((seed, size) => seed * 31 + size, 7));
  const numbers = Array.from({ length: sizeOf(shape) }, () => Math.fround(4 * random() - 2));
  return { type: 'float32', shape, numbers, constant: false };
}

/** From 0.1 to 2. */
export function positive(...shape: number[]): Operand {
  return { ...floats(...shape), numbers: floats(...shape).numbers.map((x) => Math.fround(0.1 + 0.95 * Math.abs(x))) };
}

/** A weight: floats known when the graph is loaded. */
export function weights(...shape: number[]): Operand {
  return { ...floats(...shape), constant: true };
}

export function positiveWeights(...shape: number[]): Operand {
  return { ...positive(...shape), constant: true };
}

/** A constant list of int64. */
export function integers(...numbers: number[]): Operand {
  return { type: 'int64', shape: [numbers.length], numbers, constant: true };
}

/** A constant list of float32. */
export function numbers(...list: number[]): Operand {
  return { type: 'float32', shape: [list.length], numbers: list.map(Math.fround), constant: true };
}

export function scalar(value: number): Operand {
  return { ...numbers(value), shape: [] };
}

export function node(operator: string, inputs: string[], outputs: string[], attributes: Attributes = {}): NodeProto {
  const attribute = Object.entries(attributes).map(([name, value]) => attributeProto(name, value));
  return { opType: operator, name: `${operator} to ${outputs[0]}`, input: inputs, output: outputs, attribute };
}

/** A graph of one node. A null among the operands is an input left out. */
export function single(
  operator: string,
  operands: readonly (Operand | null)[],
  attributes: Attributes = {},
  { opset = 15, outputs = 1 } = {},
): TestGraph {
  const names = operands.map((operand, i) => (operand ? `input ${i}` : ''));
  const given = Object.fromEntries(operands.flatMap((operand, i) => (operand ? [[names[i], operand]] : [])));
  const results = Array.from({ length: outputs }, (_, i) => `output ${i}`);
  return { nodes: [node(operator, names, results, attributes)], operands: given, outputs: results, opset };
}

/** The graph as an ONNX model. */
export function modelOf({ nodes, operands, outputs, opset }: TestGraph): ModelProto {
  const all = Object.entries(operands);
  return new onnx.ModelProto({
    irVersion: 8,
    opsetImport: [{ domain: '', version: opset }],
    graph: {
      name: 'test',
      node: [...nodes],
      initializer: all.flatMap(([name, operand]) => (operand.constant ? [tensorProto(name, operand)] : [])),
      input: all.flatMap(([name, { constant, shape, type }]) =>
        constant ? [] : [valueInfo(name, TYPES[type], shape)],
      ),
      output: outputs.map((name) => ({ name })),
    },
  });
}

/** Runs a graph in both; expects equal shapes, numbers within `tolerance` of the largest, and no tensor left behind. */
export async function expectAsOnnxruntime(graph: TestGraph, tolerance = 2e-6): Promise<void> {
  const expected = await inOnnxruntime(graph);
  const before = tf.memory().numTensors;
  const executor = createExecutor(tf, modelOf(graph));
  const loaded = tf.memory().numTensors;
  executor.run(variables(graph));
  const kept = tf.memory().numTensors;
  const outputs = executor.run(variables(graph));
  // What is made of constants may be made and kept in the first run, but nothing more in the next.
  expect(tf.memory().numTensors).toBe(kept);
  expect(kept).toBeGreaterThanOrEqual(loaded);
  executor.close();
  expect(tf.memory().numTensors).toBe(before);
  for (const name of graph.outputs) {
    const [ours, theirs] = [outputs.get(name), expected.get(name)];
    expect(ours?.shape).toEqual(theirs?.shape);
    const largest = Math.max(1, ...(theirs?.numbers ?? []).filter(Number.isFinite).map(Math.abs));
    const off = (theirs?.numbers ?? []).map((value, i) => difference(value, ours?.values[i] ?? Number.NaN));
    expect(Math.max(...off, 0) / largest).toBeLessThan(tolerance);
  }
}

function difference(a: number, b: number): number {
  return Object.is(a, b) || a === b ? 0 : Math.abs(a - b);
}

export function variables({ operands }: TestGraph): Map<string, HostValue> {
  return new Map(
    Object.entries(operands).flatMap(([name, { constant, type, shape, numbers }]) =>
      constant ? [] : [[name, hostValue(type, shape, numbers)]],
    ),
  );
}

async function inOnnxruntime(graph: TestGraph): Promise<Map<string, { shape: number[]; numbers: number[] }>> {
  const session = await InferenceSession.create(onnx.ModelProto.encode(modelOf(graph)).finish(), {
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
    extra: { optimization: { disable_specified_optimizers: 'Pad_Fusion' } },
  });
  const variable = Object.entries(graph.operands).filter(([, { constant }]) => !constant);
  const results = await session.run(Object.fromEntries(variable.map(([name, operand]) => [name, ortTensor(operand)])));
  await session.release();
  return new Map(
    graph.outputs.map((name) => {
      const { dims, data }: OnnxValue = results[name];
      if (typeof data === 'string' || !('length' in data)) throw new Error(`${name} holds no numbers`);
      return [name, { shape: [...dims], numbers: Array.from(data, Number) }];
    }),
  );
}

function ortTensor({ type, shape, numbers: list }: Operand): TypedTensor<'float32' | 'int64' | 'bool'> {
  if (type === 'int64') return new Tensor('int64', BigInt64Array.from(list, BigInt), shape);
  if (type === 'bool') return new Tensor('bool', Uint8Array.from(list), shape);
  return new Tensor('float32', Float32Array.from(list), shape);
}

const { DataType } = onnx.TensorProto;
const TYPES = { float32: DataType.FLOAT, int64: DataType.INT64, bool: DataType.BOOL };

export function tensorProto(name: string, { type, shape, numbers: list }: Omit<Operand, 'constant'>) {
  const bytes = {
    float32: () => Float32Array.from(list),
    int64: () => BigInt64Array.from(list, BigInt),
    bool: () => Uint8Array.from(list),
  }[type]();
  return { name, dims: [...shape], dataType: TYPES[type], rawData: new Uint8Array(bytes.buffer) };
}

/** Open dimensions, so that no runtime knows the shapes beforehand. */
function valueInfo(name: string, elemType: number, shape: readonly number[]) {
  const dim = shape.map((_, i) => ({ dimParam: `${name} ${i}` }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

function attributeProto(name: string, value: Attribute): AttributeProto {
  const { AttributeType: Type } = onnx.AttributeProto;
  if (typeof value === 'number') return { name, type: Type.INT, i: value };
  if (typeof value === 'string') return { name, type: Type.STRING, s: new TextEncoder().encode(value) };
  if ('float' in value) return { name, type: Type.FLOAT, f: value.float };
  if ('floats' in value) return { name, type: Type.FLOATS, floats: [...value.floats] };
  return { name, type: Type.INTS, ints: [...value] };
}

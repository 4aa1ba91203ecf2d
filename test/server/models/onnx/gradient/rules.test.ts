import ort from 'onnxruntime-node';
import { describe, expect, it, test } from 'vitest';
import { writeBackward } from '../../../../../server/src/models/onnx/gradient/backward.ts';
import { neededPart } from '../../../../../server/src/models/onnx/gradient/gradient-map.ts';
import { GRADIENT_RULES } from '../../../../../server/src/models/onnx/gradient/rules/table.ts';
import { shapedNetwork } from '../../../../../server/src/models/onnx/gradient/tensor-shapes.ts';
import type { NetworkGraph } from '../../../../../server/src/models/onnx/network-graph.ts';
import {
  DATA_TYPE,
  makeNode,
  makeTensor,
  makeValueInfo,
  type NodeProto,
  onnx,
  type TensorProto,
} from '../../../../../server/src/models/onnx/proto.ts';
import { numbers } from '../../keras-file.ts';
import { type Case, cases, SIDE, SIZE } from './rule-cases.ts';

const OUTPUTS = 2;
const IMAGES = 2;

/** `x` -> nodes -> `y` -> logits that are no linear function of it, so that every image has a gradient of its own. */
function networkOf({ nodes, constants = [], opset = 13 }: Case, values: number): NetworkGraph {
  const ends = [
    makeNode('Flatten', ['y'], 'flat', { axis: 1 }),
    makeNode('MatMul', ['flat', 'first'], 'hidden'),
    makeNode('Tanh', ['hidden'], 'bent'),
    makeNode('MatMul', ['bent', 'second'], 'logits'),
  ];
  const weights = [
    makeTensor(
      'first',
      [values, 4],
      numbers(values * 4, 1).map((value) => value / Math.sqrt(values)),
    ),
    makeTensor('second', [4, OUTPUTS], numbers(4 * OUTPUTS, 2)),
  ];
  return {
    format: 'test',
    irVersion: 8,
    opsets: [{ domain: '', version: opset }],
    proto: { name: 'test', node: [...nodes, ...ends], initializer: [...constants, ...weights] },
    input: { name: 'x', layout: 'NCHW', elementType: DATA_TYPE.float, height: SIDE, width: SIDE },
    output: 'logits',
    layers: [],
    layersOf: () => [],
    classNames: null,
    companions: [],
    rescales: false,
  };
}

/** The network once more with other outputs. */
async function run(
  network: NetworkGraph,
  output: string,
  x: Float32Array,
  images: number,
  extra: NodeProto[] = [],
  constants: TensorProto[] = [],
) {
  const bytes = onnx.ModelProto.encode({
    irVersion: network.irVersion,
    opsetImport: network.opsets,
    graph: {
      name: 'test',
      node: [...(network.proto.node ?? []), ...extra],
      initializer: [...(network.proto.initializer ?? []), ...constants],
      input: [makeValueInfo('x', DATA_TYPE.float, ['N', 3, SIDE, SIDE])],
      output: [{ name: output, type: { tensorType: { elemType: DATA_TYPE.float } } }],
    },
  }).finish();
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 4 });
  const result = (await session.run({ x: new ort.Tensor('float32', x, [images, 3, SIDE, SIDE]) }))[output];
  await session.release();
  if (!(result.data instanceof Float32Array)) throw new Error('float32 was expected');
  return result.data;
}

async function sizeOfY(nodes: Case): Promise<number> {
  return (
    await run(
      { ...networkOf(nodes, 1), proto: { ...nodes, node: nodes.nodes, initializer: nodes.constants } },
      'y',
      image(1),
      1,
    )
  ).length;
}

/** Different values in a seeded order, none of them near one where a function here bends. */
function image(images: number): Float32Array {
  const order = Array.from(numbers(images * SIZE, 3), (value, i) => ({ value, i })).sort((a, b) => a.value - b.value);
  const x = new Float32Array(images * SIZE);
  for (const [rank, { i }] of order.entries()) x[i] = (2 * (rank + 0.5)) / order.length - 1;
  return x;
}

/** Gradient of each logit by `x`, [outputs, images, 3, rows, columns]: as it is written. */
async function written(network: NetworkGraph, x: Float32Array): Promise<Float32Array> {
  const shaped = await shapedNetwork(network, 'logits');
  const backward = writeBackward(network, shaped, 'logits', OUTPUTS, 'gradient/');
  const gradient = backward.gradient('x');
  if (gradient === null) throw new Error(backward.obstacle('x') ?? 'no gradient');
  const { nodes, constants } = neededPart(backward.writer, [gradient]);
  return run(network, gradient, x, IMAGES, nodes, constants);
}

const STEP = 1 / 512;

/** The same measured: both sides of every value. */
async function measured(network: NetworkGraph, x: Float32Array): Promise<Float32Array> {
  const moved = new Float32Array(2 * x.length * SIZE);
  for (let i = 0; i < x.length; i++) {
    const own = x.subarray(Math.floor(i / SIZE) * SIZE).subarray(0, SIZE);
    for (const side of [0, 1]) {
      const at = (2 * i + side) * SIZE;
      moved.set(own, at);
      moved[at + (i % SIZE)] += side === 0 ? -STEP : STEP;
    }
  }
  const logits = await run(network, 'logits', moved, 2 * x.length);
  const result = new Float32Array(OUTPUTS * x.length);
  for (let c = 0; c < OUTPUTS; c++) {
    for (let i = 0; i < x.length; i++) {
      result[c * x.length + i] = (logits[(2 * i + 1) * OUTPUTS + c] - logits[2 * i * OUTPUTS + c]) / (2 * STEP);
    }
  }
  return result;
}

test.each(cases)('$name', async (rule) => {
  const network = networkOf(rule, await sizeOfY(rule));
  const x = image(IMAGES);
  const [found, expected] = [await written(network, x), await measured(network, x)];
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expect(largest).toBeGreaterThan(1e-3);
  for (const [i, value] of expected.entries()) expect(Math.abs(found[i] - value)).toBeLessThan(3e-3 * largest + 1e-4);
});

it('is measured for every operator that has a rule', () => {
  const measuredOperators = new Set(cases.flatMap(({ nodes }) => nodes.map(({ opType }) => opType ?? '')));
  // Behind every case, and one that onnxruntime may not have yet.
  for (const operator of ['Flatten', 'MatMul', 'Tanh', 'Swish']) measuredOperators.add(operator);
  expect([...GRADIENT_RULES.keys()].filter((operator) => !measuredOperators.has(operator))).toEqual([]);
});

describe('equal values', () => {
  const dense = (name: string, nodes: NodeProto[], constants: TensorProto[] = []): Case => ({ name, nodes, constants });
  const constant = new Float32Array(IMAGES * SIZE).fill(0.5);
  const share = async (rule: Case) => {
    const network = networkOf(rule, await sizeOfY(rule));
    return (await written(network, constant)).subarray(0, SIDE * SIDE);
  };

  it.each([
    { kernel_shape: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0] },
    { kernel_shape: [3, 3], strides: [3, 2], pads: [0, 0, 0, 1] },
  ])('the first of a window takes all of it, row by row: $kernel_shape', async (attributes) => {
    const found = await share(dense('ties', [makeNode('MaxPool', ['x'], 'y', attributes)]));
    const [down, across] = attributes.strides;
    for (const [i, value] of found.entries()) {
      const isFirst = Math.floor(i / SIDE) % down === 0 && (i % SIDE) % across === 0;
      expect(value !== 0).toBe(isFirst);
    }
  });

  it('those of a whole map share it evenly', async () => {
    const found = await share(dense('ties', [makeNode('GlobalMaxPool', ['x'], 'y')]));
    expect(found[0]).not.toBe(0);
    expect(new Set(found).size).toBe(1);
  });
});

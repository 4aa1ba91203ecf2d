import {
  DATA_TYPE,
  makeNode,
  makeTensor,
  type NodeProto,
  type TensorProto,
} from '../../../../../server/src/models/onnx/proto.ts';
import { numbers } from '../../keras-file.ts';

/** Rows and columns of the input. */
export const SIDE = 6;
/** Its values, of three channels. */
export const SIZE = 3 * SIDE * SIDE;

/** A network, the gradient of which is measured. */
export interface Case {
  name: string;
  /** From `x`, [images, 3, 6, 6], to `y` of any shape. */
  nodes: NodeProto[];
  constants?: TensorProto[];
  opset?: number;
}

const one = (operator: string, attributes = {}, opset = 13): Case => ({
  name: `${operator}, opset ${opset}${Object.keys(attributes).length > 0 ? ` ${JSON.stringify(attributes)}` : ''}`,
  nodes: [makeNode(operator, ['x'], 'y', attributes)],
  opset,
});
const float = (value: number) => ({ float: value });
const ints = (name: string, values: number[]) => makeTensor(name, [values.length], values);
const floats = (name: string, shape: number[], seed = 4) =>
  makeTensor(
    name,
    shape,
    numbers(
      shape.reduce((a, b) => a * b, 1),
      seed,
    ),
  );
const scalar = (name: string, value: number) => makeTensor(name, [], Float32Array.of(value));
/** An operator on x + 2, which is above 0. */
const positive = (operator: string, ...more: TensorProto[]): Case => ({
  name: `${operator} of positive values`,
  nodes: [
    makeNode('Add', ['x', 'two'], 'above'),
    makeNode(operator, ['above', ...more.map(({ name }) => name ?? '')], 'y'),
  ],
  constants: [scalar('two', 2), ...more],
});
const withConstants = (operator: string, constants: TensorProto[], attributes = {}, opset = 13): Case => ({
  name: `${operator} with ${constants.map(({ name }) => name).join(', ')} ${JSON.stringify(attributes)}, opset ${opset}`,
  nodes: [makeNode(operator, ['x', ...constants.map(({ name }) => name ?? '')], 'y', attributes)],
  constants,
  opset,
});
const pooled = makeNode('GlobalAveragePool', ['x'], 'pooled');
const branches = (operator: string, ...inputs: string[]): Case => ({
  name: `${operator} of ${inputs.join(', ')}`,
  nodes: [
    pooled,
    makeNode('Exp', ['x'], 'other'),
    makeNode('Add', ['other', 'two'], 'large'),
    makeNode(operator, inputs, 'y', operator === 'Concat' ? { axis: -3 } : {}),
  ],
  constants: [scalar('two', 2), floats('map', [3, 1, SIDE])],
});
const windows = (attributes: object) => ({ kernel_shape: [3, 3], ...attributes });
const sequence = makeNode('Reshape', ['x', 'as rows'], 'rows');
const asRows = ints('as rows', [-1, SIDE, 18]);

/** A case or more for every operator that has a rule. */
export const cases: Case[] = [
  ...['Relu', 'Sigmoid', 'Tanh', 'Softplus', 'Softsign', 'Exp', 'Erf', 'Neg', 'Abs'].map((name) => one(name)),
  one('Relu', {}, 7),
  one('LeakyRelu', { alpha: float(0.3) }),
  one('ThresholdedRelu', { alpha: float(0.25) }),
  one('Elu', { alpha: float(0.7) }),
  one('Selu'),
  one('Celu', { alpha: float(0.6) }),
  one('HardSigmoid', { alpha: float(0.9), beta: float(0.4) }),
  one('HardSwish', {}, 14),
  one('Mish', {}, 18),
  one('Gelu', {}, 20),
  one('Clip', { min: float(-0.4), max: float(0.6) }, 7),
  withConstants('Clip', [scalar('low', -0.4), scalar('high', 0.6)]),
  withConstants('PRelu', [floats('slope', [3, 1, 1])]),
  withConstants('Pow', [scalar('square', 2)]),
  withConstants('Pow', [scalar('cube', 3)]),
  positive('Log'),
  positive('Sqrt'),
  positive('Reciprocal'),
  positive('Pow', scalar('half', 0.5)),
  branches('Add', 'x', 'pooled'),
  branches('Add', 'x', 'map'),
  branches('Sub', 'pooled', 'other'),
  branches('Mul', 'x', 'pooled'),
  branches('Mul', 'map', 'x'),
  branches('Mul', 'x', 'x'),
  branches('Div', 'x', 'large'),
  branches('Div', 'pooled', 'large'),
  branches('Sum', 'x', 'other', 'pooled'),
  branches('Mean', 'x', 'other', 'map'),
  branches('Max', 'x', 'pooled', 'map'),
  branches('Min', 'x', 'map'),
  branches('Concat', 'x', 'other', 'x'),
  {
    name: 'Where by a condition of the image',
    nodes: [
      makeNode('Less', ['x', 'limit'], 'condition'),
      makeNode('Exp', ['x'], 'other'),
      makeNode('Where', ['condition', 'other', 'x'], 'y'),
    ],
    constants: [scalar('limit', 22 / 108)],
  },
  ...[7, 13].flatMap((opset) => [
    withConstants('Conv', [floats('kernel', [4, 3, 3, 3])], windows({ pads: [1, 0, 1, 2] }), opset),
    withConstants('Conv', [floats('kernel', [4, 3, 3, 3])], windows({ strides: [2, 3], pads: [1, 1, 0, 1] }), opset),
  ]),
  withConstants(
    'Conv',
    [floats('grouped', [6, 1, 3, 3])],
    windows({ group: 3, dilations: [2, 1], pads: [2, 1, 2, 1] }),
  ),
  withConstants('Conv', [floats('cell', [5, 3, 1, 1])], { kernel_shape: [1, 1], strides: [2, 2] }),
  withConstants('ConvTranspose', [floats('kernel', [3, 2, 3, 3])], windows({ strides: [2, 2], pads: [1, 0, 1, 1] })),
  withConstants(
    'ConvTranspose',
    [floats('grouped', [3, 2, 3, 3])],
    windows({ group: 3, strides: [2, 2], output_padding: [1, 1] }),
  ),
  {
    name: 'BatchNormalization',
    nodes: [makeNode('BatchNormalization', ['x', 'gamma', 'beta', 'mean', 'variance'], 'y', { epsilon: float(0.01) })],
    constants: [
      floats('gamma', [3], 5),
      floats('beta', [3], 6),
      floats('mean', [3], 7),
      makeTensor('variance', [3], Float32Array.of(0.5, 1, 2)),
    ],
  },
  {
    name: 'LayerNormalization',
    nodes: [makeNode('LayerNormalization', ['x', 'gamma', 'beta'], 'y', { axis: -2 })],
    constants: [floats('gamma', [SIDE, SIDE], 5), floats('beta', [SIDE, SIDE], 6)],
    opset: 17,
  },
  ...[0, 1].map((transB) => ({
    name: `Gemm, transB ${transB}`,
    nodes: [
      makeNode('Flatten', ['x'], 'line', { axis: 1 }),
      makeNode('Gemm', ['line', 'matrix', 'offset'], 'y', { transB, alpha: float(0.5) }),
    ],
    constants: [floats('matrix', transB ? [7, SIZE] : [SIZE, 7]), floats('offset', [7])],
    opset: transB ? 13 : 9,
  })),
  {
    name: 'MatMul of rows with themselves',
    nodes: [
      sequence,
      makeNode('Transpose', ['rows'], 'turned', { perm: [0, 2, 1] }),
      makeNode('MatMul', ['rows', 'turned'], 'y'),
    ],
    constants: [asRows],
  },
  {
    name: 'MatMul by constants on either side',
    nodes: [sequence, makeNode('MatMul', ['left', 'rows'], 'between'), makeNode('MatMul', ['between', 'right'], 'y')],
    constants: [asRows, floats('left', [4, SIDE]), floats('right', [18, 5])],
  },
  one('MaxPool', { kernel_shape: [2, 2], strides: [2, 2] }),
  one('MaxPool', { kernel_shape: [2, 3], strides: [2, 3] }, 7),
  one('MaxPool', windows({ strides: [2, 2], pads: [1, 1, 1, 1] })),
  one('MaxPool', windows({ strides: [1, 2], dilations: [2, 1] })),
  one('MaxPool', { kernel_shape: [4, 4], strides: [4, 4], ceil_mode: 1 }),
  one('AveragePool', { kernel_shape: [2, 2], strides: [2, 2] }),
  one('AveragePool', windows({ strides: [2, 2], pads: [1, 1, 1, 1] })),
  one('AveragePool', windows({ strides: [2, 2], pads: [1, 0, 0, 1], count_include_pad: 1 })),
  one('AveragePool', { kernel_shape: [4, 4], strides: [4, 4], ceil_mode: 1 }),
  one('GlobalAveragePool'),
  one('GlobalMaxPool'),
  ...['ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceL2', 'ReduceSumSquare', 'ReduceLogSumExp'].map((name) =>
    one(name, { axes: [2, -1], keepdims: 0 }),
  ),
  one('ReduceSum', { axes: [1] }, 11),
  withConstants('ReduceSum', [ints('along', [-1])], { keepdims: 0 }),
  withConstants('ReduceMean', [ints('along', [1, 2])], {}, 18),
  one('Softmax', { axis: 1 }),
  one('Softmax', {}),
  one('Softmax', { axis: 2 }, 11),
  one('LogSoftmax', { axis: 3 }),
  one('Transpose', { perm: [0, 2, 3, 1] }),
  one('Identity'),
  one('Dropout'),
  one('Cast', { to: DATA_TYPE.float }),
  withConstants('Reshape', [ints('shape', [0, 9, -1])]),
  {
    name: 'Unsqueeze and Squeeze',
    nodes: [makeNode('Unsqueeze', ['x', 'axis'], 'more'), makeNode('Squeeze', ['more', 'axis'], 'y')],
    constants: [ints('axis', [2])],
  },
  {
    name: 'Expand',
    nodes: [pooled, makeNode('Expand', ['pooled', 'sizes'], 'y')],
    constants: [ints('sizes', [1, 3, 2, 4])],
  },
  withConstants('Gather', [ints('places', [4, 0, -1])], { axis: 3 }),
  {
    name: 'Gather of one place',
    nodes: [makeNode('Gather', ['x', 'place'], 'y', { axis: 2 })],
    constants: [makeTensor('place', [], [2])],
  },
  withConstants('Slice', [ints('from', [1, -5]), ints('to', [99, -1]), ints('along', [2, 3]), ints('by', [2, 1])]),
  one('Slice', { starts: [1], ends: [3], axes: [1] }, 9),
  withConstants('Pad', [ints('pads', [0, 1, 0, 2, 0, 0, 3, 1])]),
  {
    name: 'Split',
    nodes: [
      { ...makeNode('Split', ['x', 'sizes'], 'a', { axis: 1 }), output: ['a', 'b'] },
      makeNode('Exp', ['b'], 'grown'),
      makeNode('Concat', ['grown', 'a', 'b'], 'y', { axis: 1 }),
    ],
    constants: [ints('sizes', [1, 2])],
  },
];

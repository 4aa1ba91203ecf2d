import { expect, it } from 'vitest';
import { createExecutor } from '../../../../server/src/engines/tfjs/executor.ts';
import {
  type Attributes,
  expectAsOnnxruntime,
  floats,
  modelOf,
  node,
  type Operand,
  positiveWeights,
  single,
  variables,
  weights,
} from './as-onnxruntime.ts';
import { tf } from './tensorflow.ts';

it.each<[string, Operand, Operand, Attributes]>([
  ['a cell', floats(2, 5, 4, 6), weights(3, 5, 1, 1), {}],
  ['a cell, stepping', floats(1, 5, 7, 6), weights(3, 5, 1, 1), { strides: [2, 2] }],
  ['equal pads', floats(2, 3, 8, 9), weights(4, 3, 3, 3), { pads: [1, 1, 1, 1] }],
  [
    'equal pads, stepping on even sizes',
    floats(1, 3, 8, 10),
    weights(4, 3, 3, 3),
    { pads: [1, 1, 1, 1], strides: [2, 2] },
  ],
  ['pads that TensorFlow calls same', floats(1, 3, 8, 7), weights(4, 3, 3, 3), { pads: [0, 1, 1, 1], strides: [2, 2] }],
  ['unequal pads', floats(1, 3, 8, 9), weights(4, 3, 3, 2), { pads: [2, 0, 1, 3] }],
  ['unequal steps', floats(1, 3, 9, 9), weights(4, 3, 3, 3), { strides: [2, 3] }],
  ['a kernel of even size', floats(1, 3, 9, 8), weights(4, 3, 4, 2), { pads: [1, 0, 2, 1] }],
  ['dilation', floats(1, 3, 11, 10), weights(4, 3, 3, 3), { dilations: [2, 3], pads: [2, 3, 2, 3] }],
  [
    'dilation and steps',
    floats(1, 3, 13, 12),
    weights(4, 3, 3, 3),
    { dilations: [2, 2], strides: [2, 2], pads: [2, 2, 1, 1] },
  ],
  ['SAME_UPPER', floats(1, 3, 7, 8), weights(4, 3, 3, 4), { auto_pad: 'SAME_UPPER', strides: [2, 2] }],
  ['SAME_LOWER', floats(1, 3, 7, 8), weights(4, 3, 3, 4), { auto_pad: 'SAME_LOWER', strides: [2, 2] }],
  ['VALID', floats(1, 3, 7, 8), weights(4, 3, 3, 3), { auto_pad: 'VALID' }],
  ['groups', floats(2, 6, 7, 7), weights(4, 3, 3, 3), { group: 2, pads: [1, 1, 1, 1] }],
  [
    'groups, dilated and stepping',
    floats(1, 6, 9, 9),
    weights(6, 2, 3, 3),
    { group: 3, dilations: [2, 2], strides: [2, 2] },
  ],
  ['depthwise', floats(2, 5, 8, 8), weights(5, 1, 3, 3), { group: 5, pads: [1, 1, 1, 1] }],
  ['depthwise, stepping', floats(1, 5, 8, 9), weights(5, 1, 3, 3), { group: 5, pads: [0, 0, 1, 1], strides: [2, 2] }],
  [
    'depthwise, unequal steps',
    floats(1, 5, 9, 9),
    weights(5, 1, 3, 3),
    { group: 5, pads: [1, 0, 1, 2], strides: [1, 2] },
  ],
  ['depthwise, dilated', floats(1, 5, 9, 9), weights(5, 1, 3, 3), { group: 5, dilations: [2, 2], pads: [2, 2, 2, 2] }],
  ['depthwise, several for each channel', floats(1, 3, 6, 6), weights(6, 1, 3, 3), { group: 3 }],
  ['one dimension', floats(2, 3, 11), weights(4, 3, 3), { pads: [1, 1] }],
  ['one dimension, stepping', floats(2, 4, 11), weights(4, 2, 3), { pads: [0, 1], strides: [2], group: 2 }],
])('Conv: %s', async (_, x, kernel, attributes) => {
  await expectAsOnnxruntime(single('Conv', [x, kernel], attributes));
  await expectAsOnnxruntime(single('Conv', [x, kernel, weights(kernel.shape[0])], attributes));
});

it('Conv takes a kernel that is computed', async () => {
  await expectAsOnnxruntime(single('Conv', [floats(1, 2, 5, 5), floats(3, 2, 3, 3), floats(3)]));
});

it.each<[string, Operand, Operand, Attributes]>([
  ['side by side', floats(1, 3, 4, 5), weights(3, 2, 2, 2), { strides: [2, 2] }],
  ['overlapping', floats(2, 3, 4, 5), weights(3, 2, 3, 3), { strides: [2, 2] }],
  ['pads', floats(1, 3, 4, 5), weights(3, 2, 4, 4), { strides: [2, 2], pads: [1, 1, 1, 1] }],
  ['unequal pads', floats(1, 3, 4, 5), weights(3, 2, 4, 3), { strides: [2, 1], pads: [0, 1, 2, 0] }],
  [
    'output_padding',
    floats(1, 3, 4, 5),
    weights(3, 2, 3, 3),
    { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 1] },
  ],
  ['output_shape', floats(1, 3, 4, 5), weights(3, 2, 3, 3), { strides: [2, 2], output_shape: [8, 10] }],
  ['SAME_UPPER', floats(1, 3, 4, 5), weights(3, 2, 3, 3), { strides: [2, 2], auto_pad: 'SAME_UPPER' }],
  ['SAME_LOWER', floats(1, 3, 4, 5), weights(3, 2, 3, 3), { strides: [2, 2], auto_pad: 'SAME_LOWER' }],
  ['dilation', floats(1, 3, 4, 5), weights(3, 2, 3, 3), { dilations: [2, 2], strides: [2, 2] }],
  ['groups', floats(1, 4, 4, 5), weights(4, 3, 3, 3), { group: 2, strides: [2, 2] }],
  ['gaps between kernels', floats(1, 2, 3, 3), weights(2, 2, 1, 1), { strides: [3, 3] }],
])('ConvTranspose: %s', async (_, x, kernel, attributes) => {
  await expectAsOnnxruntime(single('ConvTranspose', [x, kernel], attributes));
  const outputs = kernel.shape[1] * (typeof attributes.group === 'number' ? attributes.group : 1);
  await expectAsOnnxruntime(single('ConvTranspose', [x, kernel, weights(outputs)], attributes));
});

const normalization = {
  gamma: weights(4),
  beta: weights(4),
  mean: weights(4),
  variance: positiveWeights(4),
};

it('merges a BatchNormalization into the convolution before it', async () => {
  const operands = { x: floats(1, 3, 6, 6), kernel: weights(4, 3, 3, 3), bias: weights(4), ...normalization };
  const nodes = [
    node('Conv', ['x', 'kernel', 'bias'], ['map']),
    node('BatchNormalization', ['map', 'gamma', 'beta', 'mean', 'variance'], ['normal'], { epsilon: { float: 0.01 } }),
    node('Relu', ['normal'], ['result']),
  ];
  await expectAsOnnxruntime({ nodes, operands, outputs: ['result'], opset: 15 });
});

it('leaves a convolution alone whose own result is taken too', async () => {
  const operands = { x: floats(1, 3, 6, 6), kernel: weights(4, 3, 3, 3), ...normalization };
  const nodes = [
    node('Conv', ['x', 'kernel'], ['map']),
    node('BatchNormalization', ['map', 'gamma', 'beta', 'mean', 'variance'], ['normal']),
    node('Add', ['map', 'normal'], ['sum']),
  ];
  await expectAsOnnxruntime({ nodes, operands, outputs: ['sum'], opset: 15 });
  await expectAsOnnxruntime({ nodes: nodes.slice(0, 2), operands, outputs: ['map', 'normal'], opset: 15 });
});

it.each<[string, Operand, Operand, Attributes, string]>([
  ['channels that do not fit', floats(1, 3, 5, 5), weights(4, 2, 3, 3), {}, 'cannot combine 3 channels'],
  [
    'a window larger than the map',
    floats(1, 3, 2, 5),
    weights(4, 3, 3, 3),
    {},
    'a window larger than its input of 2 x 5',
  ],
  ['three dimensions', floats(1, 3, 5, 5, 5), weights(4, 3, 3, 3, 3), {}, 'is over 3 dimensions'],
])('Conv refuses %s', (_, x, kernel, attributes, message) => {
  const graph = single('Conv', [x, kernel], attributes);
  const executor = createExecutor(tf, modelOf(graph));
  expect(() => executor.run(variables(graph))).toThrow(`node 'Conv to output 0' (Conv) `);
  expect(() => executor.run(variables(graph))).toThrow(message);
  executor.close();
});

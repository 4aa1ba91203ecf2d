import { it } from 'vitest';
import {
  type Attributes,
  expectAsOnnxruntime,
  floats,
  type Operand,
  positive,
  positiveWeights,
  single,
  weights,
} from './as-onnxruntime.ts';

const statistics = (channels: number) => [
  weights(channels),
  weights(channels),
  weights(channels),
  positiveWeights(channels),
];

it.each<[string, Operand, Attributes, number]>([
  ['a feature map', floats(2, 3, 4, 5), { epsilon: { float: 0.001 } }, 15],
  ['features', floats(4, 3), {}, 15],
  ['one dimension', floats(2, 3, 5), {}, 15],
  ['attributes of opset 7', floats(2, 3, 4, 5), { momentum: { float: 0.9 } }, 7],
])('BatchNormalization: %s', async (_, x, attributes, opset) => {
  await expectAsOnnxruntime(single('BatchNormalization', [x, ...statistics(3)], attributes, { opset }), 1e-5);
});

it('BatchNormalization by numbers that are computed', async () => {
  const operands = [floats(1, 3, 4, 4), floats(3), floats(3), floats(3), positive(3)];
  await expectAsOnnxruntime(single('BatchNormalization', operands), 1e-5);
});

it.each([
  [-1, [5]],
  [1, [3, 4, 5]],
  [2, [4, 5]],
])('LayerNormalization from axis %i', async (axis, shape) => {
  const x = floats(2, 3, 4, 5);
  await expectAsOnnxruntime(single('LayerNormalization', [x, weights(...shape)], { axis }, { opset: 17 }), 1e-5);
  const operands = [x, weights(...shape), weights(...shape)];
  const attributes = { axis, epsilon: { float: 0.01 } };
  await expectAsOnnxruntime(single('LayerNormalization', operands, attributes, { opset: 17 }), 1e-5);
});

it('InstanceNormalization', async () => {
  await expectAsOnnxruntime(single('InstanceNormalization', [floats(2, 3, 4, 5), weights(3), weights(3)]), 1e-5);
});

it.each([
  ['scale of groups', 18, 2],
  ['scale of channels', 21, 6],
])('GroupNormalization: %s', async (_, opset, count) => {
  const operands = [floats(2, 6, 3, 4), weights(count), weights(count)];
  await expectAsOnnxruntime(single('GroupNormalization', operands, { num_groups: 2 }, { opset }), 1e-5);
});

it.each([1, 2])('LpNormalization of order %i', async (p) => {
  await expectAsOnnxruntime(single('LpNormalization', [floats(2, 3, 4)], { p, axis: 1 }), 1e-5);
});

it.each([3, 5])('LRN over %i channels', async (size) => {
  const attributes = { size, alpha: { float: 0.1 }, beta: { float: 0.6 }, bias: { float: 1.5 } };
  await expectAsOnnxruntime(single('LRN', [floats(2, 7, 3, 4)], attributes), 1e-5);
});

it.each(['Softmax', 'LogSoftmax'])('%s: along one dimension since opset 13, from one on before', async (operator) => {
  for (const opset of [11, 13]) {
    await expectAsOnnxruntime(single(operator, [floats(2, 3, 4)], {}, { opset }), 1e-5);
    for (const axis of [0, 1, -1]) {
      await expectAsOnnxruntime(single(operator, [floats(2, 3, 4)], { axis }, { opset }), 1e-5);
    }
  }
});

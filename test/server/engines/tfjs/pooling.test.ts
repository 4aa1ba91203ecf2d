import { expect, it } from 'vitest';
import { createExecutor } from '../../../../server/src/engines/tfjs/executor.ts';
import { type Attributes, expectAsOnnxruntime, floats, modelOf, type Operand, single } from './as-onnxruntime.ts';
import { tf } from './tensorflow.ts';

/** All below zero, so that padding with zeros would show. */
function negative(...shape: number[]): Operand {
  return { ...floats(...shape), numbers: floats(...shape).numbers.map((x) => x - 5) };
}

const windows: [string, Operand, Attributes][] = [
  ['side by side', negative(2, 3, 8, 6), { kernel_shape: [2, 2], strides: [2, 2] }],
  ['overlapping', negative(1, 3, 9, 8), { kernel_shape: [3, 3], strides: [2, 2] }],
  ['equal pads', negative(1, 3, 8, 8), { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }],
  [
    'pads that TensorFlow calls same',
    negative(1, 3, 8, 7),
    { kernel_shape: [3, 3], strides: [2, 2], pads: [0, 1, 1, 1] },
  ],
  ['unequal pads', negative(1, 3, 7, 9), { kernel_shape: [3, 2], strides: [1, 2], pads: [2, 0, 1, 1] }],
  ['SAME_UPPER', negative(1, 3, 7, 8), { kernel_shape: [3, 3], strides: [2, 2], auto_pad: 'SAME_UPPER' }],
  ['SAME_LOWER', negative(1, 3, 7, 8), { kernel_shape: [2, 2], strides: [2, 2], auto_pad: 'SAME_LOWER' }],
  ['VALID', negative(1, 3, 7, 8), { kernel_shape: [2, 2], strides: [2, 2], auto_pad: 'VALID' }],
  ['ceil_mode', negative(1, 3, 8, 7), { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }],
  [
    'ceil_mode and pads',
    negative(1, 3, 8, 7),
    { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1, pads: [1, 1, 1, 1] },
  ],
  [
    'ceil_mode, no window in the padding',
    negative(1, 2, 5, 5),
    { kernel_shape: [2, 2], strides: [3, 3], ceil_mode: 1, pads: [1, 1, 1, 1] },
  ],
  ['one dimension', negative(2, 3, 9), { kernel_shape: [3], strides: [2], pads: [1, 1] }],
];

it.each(windows)('MaxPool: %s', async (_, x, attributes) => {
  await expectAsOnnxruntime(single('MaxPool', [x], attributes));
});

it.each<Attributes>([
  { dilations: [2, 2], strides: [1, 1] },
  { dilations: [2, 1], strides: [2, 2], pads: [2, 1, 2, 1] },
])('MaxPool, dilated: $dilations', async (attributes) => {
  await expectAsOnnxruntime(single('MaxPool', [negative(1, 3, 11, 10)], { kernel_shape: [3, 3], ...attributes }));
});

it.each(windows)('AveragePool: %s', async (_, x, attributes) => {
  await expectAsOnnxruntime(single('AveragePool', [x], attributes));
  await expectAsOnnxruntime(single('AveragePool', [x], { ...attributes, count_include_pad: 1 }, { opset: 19 }));
});

it('AveragePool, dilated, divides by what it covers', async () => {
  const attributes = { kernel_shape: [2, 2], dilations: [2, 2], pads: [1, 1, 1, 1] };
  await expectAsOnnxruntime(single('AveragePool', [floats(1, 3, 7, 6)], attributes, { opset: 19 }));
});

it.each(['GlobalAveragePool', 'GlobalMaxPool'])('%s', async (operator) => {
  await expectAsOnnxruntime(single(operator, [negative(2, 5, 4, 3)]));
  await expectAsOnnxruntime(single(operator, [negative(2, 16, 5)]));
});

it('MaxPool refuses to tell where its maxima are', () => {
  const graph = single('MaxPool', [floats(1, 3, 8, 6)], { kernel_shape: [2, 2] }, { outputs: 2 });
  expect(() => createExecutor(tf, modelOf(graph))).toThrow('gives the places of its maxima');
});

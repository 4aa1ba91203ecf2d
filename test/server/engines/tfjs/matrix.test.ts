import { expect, it } from 'vitest';
import { createExecutor } from '../../../../server/src/engines/tfjs/executor.ts';
import {
  type Attributes,
  expectAsOnnxruntime,
  floats,
  modelOf,
  type Operand,
  single,
  variables,
  weights,
} from './as-onnxruntime.ts';
import { tf } from './tensorflow.ts';

it.each<[Operand, Operand]>([
  [floats(4, 3), weights(3, 5)],
  [floats(1, 3), weights(3, 5)],
  [floats(20, 3), weights(3, 5)],
  [floats(3), weights(3, 5)],
  [floats(4, 3), weights(3)],
  [floats(3), floats(1, 3)],
  [floats(2, 4, 3), weights(3, 5)],
  [floats(2, 4, 3), floats(2, 3, 5)],
  [floats(2, 4, 3), floats(1, 3, 5)],
  [floats(1, 4, 3), floats(2, 3, 5)],
  [floats(4, 3), floats(2, 3, 5)],
  [floats(2, 2, 4, 3), floats(2, 1, 3, 5)],
  [floats(2, 2, 4, 3), floats(2, 3, 5)],
  [floats(3), floats(2, 3, 5)],
  [floats(2, 4, 3), floats(3)],
])('MatMul #%#', async (a, b) => {
  const fits = a.shape.length > 1 || b.shape.length !== 2 || b.shape[0] === 3;
  const [left, right] = fits ? [a, b] : [b, a];
  await expectAsOnnxruntime(single('MatMul', [left, right]), 1e-5);
});

it.each<[Operand, Operand, Operand | null, Attributes]>([
  [floats(4, 3), weights(3, 5), null, {}],
  [floats(4, 3), weights(3, 5), weights(5), {}],
  [floats(4, 3), weights(3, 5), weights(4, 1), {}],
  [floats(4, 3), weights(5, 3), weights(1), { transB: 1 }],
  [floats(3, 4), floats(5, 3), weights(5), { transA: 1, transB: 1 }],
  [floats(4, 3), weights(3, 5), weights(5), { alpha: { float: 0.5 }, beta: { float: 2 } }],
])('Gemm #%#', async (a, b, c, attributes) => {
  await expectAsOnnxruntime(single('Gemm', c ? [a, b, c] : [a, b], attributes), 1e-5);
});

it('gives a patch the same bits alone as in a batch', () => {
  const all = floats(7, 300);
  const alone: Operand = { ...all, shape: [1, 300], numbers: all.numbers.slice(600, 900) };
  const run = (operand: Operand) => {
    const graph = single('Gemm', [operand, weights(300, 4), weights(4)]);
    const executor = createExecutor(tf, modelOf(graph));
    const result = executor.run(variables(graph)).get('output 0')?.values;
    executor.close();
    return Array.from(result ?? []);
  };
  expect(run(alone)).toEqual(run(all).slice(8, 12));
});

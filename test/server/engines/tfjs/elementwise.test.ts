import { expect, it } from 'vitest';
import { createExecutor } from '../../../../server/src/engines/tfjs/executor.ts';
import {
  type Attributes,
  expectAsOnnxruntime,
  floats,
  integers,
  modelOf,
  node,
  type Operand,
  positive,
  scalar,
  single,
  variables,
  weights,
} from './as-onnxruntime.ts';
import { tf } from './tensorflow.ts';

/** The plain backend's error function is an approximation, good to 1.5e-7 (Abramowitz and Stegun 7.1.26). */
const APPROXIMATE = 4e-6;

it.each<[string, Attributes?]>([
  ['Identity'],
  ['Relu'],
  ['Sigmoid'],
  ['Tanh'],
  ['Exp'],
  ['Neg'],
  ['Abs'],
  ['Sign'],
  ['Floor'],
  ['Ceil'],
  ['Round'],
  ['Reciprocal'],
  ['Erf'],
  ['Sin'],
  ['Cos'],
  ['Atan'],
  ['Sinh'],
  ['Cosh'],
  ['Softplus'],
  ['Softsign'],
  ['HardSwish'],
  ['Elu'],
  ['Elu', { alpha: { float: 0.3 } }],
  ['Selu'],
  ['Selu', { alpha: { float: 1.5 }, gamma: { float: 1.1 } }],
  ['Celu', { alpha: { float: 0.5 } }],
  ['LeakyRelu'],
  ['LeakyRelu', { alpha: { float: 0.3 } }],
  ['ThresholdedRelu', { alpha: { float: 0.7 } }],
  ['HardSigmoid'],
  ['HardSigmoid', { alpha: { float: 1 / 6 }, beta: { float: 0.4 } }],
  ['Shrink', { bias: { float: 0.2 }, lambd: { float: 0.6 } }],
  ['Dropout'],
])('%s %o', async (operator, attributes = {}) => {
  await expectAsOnnxruntime(single(operator, [floats(2, 3, 5, 4)], attributes), APPROXIMATE);
  await expectAsOnnxruntime(single(operator, [floats(7)], attributes), APPROXIMATE);
});

it.each([
  ['Gelu', {}, 20],
  ['Gelu', { approximate: 'tanh' }, 20],
  ['Mish', {}, 18],
])('%s %o of opset %i', async (operator, attributes, opset) => {
  await expectAsOnnxruntime(single(operator, [floats(2, 3, 5)], attributes, { opset }), APPROXIMATE);
});

it.each(['Log', 'Sqrt'])('%s', async (operator) => {
  await expectAsOnnxruntime(single(operator, [positive(2, 3, 5, 4)]));
});

it.each<[string, (Operand | null)[], Attributes, number]>([
  ['attributes', [floats(4, 5)], { min: { float: -0.5 }, max: { float: 1 } }, 7],
  ['one attribute', [floats(4, 5)], { max: { float: 0.25 } }, 7],
  ['inputs', [floats(4, 5), scalar(-1), scalar(0.5)], {}, 15],
  ['from zero', [floats(4, 5), scalar(0), null], {}, 15],
  ['to six', [floats(4, 5), scalar(0), scalar(6)], {}, 15],
  ['a bound left out', [floats(4, 5), null, scalar(0.5)], {}, 15],
  ['no bounds', [floats(4, 5)], {}, 15],
])('Clip: %s', async (_, operands, attributes, opset) => {
  await expectAsOnnxruntime(single('Clip', operands, attributes, { opset }));
});

const shapes: [string, Operand, Operand][] = [
  ['equal shapes', floats(2, 3, 4, 5), weights(2, 3, 4, 5)],
  ['a number', floats(2, 3, 4, 5), scalar(0.7)],
  ['a row', floats(2, 3, 4, 5), weights(5)],
  ['channels', floats(2, 3, 4, 5), weights(3, 1, 1)],
  ['dimensions that grow both ways', floats(2, 1, 4, 1), floats(3, 1, 5)],
  ['more dimensions on the right', floats(4, 5), floats(2, 3, 4, 5)],
  ['five dimensions', floats(2, 3, 4, 5), floats(2, 1, 1, 4, 5)],
];

it.each(['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Sum', 'Mean'])('%s broadcasts', async (operator) => {
  for (const [, a, b] of shapes) await expectAsOnnxruntime(single(operator, [a, b]), 1e-5);
});

it.each(['Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Equal'])('%s', async (operator) => {
  const [a, b] = [floats(3, 4), { ...floats(3, 4), numbers: floats(4, 3).numbers.map((x, i) => (i % 3 ? x : 0.5)) }];
  const equal = { ...a, numbers: a.numbers.map((x, i) => (i % 3 ? x : 0.5)) };
  await expectAsOnnxruntime(single(operator, [equal, b], {}, { opset: 16 }));
});

it.each(['And', 'Or', 'Xor'])('%s', async (operator) => {
  const truth = (numbers: number[]): Operand => ({ type: 'bool', shape: [4], numbers, constant: false });
  await expectAsOnnxruntime(single(operator, [truth([0, 0, 1, 1]), truth([0, 1, 0, 1])]));
  await expectAsOnnxruntime(single('Not', [truth([0, 1, 1, 0])]));
});

it('Max, Min, Sum and Mean take any number of inputs', async () => {
  for (const operator of ['Max', 'Min', 'Sum', 'Mean']) {
    await expectAsOnnxruntime(single(operator, [floats(2, 3), weights(3), floats(3, 2, 3)]));
    await expectAsOnnxruntime(single(operator, [floats(2, 3)]));
  }
});

it.each([2, 0.5, 3, 1.7, -1])('Pow to the %d', async (exponent) => {
  await expectAsOnnxruntime(single('Pow', [positive(2, 3, 5), scalar(exponent)]), 1e-5);
  await expectAsOnnxruntime(single('Pow', [positive(2, 3, 5), { ...scalar(exponent), constant: false }]), 1e-5);
});

it('Pow takes an exponent for each number, and integers', async () => {
  await expectAsOnnxruntime(single('Pow', [positive(2, 3), floats(3)]), 1e-5);
  await expectAsOnnxruntime(single('Pow', [positive(2, 3), integers(1, 2, 3)]), 1e-5);
});

it('PRelu has a slope for all, for each channel or for each number', async () => {
  for (const slope of [weights(1), weights(3, 1, 1), weights(3, 4, 5)]) {
    await expectAsOnnxruntime(single('PRelu', [floats(2, 3, 4, 5), slope]));
  }
});

it('Where chooses, and broadcasts', async () => {
  const nodes = [node('Less', ['x', 'limit'], ['small']), node('Where', ['small', 'x', 'other'], ['result'])];
  const operands = { x: floats(2, 3, 4, 5), limit: weights(3, 1, 1), other: scalar(9) };
  await expectAsOnnxruntime({ nodes, operands, outputs: ['result'], opset: 15 });
});

it.each([
  [0, 3],
  [1, 3],
])('Mod with fmod %i', async (fmod, divisor) => {
  const x: Operand = { type: 'int64', shape: [5], numbers: [-7, -3, 0, 4, 8], constant: false };
  await expectAsOnnxruntime(single('Mod', [x, integers(divisor)], { fmod }));
});

it.each(['Sigmoid', 'Exp', 'Elu', 'Softplus'])('%s gives a patch the same bits alone as in a batch', (operator) => {
  const all = floats(5, 3, 7);
  const alone: Operand = { ...all, shape: [1, 3, 7], numbers: all.numbers.slice(-21) };
  const run = (operand: Operand) => {
    const graph = single(operator, [operand]);
    const executor = createExecutor(tf, modelOf(graph));
    const result = executor.run(variables(graph)).get('output 0')?.values;
    executor.close();
    return Array.from(result ?? []);
  };
  expect(run(alone)).toEqual(run(all).slice(-21));
});

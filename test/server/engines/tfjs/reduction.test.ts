import { it } from 'vitest';
import { type Attributes, expectAsOnnxruntime, floats, integers, positive, single, weights } from './as-onnxruntime.ts';

const OPERATORS = [
  'ReduceMean',
  'ReduceSum',
  'ReduceMax',
  'ReduceMin',
  'ReduceProd',
  'ReduceL1',
  'ReduceL2',
  'ReduceSumSquare',
];
/** In these the axes are an attribute, but for ReduceSum. */
const OLD = 11;

it.each([...OPERATORS, 'ReduceLogSum', 'ReduceLogSumExp'])('%s', async (operator) => {
  const x = operator === 'ReduceLogSum' ? positive(2, 3, 4, 5) : floats(2, 3, 4, 5);
  const axes: Attributes[] = [{}, { axes: [2, 3] }, { axes: [1] }, { axes: [-1, 0] }, { axes: [0, 1, 2, 3] }];
  for (const attributes of axes) {
    for (const keepdims of [0, 1]) {
      await expectAsOnnxruntime(single(operator, [x], { ...attributes, keepdims }, { opset: OLD }), 1e-5);
    }
  }
});

it.each(OPERATORS)('%s with axes as an input', async (operator) => {
  await expectAsOnnxruntime(single(operator, [floats(2, 3, 4), integers(-1, 1)], { keepdims: 0 }, { opset: 18 }), 1e-5);
  await expectAsOnnxruntime(single(operator, [floats(2, 3, 4)], { noop_with_empty_axes: 1 }, { opset: 18 }), 1e-5);
});

it.each(['ArgMax', 'ArgMin'])('%s', async (operator) => {
  for (const axis of [0, 1, -1]) {
    for (const keepdims of [0, 1]) await expectAsOnnxruntime(single(operator, [floats(3, 4, 5)], { axis, keepdims }));
  }
});

it('ArgMax of equals takes the first, or the last', async () => {
  const equals = { ...floats(2, 4), numbers: [1, 3, 3, 2, 5, 5, 5, 5] };
  for (const last of [0, 1]) {
    await expectAsOnnxruntime(single('ArgMax', [equals], { axis: 1, select_last_index: last }));
  }
});

it('a reduction of constants is computed when the graph is loaded', async () => {
  await expectAsOnnxruntime(single('ReduceMean', [weights(3, 4)], { axes: [1] }, { opset: OLD }));
});

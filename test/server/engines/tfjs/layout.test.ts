import { expect, it } from 'vitest';
import { createExecutor } from '../../../../server/src/engines/tfjs/executor.ts';
import {
  type Attributes,
  expectAsOnnxruntime,
  floats,
  integers,
  modelOf,
  node,
  numbers,
  type Operand,
  positiveWeights,
  scalar,
  type TestGraph,
  variables,
  weights,
} from './as-onnxruntime.ts';
import { tf } from './tensorflow.ts';

/** A convolution, whose result is held channels-last, then an operator on its 5 channels of 4 x 6 cells. */
function afterConvolution(
  operator: string,
  others: readonly Operand[],
  attributes: Attributes,
  opset: number,
): TestGraph {
  const names = others.map((_, i) => `other ${i}`);
  return {
    nodes: [
      node('Conv', ['x', 'kernel'], ['map'], { pads: [1, 1, 1, 1] }),
      node(operator, ['map', ...names], ['result'], attributes),
    ],
    operands: {
      x: floats(2, 3, 4, 6),
      kernel: weights(5, 3, 3, 3),
      ...Object.fromEntries(names.map((name, i) => [name, others[i]])),
    },
    outputs: ['result'],
    opset,
  };
}

it.each<[string, Operand[], Attributes?, number?]>([
  ['Relu', []],
  ['Sigmoid', []],
  ['Add', [weights(5, 1, 1)]],
  ['Add', [weights(6)]],
  ['Add', [weights(2, 5, 4, 6)]],
  ['Mul', [floats(2, 5, 1, 1)]],
  ['Mul', [scalar(3)]],
  ['Add', [floats(3, 1, 1, 1, 1)]],
  ['Pow', [weights(5, 1, 1)]],
  ['PRelu', [weights(5, 1, 1)]],
  ['PRelu', [weights(5, 4, 6)]],
  ['Clip', [scalar(-1), scalar(1)]],
  ['Concat', [floats(2, 1, 4, 6)], { axis: 1 }],
  ['Concat', [floats(2, 5, 2, 6)], { axis: 2 }],
  ['Pad', [integers(0, 1, 2, 0, 0, 0, 1, 3)]],
  ['Pad', [integers(0, 0, 2, 0, 0, 0, 1, 3)], { mode: 'reflect' }],
  ['Slice', [integers(1, 0), integers(4, 5), integers(1, 3), integers(2, 3)]],
  ['Slice', [integers(-1), integers(-100), integers(2), integers(-1)]],
  ['Gather', [integers(4, 0)], { axis: 1 }],
  ['Gather', [{ ...integers(1), shape: [] }], { axis: 1 }],
  ['Split', [integers(5)], { axis: 1 }],
  ['Tile', [integers(1, 2, 1, 3)]],
  ['Resize', [numbers(), numbers(1, 1, 2, 2)], { mode: 'nearest' }],
  ['Resize', [numbers(), numbers(1, 1, 1.5, 2)], { mode: 'linear' }],
  ['Resize', [numbers(), numbers(1, 2, 1, 1)], { mode: 'linear' }],
  ['ReduceMean', [], { axes: [2, 3] }],
  ['ReduceMean', [], { axes: [2, 3], keepdims: 0 }],
  ['ReduceMean', [], { axes: [1] }],
  ['ReduceMean', [], { axes: [1], keepdims: 0 }],
  ['ReduceMean', [], { axes: [0], keepdims: 0 }],
  ['ReduceMean', [], { axes: [3], keepdims: 0 }],
  ['ReduceMax', [], { keepdims: 0 }],
  ['ArgMax', [], { axis: 1 }],
  ['ArgMax', [], { axis: 3, keepdims: 0 }],
  ['Softmax', [], { axis: 1 }],
  ['Softmax', [], { axis: 2 }],
  ['Softmax', [], { axis: 1 }, 11],
  ['Transpose', [], { perm: [0, 2, 3, 1] }],
  ['Transpose', [], { perm: [1, 0, 3, 2] }],
  ['Reshape', [integers(2, -1, 4)]],
  ['Flatten', []],
  ['Unsqueeze', [integers(1)]],
  ['Expand', [integers(3, 1, 1, 1, 1)]],
  ['Cast', [], { to: 7 }],
  ['GlobalAveragePool', []],
  ['GlobalMaxPool', []],
  ['MaxPool', [], { kernel_shape: [2, 2] }],
  ['BatchNormalization', [weights(5), weights(5), weights(5), positiveWeights(5)]],
  ['InstanceNormalization', [weights(5), weights(5)]],
  ['LayerNormalization', [weights(6)], {}, 17],
  ['LRN', [], { size: 3 }],
  ['DepthToSpace', [], { blocksize: 1 }],
  ['MatMul', [weights(6, 2)]],
  ['Shape', []],
])('%s after a convolution #%#', async (operator, others, attributes = {}, opset = 15) => {
  await expectAsOnnxruntime(afterConvolution(operator, others, attributes, opset), 1e-5);
});

it('moves no data where channels-last patches go through convolutions and come out as cells', async () => {
  const graph: TestGraph = {
    nodes: [
      node('Transpose', ['patches'], ['x'], { perm: [0, 3, 1, 2] }),
      node('Conv', ['x', 'kernel', 'bias'], ['first'], { pads: [1, 1, 1, 1] }),
      node('Mul', ['first', 'scale'], ['scaled']),
      node('Relu', ['scaled'], ['relu']),
      node('Conv', ['relu', 'kernel 2'], ['second'], { pads: [1, 1, 1, 1] }),
      node('Add', ['second', 'first'], ['sum']),
      node('Concat', ['sum', 'relu'], ['both'], { axis: 1 }),
      node('MaxPool', ['both'], ['pooled'], { kernel_shape: [2, 2], strides: [2, 2] }),
      node('GlobalAveragePool', ['pooled'], ['mean']),
      node('Sigmoid', ['mean'], ['gate']),
      node('Mul', ['pooled', 'gate'], ['gated']),
      node('Transpose', ['gated'], ['cells'], { perm: [0, 2, 3, 1] }),
      node('Flatten', ['mean'], ['features']),
    ],
    operands: {
      patches: floats(2, 6, 8, 3),
      kernel: weights(4, 3, 3, 3),
      bias: weights(4),
      scale: weights(4, 1, 1),
      'kernel 2': weights(4, 4, 3, 3),
    },
    outputs: ['cells', 'features'],
    opset: 15,
  };
  await expectAsOnnxruntime(graph, 1e-5);
  const executor = createExecutor(tf, modelOf(graph));
  executor.run(variables(graph));
  const { kernelNames } = await tf.profile(() => {
    executor.run(variables(graph));
    return tf.scalar(0);
  });
  executor.close();
  expect(kernelNames).toContain('Conv2D');
  expect(kernelNames).not.toContain('Transpose');
});

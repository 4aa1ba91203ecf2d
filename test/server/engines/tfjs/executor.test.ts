import { expect, it } from 'vitest';
import { createExecutor } from '../../../../server/src/engines/tfjs/executor.ts';
import { onnx } from '../../../../server/src/models/onnx/proto.ts';
import {
  expectAsOnnxruntime,
  floats,
  integers,
  modelOf,
  node,
  scalar,
  single,
  type TestGraph,
  variables,
  weights,
} from './as-onnxruntime.ts';
import { tf } from './tensorflow.ts';

function graphOf(nodes: TestGraph['nodes'], operands: TestGraph['operands'] = { x: floats(2, 3) }): TestGraph {
  return { nodes, operands, outputs: ['y'], opset: 15 };
}

it('runs nodes in the order of what they take, whatever the order of the file', async () => {
  const nodes = [
    node('Add', ['b', 'a'], ['y']),
    node('Mul', ['a', 'a'], ['b']),
    node('Relu', ['x'], ['a']),
    node('Neg', ['x'], ['unused']),
  ];
  const executor = createExecutor(tf, modelOf(graphOf(nodes)));
  const relu = floats(2, 3).numbers.map((x) => Math.max(x, 0));
  const found = executor.run(variables(graphOf(nodes))).get('y');
  executor.close();
  expect(Array.from(found?.values ?? [])).toEqual(relu.map((x) => Math.fround(Math.fround(x * x) + x)));
});

it('keeps a tensor that several take, or that goes through unchanged', async () => {
  const nodes = [
    node('Identity', ['x'], ['same']),
    node('Dropout', ['same'], ['kept']),
    node('Add', ['same', 'kept'], ['twice']),
    node('Reshape', ['twice', 'shape'], ['flat']),
    node('Add', ['flat', 'flat'], ['y']),
  ];
  await expectAsOnnxruntime(graphOf(nodes, { x: floats(2, 3), shape: integers(-1) }));
  await expectAsOnnxruntime({
    ...graphOf(nodes, { x: floats(2, 3), shape: integers(-1) }),
    outputs: ['same', 'y', 'kept'],
  });
});

it('gives back inputs and constants that are outputs', async () => {
  await expectAsOnnxruntime(graphOf([node('Identity', ['c'], ['y'])], { x: floats(2), c: weights(3) }));
  await expectAsOnnxruntime(graphOf([node('Identity', ['x'], ['y'])]));
});

it('computes what depends on constants alone when the graph is loaded', async () => {
  const nodes = [
    node('Transpose', ['w'], ['turned']),
    node('Mul', ['turned', 'two'], ['scaled']),
    node('MatMul', ['x', 'scaled'], ['y']),
  ];
  const graph = graphOf(nodes, { x: floats(2, 3), w: weights(4, 3), two: scalar(2) });
  await expectAsOnnxruntime(graph);
  const executor = createExecutor(tf, modelOf(graph));
  const { kernelNames } = await tf.profile(() => {
    executor.run(variables(graph));
    return tf.scalar(0);
  });
  executor.close();
  expect(kernelNames).not.toContain('Transpose');
  expect(kernelNames).not.toContain('Multiply');
});

it.each<[string, TestGraph, string]>([
  [
    'an operator that is not there',
    single('Einsum', [floats(2, 3)], { equation: 'ij->ji' }),
    "operator Einsum of node 'Einsum to output 0' is not among those of the engine tfjs-float32; onnxruntime-float32 runs it",
  ],
  [
    'an operator of another domain',
    graphOf([{ ...node('FusedConv', ['x'], ['y']), domain: 'com.microsoft' }]),
    "operator com.microsoft.FusedConv of node 'FusedConv to y' is not among those",
  ],
  [
    'a name of Object itself',
    single('toString', [floats(2)]),
    "operator toString of node 'toString to output 0' is not among those",
  ],
  [
    'a tensor that nothing gives',
    graphOf([node('Add', ['x', 'z'], ['y'])]),
    "takes the tensor 'z', which nothing gives",
  ],
  [
    'a circle',
    graphOf([node('Add', ['x', 'b'], ['a']), node('Relu', ['a'], ['b']), node('Neg', ['b'], ['y'])]),
    'depends on its own result',
  ],
  ['a missing output', graphOf([node('Relu', ['x'], ['z'])]), "the output takes the tensor 'y', which nothing gives"],
])('refuses %s', (_, graph, message) => {
  expect(() => createExecutor(tf, modelOf(graph))).toThrow(message);
});

it('refuses graphs within nodes', () => {
  const branch = { name: 'then_branch', type: onnx.AttributeProto.AttributeType.GRAPH, g: { node: [] } };
  const graph = graphOf([{ ...node('If', ['x'], ['y']), attribute: [branch] }]);
  expect(() => createExecutor(tf, modelOf(graph))).toThrow('operator If of node');
});

it('names the node that fails while it runs, and leaves nothing behind', () => {
  const graph = graphOf([node('Relu', ['x'], ['a']), node('Reshape', ['a', 'shape'], ['y'])], {
    x: floats(2, 3),
    shape: integers(4, 2),
  });
  const before = tf.memory().numTensors;
  const executor = createExecutor(tf, modelOf(graph));
  expect(() => executor.run(variables(graph))).toThrow("node 'Reshape to y' (Reshape) cannot shape [2, 3] as [4, 2]");
  executor.close();
  expect(tf.memory().numTensors).toBe(before);
});

it("names the node in the backend's own complaints", () => {
  const graph = single('MatMul', [floats(2, 3), floats(4, 5)]);
  const executor = createExecutor(tf, modelOf(graph));
  expect(() => executor.run(variables(graph))).toThrow(/^node 'MatMul to output 0' \(MatMul\) cannot be computed: /);
  executor.close();
});

it('plans a graph of many thousand nodes', () => {
  const length = 20_000;
  const nodes = Array.from({ length }, (_, i) =>
    node('Identity', [i === 0 ? 'x' : `t${i - 1}`], [i === length - 1 ? 'y' : `t${i}`]),
  );
  const executor = createExecutor(tf, modelOf(graphOf(nodes.reverse(), { x: floats(1) })));
  expect(executor.run(variables(graphOf([], { x: floats(1) }))).get('y')?.values).toHaveLength(1);
  executor.close();
});

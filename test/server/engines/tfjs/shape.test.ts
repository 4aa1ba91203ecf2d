import { expect, it } from 'vitest';
import { createExecutor } from '../../../../server/src/engines/tfjs/executor.ts';
import { onnx } from '../../../../server/src/models/onnx/proto.ts';
import {
  type Attributes,
  expectAsOnnxruntime,
  floats,
  integers,
  modelOf,
  node,
  numbers,
  type Operand,
  scalar,
  single,
  tensorProto,
  variables,
  weights,
} from './as-onnxruntime.ts';
import { tf } from './tensorflow.ts';

/** Beyond every dimension, as exporters write it. */
const END = 2 ** 62;

it.each<[string, (Operand | null)[], Attributes?, number?]>([
  ['Reshape', [floats(2, 3, 4), integers(0, -1)]],
  ['Reshape', [floats(2, 3, 4), integers(4, 0, 2)]],
  ['Flatten', [floats(2, 3, 4, 5)]],
  ['Flatten', [floats(2, 3, 4, 5)], { axis: 0 }],
  ['Flatten', [floats(2, 3, 4, 5)], { axis: -1 }],
  ['Squeeze', [floats(2, 1, 4, 1)], {}],
  ['Squeeze', [floats(2, 1, 4, 1)], { axes: [3] }, 11],
  ['Squeeze', [floats(2, 1, 4, 1), integers(-3)]],
  ['Unsqueeze', [floats(2, 4)], { axes: [0, 3] }, 11],
  ['Unsqueeze', [floats(2, 4), integers(-1, 1)]],
  ['Transpose', [floats(2, 3, 4)]],
  ['Transpose', [floats(2, 3, 4, 5)], { perm: [0, 2, 3, 1] }],
  ['Transpose', [floats(2, 3, 4, 5)], { perm: [0, 3, 1, 2] }],
  ['Transpose', [floats(2, 3, 4, 5)], { perm: [3, 1, 0, 2] }],
  ['Expand', [floats(3, 1), integers(2, 1, 4)]],
  ['Expand', [floats(3, 4), integers(1)]],
  ['Tile', [floats(2, 3), integers(2, 2)]],
  ['Shape', [floats(2, 3, 4)]],
  ['Shape', [floats(2, 3, 4)], { start: 1, end: -1 }],
  ['Size', [floats(2, 3, 4)]],
  ['Cast', [floats(3, 4)], { to: 7 }],
  ['Cast', [floats(3, 4)], { to: 9 }],
  ['Cast', [floats(3, 4)], { to: 1 }],
  ['ConstantOfShape', [integers(2, 3)]],
  ['DepthToSpace', [floats(1, 8, 2, 3)], { blocksize: 2 }],
  ['DepthToSpace', [floats(1, 8, 2, 3)], { blocksize: 2, mode: 'CRD' }],
  ['SpaceToDepth', [floats(1, 2, 4, 6)], { blocksize: 2 }],
  ['Concat', [floats(2, 3, 4), weights(2, 1, 4)], { axis: 1 }],
  ['Concat', [floats(2, 3, 4), floats(2, 3, 2)], { axis: -1 }],
  ['Gather', [floats(4, 5), integers(3, 0, -1)], { axis: 1 }],
  ['Gather', [floats(4, 5), { ...integers(2), shape: [] }]],
  ['Gather', [floats(4, 5), { ...integers(0, 1, 2, 3), shape: [2, 2] }], { axis: 1 }],
  ['Slice', [floats(5, 6)], { starts: [1, -4], ends: [3, -1] }, 9],
  ['Slice', [floats(5, 6)], { starts: [2], ends: [9], axes: [1] }, 9],
  ['Slice', [floats(5, 6), integers(1, 0), integers(END, 5), null, integers(1, 2)]],
  ['Slice', [floats(5, 6), integers(-1), integers(-END), integers(1), integers(-1)]],
  ['Slice', [floats(5, 6), integers(4, 5), integers(0, 1), integers(0, 1), integers(-2, -3)]],
  ['Slice', [floats(5, 6), integers(3), integers(3), integers(0)]],
  ['Pad', [floats(3, 4)], { pads: [1, 0, 0, 2], value: { float: 3 } }, 10],
  ['Pad', [floats(3, 4), integers(1, 0, 0, 2)]],
  ['Pad', [floats(3, 4), integers(1, 0, 0, 2), scalar(-7)]],
  ['Pad', [floats(3, 4), integers(-1, 2, 0, -2)]],
  ['Pad', [floats(3, 4), integers(2, 1, 1, 3)], { mode: 'reflect' }],
  ['Pad', [floats(3, 4), integers(4, 1, 1, 3)], { mode: 'edge' }],
  ['Pad', [floats(3, 4), integers(1, 2), null, integers(1)], {}, 18],
  ['OneHot', [{ ...integers(0, 2, -1), constant: false }, integers(4), numbers(0, 1)]],
  ['OneHot', [{ ...integers(0, 2, 1), constant: false }, integers(4), numbers(2, 5)], { axis: 0 }],
  ['CumSum', [floats(3, 4), { ...integers(1), shape: [] }], { exclusive: 1 }],
  ['CumSum', [floats(3, 4), { ...integers(0), shape: [] }], { reverse: 1 }],
])('%s #%#', async (operator, operands, attributes = {}, opset = 15) => {
  await expectAsOnnxruntime(single(operator, operands, attributes, { opset }));
});

it.each<[string, Operand[], Attributes, number, number]>([
  ['an attribute', [floats(2, 6)], { axis: 1, split: [1, 3, 2] }, 11, 3],
  ['an input', [floats(2, 6), integers(4, 2)], { axis: -1 }, 15, 2],
  ['equal parts', [floats(2, 6)], { axis: 1 }, 15, 3],
  ['num_outputs that do not divide', [floats(2, 7)], { axis: 1, num_outputs: 3 }, 18, 3],
])('Split: %s', async (_, operands, attributes, opset, outputs) => {
  await expectAsOnnxruntime(single('Split', operands, attributes, { opset, outputs }));
});

it.each<Attributes>([
  { value_float: { float: 2.5 } },
  { value_floats: { floats: [1, 2] } },
  { value_int: 7 },
  { value_ints: [3, 4] },
])('Constant %o', async (attributes) => {
  const nodes = [
    node('Constant', [], ['c'], attributes),
    node('Cast', ['c'], ['f'], { to: 1 }),
    node('Add', ['x', 'f'], ['y']),
  ];
  await expectAsOnnxruntime({ nodes, operands: { x: floats(3, 1) }, outputs: ['y'], opset: 15 });
});

it('a shape that is computed from another', async () => {
  // What PyTorch writes for x.view(x.size(0), x.size(1) * 4, -1).
  const nodes = [
    node('Shape', ['x'], ['shape']),
    node('Gather', ['shape', 'first'], ['batch']),
    node('Gather', ['shape', 'second'], ['channels']),
    node('Mul', ['channels', 'four'], ['wide']),
    node('Unsqueeze', ['batch', 'front'], ['batches']),
    node('Unsqueeze', ['wide', 'front'], ['wides']),
    node('Concat', ['batches', 'wides', 'rest'], ['target'], { axis: 0 }),
    node('Reshape', ['x', 'target'], ['y']),
  ];
  const one = (value: number) => ({ ...integers(value), shape: [] });
  const operands = {
    x: floats(2, 3, 4, 5),
    first: one(0),
    second: one(1),
    four: one(4),
    front: integers(0),
    rest: integers(-1),
  };
  await expectAsOnnxruntime({ nodes, operands, outputs: ['y'], opset: 15 });
});

it('sizes of which half is cut off', async () => {
  // What PyTorch writes for chunk and for interpolation to a share of the size.
  const nodes = [
    node('Shape', ['x'], ['shape']),
    node('Slice', ['shape', 'two', 'end', 'front'], ['space']),
    node('Div', ['space', 'two'], ['half']),
    node('Cast', ['half'], ['floats'], { to: 1 }),
    node('Mul', ['floats', 'share'], ['scaled']),
    node('Floor', ['scaled'], ['whole']),
    node('Cast', ['whole'], ['ends'], { to: 7 }),
    node('Slice', ['x', 'zeros', 'ends', 'last'], ['y']),
  ];
  const operands = {
    x: floats(1, 2, 9, 7),
    two: integers(2),
    end: integers(END),
    front: integers(0),
    share: numbers(1.5),
    zeros: integers(0, 0),
    last: integers(2, 3),
  };
  await expectAsOnnxruntime({ nodes, operands, outputs: ['y'], opset: 15 });
});

it.each(['float16', 'double', 'lists'] as const)('constants stored as %s', async (kind) => {
  const graph = single('Add', [floats(2, 3), numbers(1, -2.5, 0.125)]);
  const model = modelOf(graph);
  const list = [1, -2.5, 0.125];
  const { DataType } = onnx.TensorProto;
  const initializer = {
    float16: { dataType: DataType.FLOAT16, rawData: new Uint8Array(Uint16Array.of(0x3c00, 0xc100, 0x3000).buffer) },
    double: { dataType: DataType.DOUBLE, rawData: new Uint8Array(Float64Array.from(list).buffer) },
    lists: { dataType: DataType.FLOAT, floatData: list },
  }[kind];
  const stored = { ...model, graph: { ...model.graph, initializer: [{ name: 'input 1', dims: [3], ...initializer }] } };
  const executor = createExecutor(tf, new onnx.ModelProto(stored));
  const sum = executor.run(variables(graph)).get('output 0')?.values;
  executor.close();
  expect(Array.from(sum ?? [])).toEqual(floats(2, 3).numbers.map((x, i) => Math.fround(x + list[i % 3])));
});

it('refuses constants that are fewer than their shape says', () => {
  const graph = single('Add', [floats(2, 3), numbers(1, 2, 3)]);
  const model = modelOf(graph);
  const short = { ...tensorProto('input 1', numbers(1, 2)), dims: [3] };
  const lacking = new onnx.ModelProto({ ...model, graph: { ...model.graph, initializer: [short] } });
  expect(() => createExecutor(tf, lacking)).toThrow("tensor 'input 1' of shape [3] holds 2 numbers, not 3");
});

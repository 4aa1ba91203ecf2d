import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import {
  DATA_TYPE,
  type GraphProto,
  makeNode,
  makeTensor,
  makeValueInfo,
  type NodeProto,
  onnx,
} from '../../../../server/src/models/onnx/proto.ts';
import { openModel } from '../../../../server/src/models/open-model.ts';
import { temporaryFolder } from '../../../temporary-folder.ts';
import { numbers } from '../keras-file.ts';
import { CHANNELS, encodeOnnx, type OnnxCase, OUTPUTS, SIDE } from './onnx-file.ts';

const folder = temporaryFolder();
const PATCH = Uint8Array.from(numbers(SIDE * SIDE * 3, 5), (value) => 127 * value + 128);
let count = 0;

function written(onnx: OnnxCase): string {
  const file = join(folder, `head ${count++}.onnx`);
  writeFileSync(file, encodeOnnx(onnx));
  return file;
}

/** Mean of the cells for each output, and the logits; opening fails where they differ. */
async function classified(onnx: OnnxCase) {
  const model = await openModel(written(onnx), { threads: 1 });
  const result = await model.classify(PATCH, 1);
  await model.close();
  return { ...result, description: model.description };
}

const pooled = makeNode('GlobalAveragePool', ['map'], 'pooled');
const flat = makeNode('Flatten', ['pooled'], 'flat', { axis: 1 });
const gemm = makeNode('Gemm', ['flat', 'denseTransposed', 'bias'], 'scores', { transB: 1 });
const plain: OnnxCase = { nodes: [pooled, flat, gemm], output: 'scores' };
const integers = (name: string, ...values: number[]) => makeTensor(name, [values.length], values);
const floats = (name: string, shape: number[], seed: number) =>
  makeTensor(
    name,
    shape,
    numbers(
      shape.reduce((product, size) => product * size, 1),
      seed,
    ),
  );

const { cells: sameCells } = await classified(plain);

/** An If whose branches both give what is made of a tensor outside. */
function choice(outside: string, branches: [string, string]): NodeProto {
  const graph = (operator: string): GraphProto => ({
    name: operator,
    node: [makeNode(operator, [outside, ...(operator === 'Squeeze' ? ['lastTwo'] : [])], `${operator} inside`)],
    output: [makeValueInfo(`${operator} inside`, DATA_TYPE.float, [])],
  });
  const { AttributeType } = onnx.AttributeProto;
  return {
    opType: 'If',
    name: 'choice',
    input: ['condition'],
    output: ['flat'],
    attribute: [
      { name: 'then_branch', type: AttributeType.GRAPH, g: graph(branches[0]) },
      { name: 'else_branch', type: AttributeType.GRAPH, g: graph(branches[1]) },
    ],
  };
}

const condition = { name: 'condition', dims: [], dataType: DATA_TYPE.bool, rawData: Uint8Array.of(1) };

describe('the same classifier in yet other words', () => {
  const cases: (OnnxCase & { name: string })[] = [
    {
      name: 'rows and columns averaged one after the other',
      nodes: [
        makeNode('ReduceMean', ['map'], 'rows', { axes: [-1], keepdims: 0 }),
        makeNode('ReduceMean', ['rows'], 'flat', { axes: [2], keepdims: 0 }),
        gemm,
      ],
      output: 'scores',
    },
    {
      name: 'cells laid out, then averaged',
      nodes: [
        makeNode('Reshape', ['map', 'laid'], 'cells'),
        makeNode('ReduceMean', ['cells'], 'flat', { axes: [2], keepdims: 0 }),
        gemm,
      ],
      constants: [integers('laid', 0, 0, -1)],
      output: 'scores',
    },
    {
      name: 'cells summed, divided by their number',
      nodes: [
        makeNode('ReduceSum', ['map', 'axes'], 'sum', { keepdims: 0 }),
        makeNode('Div', ['sum', 'count'], 'flat'),
        gemm,
      ],
      constants: [integers('axes', 2, 3), makeTensor('count', [], Float32Array.of(SIDE * SIDE))],
      output: 'scores',
    },
    {
      name: 'a shape computed from another',
      nodes: [
        pooled,
        makeNode('Shape', ['pooled'], 'shape'),
        makeNode('Gather', ['shape', 'zero'], 'batch'),
        makeNode('Concat', ['batch', 'rest'], 'wanted', { axis: 0 }),
        makeNode('Reshape', ['pooled', 'wanted'], 'flat'),
        gemm,
      ],
      constants: [integers('zero', 0), integers('rest', -1)],
      output: 'scores',
    },
    {
      name: 'W x',
      nodes: [
        makeNode('ReduceMean', ['map'], 'column', { axes: [2], keepdims: 0 }),
        makeNode('ReduceMean', ['column'], 'vector', { axes: [2], keepdims: 1 }),
        makeNode('MatMul', ['denseTransposed', 'vector'], 'product'),
        makeNode('Squeeze', ['product', 'last'], 'flatProduct'),
        makeNode('Add', ['flatProduct', 'bias'], 'scores'),
      ],
      constants: [integers('last', 2)],
      output: 'scores',
    },
    {
      name: 'a 1 x 1 convolution before the pooling',
      nodes: [
        makeNode('Conv', ['map', 'denseCell', 'bias'], 'maps'),
        makeNode('GlobalAveragePool', ['maps'], 'mean'),
        makeNode('Flatten', ['mean'], 'scores', { axis: 1 }),
      ],
      output: 'scores',
    },
    {
      name: 'cells laid out for a product, channels last',
      nodes: [
        makeNode('Transpose', ['map'], 'last', { perm: [0, 2, 3, 1] }),
        makeNode('Reshape', ['last', 'rows'], 'laid'),
        makeNode('MatMul', ['laid', 'dense'], 'product'),
        makeNode('Reshape', ['product', 'back'], 'maps'),
        makeNode('Add', ['maps', 'bias'], 'shifted'),
        makeNode('ReduceMean', ['shifted'], 'scores', { axes: [1, 2], keepdims: 0 }),
      ],
      constants: [integers('rows', -1, CHANNELS), integers('back', -1, SIDE, SIDE, OUTPUTS)],
      output: 'scores',
    },
    {
      name: 'weights behind Transpose, Cast and Identity',
      nodes: [
        pooled,
        flat,
        makeNode('Transpose', ['denseTransposed'], 'turned', { perm: [1, 0] }),
        makeNode('Cast', ['turned'], 'cast', { to: DATA_TYPE.float }),
        makeNode('Identity', ['cast'], 'weights'),
        makeNode('MatMul', ['flat', 'weights'], 'product'),
        makeNode('Add', ['product', 'bias'], 'scores'),
      ],
      output: 'scores',
    },
    {
      name: 'an If of which both branches only squeeze',
      nodes: [pooled, choice('pooled', ['Squeeze', 'Squeeze']), gemm],
      constants: [condition, integers('lastTwo', 2, 3)],
      output: 'scores',
    },
    {
      name: 'joined with itself, and one half taken again',
      nodes: [
        ...plain.nodes,
        makeNode('Concat', ['scores', 'scores'], 'twice', { axis: 1 }),
        makeNode('Slice', ['twice', 'from', 'to', 'along'], 'half'),
      ],
      constants: [integers('from', OUTPUTS), integers('to', 2 * OUTPUTS), integers('along', 1)],
      output: 'half',
    },
    {
      name: 'the mean of two equal heads',
      nodes: [
        ...plain.nodes,
        makeNode('Gemm', ['flat', 'dense', 'bias'], 'others'),
        makeNode('Mean', ['scores', 'others'], 'both'),
      ],
      output: 'both',
    },
    {
      name: 'twice itself less itself',
      nodes: [
        ...plain.nodes,
        makeNode('Add', ['scores', 'scores'], 'twice'),
        makeNode('Neg', ['scores'], 'minus'),
        makeNode('Sum', ['twice', 'minus'], 'once'),
      ],
      output: 'once',
    },
  ];

  test.each(cases)('$name', async ({ name, ...onnx }) => {
    const { cells, description } = await classified(onnx);
    expect(description.cellRows).toBe(SIDE);
    for (const [i, cell] of sameCells.entries()) expect(cells[i]).toBeCloseTo(cell, 5);
  });
});

it('maps what is pooled last, where parts are pooled before', async () => {
  const nodes = [
    makeNode('AveragePool', ['map'], 'parts', { kernel_shape: [2, 2], strides: [2, 2] }),
    makeNode('GlobalAveragePool', ['parts'], 'pooled'),
    flat,
    gemm,
  ];
  const { description } = await classified({ nodes, output: 'scores' });
  expect(description).toMatchObject({ cellRows: SIDE / 2, camLayer: 'parts' });
});

it('adds a linear layer of the pooled values to themselves', async () => {
  const nodes = [
    pooled,
    flat,
    makeNode('MatMul', ['flat', 'square'], 'mixed'),
    makeNode('Add', ['flat', 'mixed'], 'residual'),
    makeNode('MatMul', ['residual', 'dense'], 'scores'),
  ];
  const { description } = await classified({
    nodes,
    constants: [floats('square', [CHANNELS, CHANNELS], 9)],
    output: 'scores',
  });
  expect(description.check.difference).toBeLessThan(1e-5);
});

it('takes classes with softmax over them, one dimension behind', async () => {
  const nodes = [
    pooled,
    makeNode('Conv', ['pooled', 'denseCell', 'bias'], 'maps'),
    makeNode('Softmax', ['maps'], 'end', { axis: 1 }),
  ];
  const { cells, description } = await classified({ nodes, output: 'end' });
  expect(description.activation).toBe('softmax');
  for (const [i, cell] of sameCells.entries()) expect(cells[i]).toBeCloseTo(cell, 5);
});

describe('why others have no map', () => {
  const wide = floats('wide', [2 * CHANNELS, OUTPUTS], 8);
  const joined = (other: NodeProto[]): OnnxCase => ({
    nodes: [
      pooled,
      ...other,
      makeNode('Concat', ['pooled', 'other'], 'both', { axis: 1 }),
      makeNode('Flatten', ['both'], 'bothFlat', { axis: 1 }),
      makeNode('MatMul', ['bothFlat', 'wide'], 'scores'),
    ],
    constants: [wide],
    output: 'scores',
  });
  const cases: (OnnxCase & { name: string; says: string; gradient: boolean })[] = [
    {
      name: 'two maps',
      ...joined([makeNode('Sigmoid', ['map'], 'second'), makeNode('GlobalAveragePool', ['second'], 'other')]),
      says: "layer 'both' (Concat) takes pooled values of two maps, by layer 'pooled' (GlobalAveragePool) and by layer",
      gradient: true,
    },
    {
      name: 'average and maximum',
      ...joined([makeNode('MaxPool', ['map'], 'other', { kernel_shape: [SIDE, SIDE] })]),
      says: "layer 'other' (MaxPool) takes the maximum",
      gradient: true,
    },
    {
      name: 'a part of the map',
      nodes: [
        makeNode('AveragePool', ['map'], 'parts', { kernel_shape: [4, 8] }),
        makeNode('Flatten', ['parts'], 'flat', { axis: 1 }),
        makeNode('MatMul', ['flat', 'more'], 'scores'),
      ],
      constants: [floats('more', [5 * CHANNELS, OUTPUTS], 8)],
      output: 'scores',
      says: "layer 'parts' (AveragePool) averages windows of 4 x 8 of a map of 8 x 8 cells, not the whole",
      gradient: true,
    },
    {
      name: 'only rows averaged',
      nodes: [
        makeNode('ReduceMean', ['map'], 'rows', { axes: [2], keepdims: 0 }),
        makeNode('Flatten', ['rows'], 'flat', { axis: 1 }),
        makeNode('MatMul', ['flat', 'more'], 'scores'),
      ],
      constants: [floats('more', [SIDE * CHANNELS, OUTPUTS], 8)],
      output: 'scores',
      says: "layer 'rows' (ReduceMean) averages only rows or only columns of a map",
      gradient: true,
    },
    {
      name: 'a norm',
      nodes: [
        pooled,
        flat,
        makeNode('LpNormalization', ['flat'], 'unit'),
        makeNode('MatMul', ['unit', 'dense'], 'scores'),
      ],
      output: 'scores',
      says: "layer 'unit' (LpNormalization) lies between the cells and the scores",
      gradient: true,
    },
    {
      name: 'swish in two nodes',
      nodes: [
        ...plain.nodes,
        makeNode('Sigmoid', ['scores'], 'gate'),
        makeNode('Mul', ['scores', 'gate'], 'hidden'),
        makeNode('MatMul', ['hidden', 'square'], 'end'),
      ],
      constants: [floats('square', [OUTPUTS, OUTPUTS], 8)],
      output: 'end',
      says: "layer 'hidden' (Mul) lies between the pooling and the scores and is not linear",
      gradient: true,
    },
    {
      name: 'an If of two minds',
      nodes: [pooled, choice('pooled', ['Squeeze', 'Relu']), gemm],
      constants: [condition, integers('lastTwo', 2, 3)],
      output: 'scores',
      says: "layer 'choice' (If)",
      gradient: false,
    },
    {
      name: 'rounded values',
      nodes: [
        pooled,
        flat,
        makeNode('QuantizeLinear', ['flat', 'step'], 'bytes'),
        makeNode('DequantizeLinear', ['bytes', 'step'], 'again'),
        makeNode('MatMul', ['again', 'dense'], 'scores'),
      ],
      constants: [makeTensor('step', [], Float32Array.of(0.1))],
      output: 'scores',
      says: "layer 'bytes' (QuantizeLinear) rounds the pooled values",
      gradient: false,
    },
  ];

  test.each(cases)('$name', async ({ name, says, gradient, ...onnx }) => {
    const file = written(onnx);
    const message = await openModel(file).then(
      () => '',
      (error: Error) => error.message,
    );
    expect(message).toContain(says);
    expect(message).toContain('Zhou et al. 2016');
    const line = `"method": "hirescam" in ${file.slice(folder.length + 1, -5)}.manifest.json maps it by gradients instead`;
    expect(message.endsWith(line)).toBe(gradient);
  });
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { makeNode, makeTensor } from '../../../../server/src/models/onnx/proto.ts';
import { openModel } from '../../../../server/src/models/open-model.ts';
import { temporaryFolder } from '../../../temporary-folder.ts';
import { numbers } from '../keras-file.ts';
import { CHANNELS, encodeOnnx, type OnnxCase, OUTPUTS, SIDE } from './onnx-file.ts';

const folder = temporaryFolder();
const PATCH = Uint8Array.from(numbers(SIDE * SIDE * 3, 5), (value) => 127 * value + 128);
let count = 0;

function written(onnx: OnnxCase): string {
  const file = join(folder, `model ${count++}.onnx`);
  writeFileSync(file, encodeOnnx(onnx));
  return file;
}

/** Closes what it opens; fails where the load check, mean of cells = logit, does. */
async function classified(onnx: OnnxCase) {
  const model = await openModel(written(onnx));
  const result = await model.classify(PATCH, 1);
  await model.close();
  return { ...result, description: model.description, batchSize: model.batchSize };
}

const pooled = makeNode('GlobalAveragePool', ['map'], 'pooled');
const flat = makeNode('Flatten', ['pooled'], 'flat', { axis: 1 });
const gemm = makeNode('Gemm', ['flat', 'denseTransposed', 'bias'], 'scores', { transB: 1 });
const scores = [pooled, flat, gemm];
const axes = (...values: number[]) => makeTensor('axes', [values.length], values);

/** All of them the same classifier, written in different ways. */
const heads: (OnnxCase & { name: string; activation?: string })[] = [
  { name: 'GlobalAveragePool, Flatten, Gemm', nodes: scores, output: 'scores' },
  { name: 'a Softmax after them', nodes: [...scores, makeNode('Softmax', ['scores'], 'end')], output: 'end' },
  {
    name: 'a Sigmoid after them',
    nodes: [...scores, makeNode('Sigmoid', ['scores'], 'end')],
    output: 'end',
    activation: 'sigmoid',
  },
  {
    name: 'Squeeze, MatMul, Add',
    nodes: [
      pooled,
      makeNode('Squeeze', ['pooled', 'axes'], 'flat'),
      makeNode('MatMul', ['flat', 'dense'], 'product'),
      makeNode('Add', ['bias', 'product'], 'scores'),
    ],
    constants: [axes(2, 3)],
    output: 'scores',
  },
  {
    name: 'ReduceMean over the last two axes, Gemm',
    nodes: [makeNode('ReduceMean', ['map'], 'flat', { axes: [-1, -2], keepdims: 0 }), gemm],
    output: 'scores',
  },
  {
    name: 'ReduceMean with channels last',
    nodes: [
      makeNode('Transpose', ['map'], 'last', { perm: [0, 2, 3, 1] }),
      makeNode('ReduceMean', ['last'], 'flat', { axes: [1, 2], keepdims: 0 }),
      gemm,
    ],
    output: 'scores',
  },
  {
    name: 'AveragePool over the whole map',
    nodes: [makeNode('AveragePool', ['map'], 'pooled', { kernel_shape: [SIDE, SIDE] }), flat, gemm],
    output: 'scores',
  },
  {
    name: 'a 1 x 1 convolution of the pooled map',
    nodes: [
      pooled,
      makeNode('Conv', ['pooled', 'denseCell', 'bias'], 'cell', { kernel_shape: [1, 1] }),
      makeNode('Flatten', ['cell'], 'scores'),
    ],
    output: 'scores',
  },
  {
    name: 'a file of IR version 3',
    nodes: scores,
    output: 'scores',
    input: ['N', 3, SIDE, SIDE],
    irVersion: 3,
  },
  {
    name: "outputs with the server's own names",
    nodes: [
      makeNode('Identity', ['map'], 'cells'),
      makeNode('GlobalAveragePool', ['cells'], 'patches'),
      makeNode('Flatten', ['patches'], 'flat'),
      makeNode('Gemm', ['flat', 'denseTransposed', 'bias'], 'logits', { transB: 1 }),
    ],
    output: 'logits',
  },
  {
    name: 'a Dropout and an Identity between',
    nodes: [
      pooled,
      makeNode('Identity', ['pooled'], 'same'),
      makeNode('Flatten', ['same'], 'dropped'),
      makeNode('Dropout', ['dropped'], 'flat'),
      gemm,
    ],
    output: 'scores',
  },
];

const sameCells = await classified(heads[0]).then(({ cells }) => cells);

test.each(heads)('$name', async ({ name, activation = 'softmax', ...onnx }) => {
  const { description, cells, batchSize } = await classified(onnx);
  expect(description).toMatchObject({ cellRows: SIDE, cellColumns: SIDE, activation });
  // Sums over channels that come last are rounded by the number of patches: such a network runs patch by patch.
  expect(batchSize).toBeGreaterThan(name === 'ReduceMean with channels last' ? 0 : 1);
  for (const [i, cell] of sameCells.entries()) expect(cells[i]).toBeCloseTo(cell, 5);
});

it('composes everything linear after the pooling', async () => {
  const norm = ['gamma', 'beta', 'mean', 'variance'].map((name, i) =>
    makeTensor(
      name,
      [CHANNELS],
      numbers(CHANNELS, 7 + i).map((value) => value + 1.5),
    ),
  );
  const nodes = [
    pooled,
    makeNode('BatchNormalization', ['pooled', 'gamma', 'beta', 'mean', 'variance'], 'normed', {
      epsilon: { float: 0.01 },
    }),
    makeNode('Flatten', ['normed'], 'flat'),
    makeNode('Gemm', ['flat', 'dense', 'bias'], 'first', { alpha: { float: 2 }, beta: { float: 0.5 } }),
    makeNode('Mul', ['first', 'half'], 'halved'),
    makeNode('MatMul', ['halved', 'square'], 'scores'),
  ];
  const constants = [
    ...norm,
    makeTensor('half', [], Float32Array.of(0.5)),
    makeTensor('square', [OUTPUTS, OUTPUTS], numbers(OUTPUTS * OUTPUTS, 8)),
  ];
  const { description, logits, cells } = await classified({ nodes, constants, output: 'scores' });
  expect(description.check.difference).toBeLessThan(1e-4);
  for (let c = 0; c < OUTPUTS; c++) {
    const own = cells.filter((_, i) => i % OUTPUTS === c);
    expect(own.reduce((sum, cell) => sum + cell, 0) / own.length).toBeCloseTo(logits[c], 4);
  }
});

it('runs patch by patch what was exported for a batch of 1', async () => {
  const nodes = [pooled, makeNode('Reshape', ['pooled', 'one'], 'flat'), gemm];
  const constants = [makeTensor('one', [2], [1, CHANNELS])];
  const file = written({ nodes, constants, output: 'scores', input: [1, 3, SIDE, SIDE] });
  const model = await openModel(file);
  expect(model.batchSize).toBe(1);
  const patches = new Uint8Array(3 * PATCH.length).map((_, i) => PATCH[(i * 7) % PATCH.length]);
  patches.set(PATCH);
  const { cells, logits } = await model.classify(patches, 3);
  await model.close();
  expect(logits.length).toBe(3 * OUTPUTS);
  for (const [i, cell] of sameCells.entries()) expect(cells[i]).toBeCloseTo(cell, 5);
});

it('pads with zeros before a maximum, not with nothing', async () => {
  const negative = makeTensor('minus', [], Float32Array.of(-1));
  const nodes = [
    makeNode('Exp', ['map'], 'positive'),
    makeNode('Mul', ['positive', 'minus'], 'below'),
    makeNode('Pad', ['below', 'pads'], 'padded'),
    makeNode('MaxPool', ['padded'], 'most', { kernel_shape: [2, 2], strides: [2, 2] }),
    makeNode('GlobalAveragePool', ['most'], 'pooled'),
    flat,
    gemm,
  ];
  const pads = makeTensor('pads', [8], [0, 0, 1, 1, 0, 0, 1, 1]);
  const { cells, description } = await classified({ nodes, constants: [negative, pads], output: 'scores' });
  // A corner's window covers three zeros and a negative value, so the map is 0 there and the cell is the bias.
  for (const [c, bias] of description.bias.entries()) expect(cells[c]).toBeCloseTo(bias, 6);
});

describe('what has no exact map', () => {
  const pooling = makeNode('GlobalMaxPool', ['map'], 'pooled');
  const second = makeTensor('second', [OUTPUTS, OUTPUTS], numbers(OUTPUTS * OUTPUTS, 8));
  const refused: (OnnxCase & { name: string; says: string })[] = [
    {
      name: 'a maximum',
      nodes: [pooling, flat, gemm],
      output: 'scores',
      says: "'pooled' (GlobalMaxPool) takes the maximum",
    },
    {
      name: 'no pooling',
      nodes: [makeNode('Flatten', ['map'], 'flat'), makeNode('Gemm', ['flat', 'wide'], 'scores')],
      constants: [makeTensor('wide', [CHANNELS * SIDE * SIDE, OUTPUTS], numbers(CHANNELS * SIDE * SIDE * OUTPUTS, 8))],
      output: 'scores',
      says: "'flat' (Flatten) lays out the cells of the map",
    },
    {
      name: 'a Relu between two linear layers',
      nodes: [...scores, makeNode('Relu', ['scores'], 'hidden'), makeNode('MatMul', ['hidden', 'second'], 'end')],
      constants: [second],
      output: 'end',
      says: "'hidden' (Relu) lies between the pooling and the scores",
    },
    {
      name: 'a Relu at the end',
      nodes: [...scores, makeNode('Relu', ['scores'], 'end')],
      output: 'end',
      says: "'end' (Relu) ends in Relu where scores by softmax or sigmoid",
    },
    {
      name: 'a mean over channels',
      nodes: [
        makeNode('ReduceMean', ['map'], 'mean', { axes: [1], keepdims: 0 }),
        makeNode('Flatten', ['mean'], 'flat'),
        makeNode('Softmax', ['flat'], 'end'),
      ],
      output: 'end',
      says: 'not over rows and columns',
    },
    { name: 'pooling and nothing after', nodes: [pooled, flat], output: 'flat', says: 'no Dense layer follows' },
    {
      name: 'a pool over a part of the map',
      nodes: [
        makeNode('AveragePool', ['map'], 'pooled', { kernel_shape: [SIDE / 2, SIDE / 2] }),
        makeNode('Slice', ['pooled', 'from', 'to', 'along'], 'corner'),
        makeNode('Flatten', ['corner'], 'flat'),
        gemm,
      ],
      constants: [makeTensor('from', [2], [0, 0]), makeTensor('to', [2], [1, 1]), makeTensor('along', [2], [2, 3])],
      output: 'scores',
      says: "'corner' (Slice)",
    },
  ];

  test.each(refused)('$name', async ({ name, says, ...onnx }) => {
    await expect(openModel(written(onnx))).rejects.toMatchObject({
      code: 'unreadable-model',
      message: expect.stringContaining(says),
    });
  });
});

describe('what is not read', () => {
  const cases: (OnnxCase & { name: string; says: string })[] = [
    { name: 'gray images', nodes: scores, output: 'scores', input: ['N', 1, SIDE, SIDE], says: 'found 1' },
    {
      name: 'gray images, channels last',
      nodes: scores,
      output: 'scores',
      input: ['N', SIDE, SIDE, 1],
      says: 'found 1',
    },
    { name: 'open sizes', nodes: scores, output: 'scores', input: ['N', 3, 'h', 'w'], says: 'patchSize' },
    { name: 'vectors', nodes: scores, output: 'scores', input: ['N', 3], says: '4 dimensions, found 2' },
    { name: 'old operators', nodes: scores, output: 'scores', opset: 6, says: 'opset 6' },
    {
      name: 'weights in another file',
      nodes: scores,
      constants: [
        {
          name: 'elsewhere',
          dims: [1],
          dataType: 1,
          dataLocation: 1,
          externalData: [{ key: 'location', value: 'w.bin' }],
        },
      ],
      output: 'scores',
      says: "'w.bin', where weights are kept, is not there",
    },
    {
      name: 'weights that are not finite',
      nodes: [...scores, makeNode('Mul', ['scores', 'broken'], 'end')],
      constants: [makeTensor('broken', [], Float32Array.of(Number.NaN))],
      output: 'end',
      says: "node 'end' (Mul) has a weight 'broken' that is not finite",
    },
    {
      name: 'operators that do not exist',
      nodes: [makeNode('Nonsense', ['map'], 'x'), makeNode('GlobalAveragePool', ['x'], 'pooled'), flat, gemm],
      output: 'scores',
      says: 'Nonsense',
    },
  ];

  test.each(cases)('$name', async ({ name, says, ...onnx }) => {
    const error = await openModel(written(onnx)).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'unreadable-model', message: expect.stringContaining(says) });
    expect(error instanceof Error && error.message).not.toContain('\n');
  });
});

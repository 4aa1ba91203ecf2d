import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { makeNode, makeTensor, makeValueInfo, onnx } from '../../../../server/src/models/onnx/proto.ts';
import { readOnnx } from '../../../../server/src/models/onnx/read-onnx.ts';
import { temporaryFolder } from '../../../temporary-folder.ts';
import { encodeOnnx, type OnnxCase, OUTPUTS, SIDE } from './onnx-file.ts';

const folder = temporaryFolder();
let count = 0;

type Model = ReturnType<typeof onnx.ModelProto.decode>;

function read(change: (model: Model) => void, onnxCase: Partial<OnnxCase> = {}) {
  const model = onnx.ModelProto.decode(encodeOnnx({ nodes: head, output: 'scores', ...onnxCase }));
  change(model);
  const file = join(folder, `model ${count++}.onnx`);
  writeFileSync(file, onnx.ModelProto.encode(model).finish());
  return readOnnx(file, undefined);
}

const head = [
  makeNode('GlobalAveragePool', ['map'], 'pooled'),
  makeNode('Flatten', ['pooled'], 'flat', { axis: 1 }),
  makeNode('Gemm', ['flat', 'dense', 'bias'], 'scores'),
];
const FLOAT = 1;

/** Further nodes, and the outputs that the file names. */
function outputs(nodes: ReturnType<typeof makeNode>[], named: [string, number][]) {
  return (model: Model) => {
    model.graph?.node?.push(...nodes);
    if (model.graph) model.graph.output = named.map(([name, type]) => makeValueInfo(name, type, ['N', OUTPUTS]));
  };
}

describe('of several outputs', () => {
  const softmax = makeNode('Softmax', ['scores'], 'end');
  const label = makeNode('ArgMax', ['end'], 'label', { axis: 1 });
  const cases: { name: string; change: (model: Model) => void; chosen: string }[] = [
    {
      name: 'logits beside features',
      change: outputs(
        [],
        [
          ['pooled', FLOAT],
          ['scores', FLOAT],
        ],
      ),
      chosen: 'scores',
    },
    {
      name: 'probabilities beside logits',
      change: outputs(
        [softmax],
        [
          ['scores', FLOAT],
          ['end', FLOAT],
        ],
      ),
      chosen: 'end',
    },
    {
      name: 'probabilities beside a label',
      change: outputs(
        [softmax, label],
        [
          ['label', 7],
          ['end', FLOAT],
        ],
      ),
      chosen: 'end',
    },
    {
      name: 'what has a map beside what has none',
      change: outputs(
        [makeNode('LpNormalization', ['flat'], 'embedding')],
        [
          ['embedding', FLOAT],
          ['scores', FLOAT],
        ],
      ),
      chosen: 'scores',
    },
  ];
  test.each(cases)('$name', async ({ change, chosen }) => expect((await read(change)).output).toBe(chosen));

  it('names them where two have a map', async () => {
    const other = makeNode('MatMul', ['flat', 'dense'], 'other');
    await expect(
      read(
        outputs(
          [other],
          [
            ['scores', FLOAT],
            ['other', FLOAT],
          ],
        ),
      ),
    ).rejects.toThrow("should have 1 output, the logits or probabilities, found 2: 'scores', 'other'");
  });
});

describe('the input', () => {
  const type = (elemType: number) => (model: Model) => {
    if (model.graph) model.graph.input = [makeValueInfo('image', elemType, ['N', 3, SIDE, SIDE])];
  };
  const shape =
    (...sizes: (number | string)[]) =>
    (model: Model) => {
      if (model.graph) model.graph.input = [makeValueInfo('image', FLOAT, sizes)];
    };

  it.each([
    {
      name: 'integers',
      change: type(7),
      says: "'image' should be of float, float16, double, bfloat16, uint8, found int64",
    },
    { name: 'text', change: type(8), says: 'found string' },
    { name: 'an unknown type', change: type(99), says: 'found ONNX type 99' },
    { name: 'four channels', change: shape('N', 4, SIDE, SIDE), says: 'should have 3 channels (RGB), found 4' },
    { name: 'a volume', change: shape('N', 3, 8, 8, 8), says: '4 dimensions, found 5' },
  ])('is refused: $name', async ({ change, says }) => {
    await expect(read(change)).rejects.toThrow(says);
  });

  it('is refused beside another', async () => {
    const change = (model: Model) => model.graph?.input?.push(makeValueInfo('age', FLOAT, [1]));
    await expect(read(change)).rejects.toThrow("should have 1 input, an image, found 2: 'image', 'age'");
  });

  it.each([
    { operator: 'Div', value: 255, rescales: true },
    { operator: 'Mul', value: 1 / 127.5, rescales: true },
    { operator: 'Sub', value: 123.68, rescales: true },
    { operator: 'Sub', value: 0.485, rescales: false },
    { operator: 'Div', value: 0.229, rescales: false },
    { operator: 'Mul', value: 2, rescales: false },
  ])('is of bytes where the network begins with $operator $value: $rescales', async ({ operator, value, rescales }) => {
    const network = await read((model) => {
      model.graph?.initializer?.push(makeTensor('constant', [], Float32Array.of(value)));
      const [first] = model.graph?.node ?? [];
      if (first?.input) first.input[0] = 'changed';
      model.graph?.node?.unshift(makeNode(operator, ['image', 'constant'], 'changed'));
    });
    expect(network.rescales).toBe(rescales);
  });
});

it.each([
  { opset: 7, irVersion: 3 },
  { opset: 26, irVersion: 13 },
])('reads opset $opset of IR version $irVersion', async ({ opset, irVersion }) => {
  const network = await read(() => undefined, { opset, irVersion });
  expect(network.format).toBe(`ONNX opset ${opset}`);
});

it('tells the shapes of layers as rows, columns and channels', async () => {
  const network = await read(() => undefined);
  expect(network.layers.map(({ name, outputShape }) => [name, outputShape])).toEqual([
    ['convolved', [SIDE, SIDE, 4]],
    ['map', [SIDE, SIDE, 4]],
    ['pooled', [1, 1, 4]],
    ['flat', [4]],
    ['scores', [OUTPUTS]],
  ]);
});

it('looks at constants of any type without decoding what is finite', async () => {
  const broken = (dataType: number, bytes: number[], dims: number[]) => (model: Model) => {
    model.graph?.initializer?.push(
      new onnx.TensorProto({ name: 'w', dims, dataType, rawData: Uint8Array.from(bytes) }),
    );
  };
  await expect(read(broken(10, [0, 0, 0, 0x7e], [2]))).rejects.toThrow("weight 'w' that is not finite: it holds NaN");
  await expect(read(broken(10, [0, 0, 0, 0x7c], [2]))).rejects.toThrow('it holds infinity');
  await expect(read(broken(11, [0, 0, 0, 0, 0, 0, 0xf8, 0x7f], [1]))).rejects.toThrow('it holds NaN');
  await expect(read(broken(16, [0, 0, 0x80, 0xff], [2]))).rejects.toThrow('it holds infinity');
  // What a maximum is padded with.
  await expect(read(broken(1, [0, 0, 0x80, 0xff], [1]))).resolves.toBeDefined();
});

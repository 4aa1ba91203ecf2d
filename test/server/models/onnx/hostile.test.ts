import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, test } from 'vitest';
import { makeNode, makeTensor } from '../../../../server/src/models/onnx/proto.ts';
import { openModel } from '../../../../server/src/models/open-model.ts';
import { seededRandom } from '../../../../shared/seeded-random.ts';
import { temporaryFolder } from '../../../temporary-folder.ts';
import { encodeOnnx, type OnnxCase } from './onnx-file.ts';

const folder = temporaryFolder();
const FIXTURES = fileURLToPath(new URL('../../../fixtures', import.meta.url));
const whole = readFileSync(join(FIXTURES, 'onnx-dynamo-residual/model.onnx'));
let count = 0;

/** What opening says, which is one short line; null where it opens. */
async function said(bytes: Uint8Array): Promise<string | null> {
  const file = join(folder, `hostile ${count++}.onnx`);
  writeFileSync(file, bytes);
  try {
    const model = await openModel(file, { threads: 1 });
    await model.close();
    return null;
  } catch (error) {
    expect(error).toMatchObject({ name: 'Problem', code: 'unreadable-model' });
    const message = error instanceof Error ? error.message : '';
    expect(message).not.toContain('\n');
    expect(message.length).toBeLessThan(2000);
    return message;
  }
}

it('says why a file is not read, wherever it is cut', async () => {
  for (let part = 0; part < 50; part++) {
    expect(await said(whole.subarray(0, Math.floor((whole.length * part) / 50)))).not.toBeNull();
  }
});

it('opens or refuses a file with wrong bytes in it', async () => {
  const random = seededRandom(0x0bad);
  let opened = 0;
  for (let i = 0; i < 60; i++) {
    const bytes = Buffer.from(whole);
    for (let j = 0; j < 3; j++) bytes[Math.floor(random() * bytes.length)] = 256 * random();
    if ((await said(bytes)) === null) opened++;
  }
  expect(opened).toBeGreaterThan(0);
  expect(opened).toBeLessThan(60);
});

it('refuses bytes at random', async () => {
  const random = seededRandom(0x0dd);
  for (const size of [1, 10, 1000, 1e6]) {
    expect(await said(Uint8Array.from({ length: size }, () => 256 * random()))).toContain('ONNX');
  }
});

/** A field of a message, encoded. */
function field(number: number, content: Uint8Array): Buffer {
  const length: number[] = [];
  for (let rest = content.length; length.length === 0 || rest > 0; rest = Math.floor(rest / 128)) {
    length.push((rest % 128) + (rest >= 128 ? 128 : 0));
  }
  return Buffer.concat([Buffer.from([number * 8 + 2, ...length]), content]);
}

const GRAPH = 7;
const EMPTY = Buffer.alloc(0);

test.each([
  {
    name: '20 MB of empty nodes',
    bytes: field(GRAPH, Buffer.alloc(20e6, field(1, EMPTY))),
    says: 'than any real network',
  },
  {
    name: '20 MB of dimensions',
    bytes: field(GRAPH, field(5, field(1, Buffer.alloc(20e6, 1)))),
    says: 'than any real network',
  },
  {
    name: 'graphs within graphs',
    bytes: Array.from({ length: 200 }).reduce<Buffer>((inner) => field(1, field(5, field(6, inner))), EMPTY),
    wrap: true,
    says: 'nests its graphs',
  },
  {
    name: 'a length beyond the end',
    bytes: Buffer.from([GRAPH * 8 + 2, 255, 255, 255, 255, 15, 1]),
    says: 'not a complete',
  },
  { name: '100 MB of zeros', bytes: Buffer.alloc(100e6), says: 'not a complete' },
])('refuses $name within bounded time and memory', async ({ bytes, wrap, says }) => {
  const before = process.memoryUsage().rss;
  const start = process.cpuUsage();
  expect(await said(wrap ? field(GRAPH, bytes) : bytes)).toContain(says);
  expect(process.cpuUsage(start).user / 1e6).toBeLessThan(10);
  expect(process.memoryUsage().rss - before).toBeLessThan(500e6);
});

describe('graphs that contradict themselves', () => {
  const head = [
    makeNode('GlobalAveragePool', ['map'], 'pooled'),
    makeNode('Flatten', ['pooled'], 'flat', { axis: 1 }),
    makeNode('Gemm', ['flat', 'dense', 'bias'], 'scores'),
  ];
  const cases: (OnnxCase & { name: string; says: string })[] = [
    {
      name: 'a cycle',
      nodes: [makeNode('Add', ['map', 'b'], 'a'), makeNode('Relu', ['a'], 'b'), ...head],
      output: 'scores',
      says: "node 'a' (Add) takes 'b', which is only made after it",
    },
    {
      name: 'a node that takes its own output',
      nodes: [makeNode('Relu', ['a'], 'a'), ...head],
      output: 'a',
      says: "takes 'a', which is only made after it",
    },
    {
      name: 'what nobody makes',
      nodes: [makeNode('Add', ['map', 'ghost'], 'a'), ...head],
      output: 'scores',
      says: "node 'a' (Add) takes 'ghost', which nothing makes",
    },
    {
      name: 'two of one name',
      nodes: [...head, makeNode('Relu', ['scores'], 'flat')],
      output: 'scores',
      says: "node 'flat' (Relu) makes 'flat', which is there already",
    },
    {
      name: 'two constants of one name',
      nodes: head,
      constants: [makeTensor('bias', [1], Float32Array.of(1))],
      output: 'scores',
      says: "has two constants 'bias'",
    },
    {
      name: 'an output that nothing makes',
      nodes: head,
      output: 'nowhere',
      says: "an output 'nowhere' that nothing makes",
    },
    {
      name: 'sizes that lie',
      nodes: [...head, makeNode('Add', ['scores', 'few'], 'end')],
      constants: [{ name: 'few', dims: [100000, 100000], dataType: 1, rawData: new Uint8Array(12) }],
      output: 'end',
      says: "tensor 'few' of shape [100000, 100000] should hold 10000000000 numbers, found 3",
    },
    {
      name: 'sizes below 0',
      nodes: [...head, makeNode('Add', ['scores', 'few'], 'end')],
      constants: [{ name: 'few', dims: [-1, -3], dataType: 1, rawData: new Uint8Array(12) }],
      output: 'end',
      says: 'of shape [-1, -3] should hold',
    },
    {
      name: 'a tensor of terabytes',
      nodes: [makeNode('Expand', ['map', 'huge'], 'large'), makeNode('GlobalAveragePool', ['large'], 'p'), ...head],
      constants: [makeTensor('huge', [4], [1, 4, 1e6, 1e6])],
      output: 'scores',
      says: "node 'large' (Expand) would make a tensor of shape",
    },
    {
      name: 'a name without end',
      nodes: [...head, makeNode('N'.repeat(1e6), ['scores'], 'end')],
      output: 'end',
      says: 'has a name of 1000000 characters',
    },
    {
      name: 'a chain without end',
      nodes: [
        ...head,
        ...Array.from({ length: 20_000 }, (_, i) => makeNode('Identity', [i === 0 ? 'scores' : `s${i - 1}`], `s${i}`)),
        makeNode('Relu', ['s19999'], 'end'),
      ],
      output: 'end',
      says: "'end' (Relu) ends in Relu where",
    },
  ];

  test.each(cases)('$name', async ({ name, says, ...onnx }) => expect(await said(encodeOnnx(onnx))).toContain(says));
});

import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { KerasNetwork } from '../../../../server/src/models/keras/network.ts';
import { readTfjsLayers } from '../../../../server/src/models/keras/tfjs-layers.ts';
import { temporaryFolder } from '../../../temporary-folder.ts';
import { modelConfig, problemOf, tfjsModel } from '../containers/sample-models.ts';
import { tinyClassifier } from '../keras-file.ts';

const folder = temporaryFolder();
const { json, bytes } = tfjsModel();
const [{ weights: specs }] = json.weightsManifest;

/** Writes `model.json` and other files into a folder of their own, and reads it. */
function read(model: unknown, files: Record<string, Uint8Array | string> = { 'weights.bin': bytes }) {
  const own = mkdtempSync(join(folder, 'tfjs-'));
  mkdirSync(join(own, 'shards'));
  writeFileSync(join(own, 'model.json'), typeof model === 'string' ? model : JSON.stringify(model));
  for (const [name, contents] of Object.entries(files)) writeFileSync(join(own, name), contents);
  return readTfjsLayers(join(own, 'model.json'));
}

function valuesOf({ weights }: KerasNetwork): Record<string, number[][]> {
  return Object.fromEntries([...weights].map(([{ name }, own]) => [name, own.map(({ values }) => Array.from(values))]));
}

const expected = Object.fromEntries(
  tinyClassifier(3)
    .filter(({ weights }) => weights)
    .map(({ name, weights = [] }) => [name, weights.map(({ values }) => Array.from(values))]),
);

test('reads float32 weights and names the files that it read', async () => {
  const network = await read(json);
  expect(network.format).toBe('TensorFlow.js layers model (Keras 2.15.0)');
  expect(network.companions).toEqual(['weights.bin']);
  expect(valuesOf(network)).toEqual(expected);
});

test('a weight may begin in one file and end in the next, and lists of files follow each other', async () => {
  const cuts = [0, 5, 130, bytes.length];
  const shards = cuts.slice(1).map((end, i) => [`shards/${i}.bin`, bytes.subarray(cuts[i], end)] as const);
  const network = await read(
    { ...json, weightsManifest: [{ paths: shards.map(([name]) => name), weights: specs }] },
    Object.fromEntries(shards),
  );
  expect(valuesOf(network)).toEqual(expected);
  const kernel = 3 * 3 * 3 * 4 * 4;
  const groups = [
    { paths: ['first.bin'], weights: specs.slice(0, 1) },
    { paths: ['rest.bin'], weights: specs.slice(1) },
  ];
  const files = { 'first.bin': bytes.subarray(0, kernel), 'rest.bin': bytes.subarray(kernel) };
  expect(valuesOf(await read({ ...json, weightsManifest: groups }, files))).toEqual(expected);
});

test('TensorFlow.js itself writes the configuration without a model_config, and its own version', async () => {
  const modelTopology = {
    ...modelConfig(tinyClassifier(3)),
    keras_version: 'tfjs-layers 4.22.0',
    backend: 'tensor_flow.js',
  };
  const network = await read({ ...json, modelTopology });
  expect(network.format).toBe('TensorFlow.js layers model (tfjs-layers 4.22.0)');
  expect(network.model.layers[1].version).toBe(2);
  expect(valuesOf(network)).toEqual(expected);
});

test('weights may be listed in any order', async () => {
  const order = [3, 2, 1, 0];
  const starts = [0, 432, 448, 496];
  const parts = order.map((i) => bytes.subarray(starts[i], starts[i + 1]));
  const weightsManifest = [{ paths: ['weights.bin'], weights: order.map((i) => specs[i]) }];
  expect(valuesOf(await read({ ...json, weightsManifest }, { 'weights.bin': Buffer.concat(parts) }))).toEqual(expected);
});

test('weights under the paths of a Keras 3 archive are those of its layers', async () => {
  const names = ['conv2d/vars/0', 'conv2d/vars/1', 'dense/vars/0', 'dense/vars/1'];
  const weights = specs.map((spec, i) => ({ ...spec, name: `layers/${names[i]}` }));
  const model = { ...json, weightsManifest: [{ paths: ['weights.bin'], weights }] };
  expect(valuesOf(await read(model))).toEqual(expected);
});

test.each([
  [
    { quantization: { dtype: 'uint8', min: -1, scale: 0.5, original_dtype: 'float32' } },
    Uint8Array.of(0, 255),
    [-1, 126.5],
  ],
  [{ quantization: { dtype: 'uint16', min: 1, scale: 0.25 } }, Uint8Array.of(4, 0, 0, 1), [2, 65]],
  [{ quantization: { dtype: 'float16', original_dtype: 'float32' } }, Uint8Array.of(0, 0x3c, 0, 0xc0), [1, -2]],
  [{ dtype: 'int32' }, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0), [-1, 2]],
  [{ dtype: 'bool' }, Uint8Array.of(0, 1), [0, 1]],
])('numbers stored as %j', async (stored, numbers, values) => {
  const config = modelConfig([{ name: 'logits', className: 'Dense', config: { units: 2, use_bias: false } }]);
  const weights = [{ name: 'logits/kernel', shape: [1, 2], dtype: 'float32', ...stored }];
  // A byte before them, so that they lie at an odd place.
  const odd = [{ name: 'logits/odd', shape: [1], dtype: 'bool' }, ...weights];
  const network = await read(
    { modelTopology: { model_config: config }, weightsManifest: [{ paths: ['weights.bin'], weights: odd }] },
    { 'weights.bin': Buffer.concat([Uint8Array.of(1), numbers]) },
  );
  expect(valuesOf(network).logits).toEqual([[1], values]);
});

test("the statistics of Keras 2's Normalization have no layer's name", async () => {
  const config = modelConfig([{ name: 'n', className: 'Normalization' }, ...tinyClassifier(3)]);
  const statistics = ['mean', 'variance', 'count'].map((name) => ({ name, shape: [1], dtype: 'float32' }));
  const network = await read(
    {
      modelTopology: { model_config: config },
      weightsManifest: [{ paths: ['weights.bin', 'n.bin'], weights: [...specs, ...statistics] }],
    },
    { 'weights.bin': bytes, 'n.bin': Buffer.from(Float32Array.of(1, 2, 3).buffer) },
  );
  expect(valuesOf(network)).toEqual({ ...expected, n: [[1], [2], [3]] });
});

test('names of classes come from the model, or from the metadata.json that Teachable Machine writes', async () => {
  const metadata = JSON.stringify({ labels: ['x', 'y', 'z'] });
  const inside = await read({ ...json, userDefinedMetadata: { classes: ['a', 'b', 'c'] } });
  expect(inside.classNames).toEqual(['a', 'b', 'c']);
  const beside = await read(json, { 'weights.bin': bytes, 'metadata.json': metadata });
  expect(beside).toMatchObject({ classNames: ['x', 'y', 'z'], companions: ['weights.bin', 'metadata.json'] });
  const malformed = await read(json, { 'weights.bin': bytes, 'metadata.json': '{' });
  expect(malformed.classNames).toBeUndefined();
});

test.each(['../weights.bin', 'a/../../weights.bin', '/etc/hostname', 'https://example.org/w.bin', 'C:\\w.bin', ''])(
  'weights in %j are not looked for',
  async (path) => {
    const model = { ...json, weightsManifest: [{ paths: [path], weights: specs }] };
    expect(await problemOf(read(model))).toBe(
      `names weights in ${JSON.stringify(path)}; only files in the model's own folder are read`,
    );
  },
);

test.each<[string, unknown, string]>([
  ['no JSON', '{"modelTopology": {', 'has a text that is not JSON'],
  ['other JSON', { a: 1 }, 'is JSON but not a TensorFlow.js model: it has no modelTopology'],
  [
    'a graph model',
    { format: 'graph-model', modelTopology: { node: [] }, weightsManifest: [] },
    'is a TensorFlow.js graph model, which has no layers; ' +
      'python -m tf2onnx.convert --tfjs model.json --output model.onnx --opset 17',
  ],
  [
    'a configuration alone',
    modelConfig([]),
    'is a network without weights; model = keras.models.model_from_json(open("model.json").read()); ' +
      'model.load_weights("model.weights.h5"); model.save("model.keras")',
  ],
  [
    'no manifest of weights',
    { ...json, weightsManifest: undefined },
    'has no weightsManifest: its weights are in no file beside it',
  ],
  [
    'a file that is not there',
    { ...json, weightsManifest: [{ paths: ['no.bin'], weights: specs }] },
    'names weights in no.bin, which cannot be read (ENOENT)',
  ],
  [
    'a file named twice',
    { ...json, weightsManifest: [{ paths: ['weights.bin', 'weights.bin'], weights: specs }] },
    "weightsManifest names 'weights.bin' twice; each file once is expected",
  ],
  [
    'files that are too long',
    { ...json, weightsManifest: [{ paths: ['weights.bin'], weights: specs.slice(1) }] },
    'has weights of 76 bytes, found 508 bytes in 1 files (weights.bin)',
  ],
  [
    'files that are too short',
    { ...json, weightsManifest: [{ paths: ['weights.bin'], weights: [...specs, specs[0]] }] },
    'has weights of 940 bytes, found 508 bytes in 1 files (weights.bin)',
  ],
  [
    'weights of no layer',
    {
      ...json,
      weightsManifest: [{ paths: ['weights.bin'], weights: [{ ...specs[0], name: 'x/y' }, ...specs.slice(1)] }],
    },
    "weight 'x/y' belongs to none of the layers, or to several",
  ],
  [
    'numbers of no known kind',
    { ...json, weightsManifest: [{ paths: [], weights: [{ name: 'a', shape: [], dtype: 'complex64' }] }] },
    'weightsManifest[0].weights[0].dtype: should be one of float32, float16, int32, uint16, uint8, bool, found "complex64"',
  ],
  [
    'sizes that are none',
    { ...json, weightsManifest: [{ paths: [], weights: [{ name: 'a', shape: [-1], dtype: 'bool' }] }] },
    'weightsManifest[0].weights[0].shape: should be a list of sizes, found [-1]',
  ],
  [
    'sizes without end',
    { ...json, weightsManifest: [{ paths: [], weights: [{ name: 'a', shape: [1e15, 1e15], dtype: 'bool' }] }] },
    'has weights of 1e+30 bytes; at most 2147483648 are read',
  ],
])('%s', async (_, model, says) => {
  expect(await problemOf(read(model))).toBe(says);
});

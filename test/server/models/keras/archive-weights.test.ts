import { expect, test } from 'vitest';
import { assignArchiveWeights, snakeCase, storedWeights } from '../../../../server/src/models/keras/archive-weights.ts';
import type { KerasLayer, KerasModel } from '../../../../server/src/models/keras/network.ts';

test.each([
  ['Conv2D', 'conv2d'],
  ['Conv2DTranspose', 'conv2d_transpose'],
  ['DepthwiseConv2D', 'depthwise_conv2d'],
  ['BatchNormalization', 'batch_normalization'],
  ['PReLU', 'p_re_lu'],
  ['Functional', 'functional'],
  ['Custom>LayerScale', 'layer_scale'],
])('%s is stored as %s', (className, key) => {
  expect(snakeCase(className)).toBe(key);
});

const layer = (name: string, className: string, inner?: KerasLayer[]): KerasLayer => ({
  name,
  className,
  config: {},
  version: 3,
  calls: [],
  ...(inner && { model: model(inner) }),
});

const model = (layers: KerasLayer[]): KerasModel => ({ name: 'model', layers, inputs: [], outputs: [] });

/** Which path every layer's weights come from. */
function places(layers: KerasLayer[], paths: string[]): Record<string, string[]> {
  const weights = paths.map((path) => ({ name: path, shape: [1], values: new Float32Array(1) }));
  const assigned = assignArchiveWeights(model(layers), storedWeights(weights));
  return Object.fromEntries([...assigned].map(([{ name }, own]) => [name, own.map((weight) => weight.name)]));
}

const conv = (name: string) => layer(name, 'Conv2D');
const twelve = Array.from({ length: 12 }, (_, i) => `layers/conv2d${i === 0 ? '' : `_${i}`}/vars/0`);

test('layers of a class are counted in the order of the model, whatever their names and the order of the paths', () => {
  const names = twelve.map((_, i) => `c${11 - i}`);
  const expected = Object.fromEntries(names.map((name, i) => [name, [twelve[i]]]));
  expect(places(names.map(conv), [...twelve].sort())).toEqual(expected);
});

test('variables go by their numbers', () => {
  const paths = ['layers/batch_normalization/vars/10', 'layers/batch_normalization/vars/2'];
  expect(places([layer('bn', 'BatchNormalization')], paths)).toEqual({ bn: [paths[1], paths[0]] });
});

test('a model inside has a container of its own', () => {
  const inner = [conv('a'), layer('deeper', 'Sequential', [conv('b')])];
  const paths = ['layers/functional/layers/conv2d/vars/0', 'layers/functional/layers/sequential/layers/conv2d/vars/0'];
  expect(places([layer('base', 'Functional', inner), conv('c')], [...paths, twelve[0]])).toEqual({
    a: [paths[0]],
    b: [paths[1]],
    c: [twelve[0]],
  });
});

test('Keras 2.12 counts twice what has weights, and has another name for the container', () => {
  const paths = [0, 2, 4].map((i) => `_layer_checkpoint_dependencies/conv2d${i === 0 ? '' : `_${i}`}/vars/0`);
  expect(places([conv('a'), conv('b'), conv('c')], paths)).toEqual({ a: [paths[0]], b: [paths[1]], c: [paths[2]] });
});

test('a wrapper has the weights of the layer inside', () => {
  const path = 'layers/time_distributed/layer/vars/0';
  expect(places([layer('each', 'TimeDistributed')], [path])).toEqual({ each: [path] });
});

test('the state of random numbers is no weight', () => {
  const path = 'layers/dropout/seed_generator/vars/0';
  expect(places([layer('drop', 'Dropout')], [path])).toEqual({ drop: [] });
});

test('a place that the file has for another layer is refused', () => {
  const place = {
    name: 'other',
    weights: [{ name: '0', shape: [1], values: new Float32Array(1) }],
    children: new Map(),
  };
  const stored = { weights: [], children: new Map([['conv2d', place]]) };
  expect(() => assignArchiveWeights(model([conv('a')]), stored)).toThrow(
    "layer 'a' (Conv2D) finds the weights of 'other' in its place",
  );
});

test.each(['conv/kernel', 'layers/conv2d/vars/x', ''])('%j is no path of weights', (path) => {
  expect(() => places([], [path])).toThrow(`weight '${path}' has a name that Keras 3 does not give`);
});

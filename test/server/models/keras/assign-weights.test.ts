import { expect, test } from 'vitest';
import { assignWeights } from '../../../../server/src/models/keras/assign-weights.ts';
import type { KerasLayer, WeightArray } from '../../../../server/src/models/keras/network.ts';

const layer = (
  name: string,
  inner?: KerasLayer[],
  config: Record<string, unknown> = { use_bias: false },
): KerasLayer => ({
  name,
  className: inner ? 'Functional' : 'scale' in config ? 'BatchNormalization' : 'Conv2D',
  config,
  version: 2,
  calls: [],
  ...(inner && { model: { name, layers: inner, inputs: [], outputs: [] } }),
});

const array = (name: string): WeightArray => ({ name, shape: [1], values: new Float32Array(1) });

function assignedNames(layers: KerasLayer[], stored: Record<string, string[]>) {
  const model = { name: 'model', layers, inputs: [], outputs: [] };
  const weights = assignWeights(
    model,
    new Map(Object.entries(stored).map(([name, names]) => [name, names.map(array)])),
  );
  return Object.fromEntries([...weights].map(([{ name }, values]) => [name, values.map((value) => value.name)]));
}

test('leaf layers have the weights stored under their names, in the order stored', () => {
  const stored = { conv: ['conv_1/kernel:0', 'conv_1/bias:0'], dense: ['x', 'y'] };
  expect(assignedNames([layer('dense'), layer('conv')], stored)).toEqual({ dense: ['x', 'y'], conv: stored.conv });
});

test('a nested model stores what is trained of all its layers first', () => {
  const base = [
    'conv/kernel:0',
    'bn/gamma:0',
    'bn/beta:0',
    'conv_2/kernel:0',
    'bn/moving_mean:0',
    'bn/moving_variance:0',
  ];
  expect(
    assignedNames([layer('base', [layer('conv'), layer('bn', undefined, { scale: true }), layer('conv_2')])], { base }),
  ).toEqual({
    conv: ['conv/kernel:0'],
    bn: ['bn/gamma:0', 'bn/beta:0', 'bn/moving_mean:0', 'bn/moving_variance:0'],
    conv_2: ['conv_2/kernel:0'],
  });
});

test.each([
  ['with the path of the model before', ['base/a/kernel', 'base/b/kernel']],
  ["with TensorFlow's number for a name seen before", ['a_1/kernel:0', 'b_7/kernel:0']],
  ['with a part of the layer behind', ['a/a/kernel:0', 'b/part/kernel:0']],
])('names %s', (_, base) => {
  expect(assignedNames([layer('base', [layer('a'), layer('inner', [layer('b')])])], { base })).toEqual({
    a: [base[0]],
    b: [base[1]],
  });
});

test('the longest name that fits wins: names may hold a slash', () => {
  const base = ['block/conv/kernel:0', 'conv/kernel:0'];
  expect(assignedNames([layer('base', [layer('conv'), layer('block/conv')])], { base })).toEqual({
    'block/conv': ['block/conv/kernel:0'],
    conv: ['conv/kernel:0'],
  });
});

test('weights of no layer are refused', () => {
  expect(() => assignedNames([layer('base', [layer('a')])], { base: ['z/kernel:0', 'z/bias:0'] })).toThrow(
    "layer 'base' (Functional) holds 2 weights that its layers, which need 1, do not name",
  );
});

test.each([
  ['that were renamed', ['conv2d/kernel:0', 'conv2d_1/kernel:0'], { a: ['conv2d/kernel:0'], b: ['conv2d_1/kernel:0'] }],
  ["with Keras 1's names, which have no part of their own", ['a_W:0', 'b_W:0'], { a: ['a_W:0'], b: ['b_W:0'] }],
])('layers %s have their weights by the order', (_, base, expected) => {
  expect(assignedNames([layer('base', [layer('a'), layer('inner', [layer('b')])])], { base })).toEqual(expected);
});

test('by the order, frozen layers come after everything that is trained', () => {
  const frozen = layer('bn', undefined, { scale: true, trainable: false });
  const base = ['k', 'k_1', 'g', 'b', 'm', 'v'];
  expect(assignedNames([layer('base', [layer('a'), frozen, layer('c')])], { base })).toEqual({
    a: ['k'],
    c: ['k_1'],
    bn: ['g', 'b', 'm', 'v'],
  });
});

test('layers of one name in two models inside have their weights by the order', () => {
  const base = layer('base', [layer('left', [layer('conv')]), layer('right', [layer('conv')])]);
  const [left, right] = base.model?.layers.map(({ model }) => model?.layers[0]) ?? [];
  const model = { name: 'model', layers: [base], inputs: [], outputs: [] };
  const weights = assignWeights(model, new Map([['base', ['conv/kernel:0', 'conv_1/kernel:0'].map(array)]]));
  expect([left, right].map((leaf) => leaf && weights.get(leaf)?.map(({ name }) => name))).toEqual([
    ['conv/kernel:0'],
    ['conv_1/kernel:0'],
  ]);
});

test("Keras 1's Sequential model inside another has its layers beside those of the outer one", () => {
  const stored = { a: ['a_W:0'], b: ['b_W:0'], out: ['out_W:0'] };
  expect(assignedNames([layer('layer 0', [layer('a'), layer('b')]), layer('out')], stored)).toEqual(stored);
});

test('a Sequential model without a name, as in Keras 2.1, takes what is stored for no other, in order', () => {
  const stored = { sequential_1: ['a/k'], out: ['out/k'], sequential_3: ['b/k'] };
  const layers = [layer('layer 0', [layer('a')]), layer('out'), layer('layer 2', [layer('b')])];
  expect(assignedNames(layers, stored)).toEqual({ a: ['a/k'], out: ['out/k'], b: ['b/k'] });
});

import { describe, expect, test } from 'vitest';
import { numbers } from '../keras-file.ts';
import { type LayerUnderTest, runLayers } from './run-layer.ts';

/** Values from -8 to 8: beyond every bend of the functions. */
const image = { shape: [3, 4, 3] as const, values: numbers(36, 11).map((value) => 8 * value) };

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const softplus = (x: number) => Math.log1p(Math.exp(x));
const clip = (x: number, low: number, high: number) => Math.min(high, Math.max(low, x));
/** Abramowitz and Stegun 7.1.26, to 1.5e-7. */
const erf = (x: number) => {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const polynomial = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.sign(x) * (1 - polynomial * Math.exp(-x * x));
};
const elu = (x: number, alpha: number) => (x > 0 ? x : alpha * Math.expm1(x));

const activation = (name: unknown, version = 3): LayerUnderTest => ({
  className: 'Activation',
  config: { activation: name },
  version,
});

const functions: [string, LayerUnderTest, (x: number) => number][] = [
  ['linear', activation('linear'), (x) => x],
  ['relu', activation('relu'), (x) => Math.max(0, x)],
  ['relu6', activation('relu6'), (x) => clip(x, 0, 6)],
  ['leaky_relu', activation('leaky_relu'), (x) => (x > 0 ? x : 0.2 * x)],
  ['elu', activation('elu'), (x) => elu(x, 1)],
  ['selu', activation('selu'), (x) => 1.0507009873554805 * elu(x, 1.6732632423543772)],
  ['gelu', activation('gelu'), (x) => 0.5 * x * (1 + erf(x / Math.SQRT2))],
  ['swish', activation('swish'), (x) => x * sigmoid(x)],
  ['silu', activation('silu'), (x) => x * sigmoid(x)],
  ['mish', activation('mish'), (x) => x * Math.tanh(softplus(x))],
  ['tanh', activation('tanh'), Math.tanh],
  ['sigmoid', activation('sigmoid'), sigmoid],
  ['softplus', activation('softplus'), softplus],
  ['softsign', activation('softsign'), (x) => x / (1 + Math.abs(x))],
  ['exponential', activation('exponential'), Math.exp],
  ['hard_sigmoid of Keras 2', activation('hard_sigmoid', 2), (x) => clip(0.2 * x + 0.5, 0, 1)],
  ['hard_sigmoid of Keras 3', activation('hard_sigmoid', 3), (x) => clip(x + 3, 0, 6) / 6],
  ['hard_silu', activation('hard_silu'), (x) => (x * clip(x + 3, 0, 6)) / 6],
  ['a function as an object', activation({ class_name: 'function', config: 'relu6' }), (x) => clip(x, 0, 6)],
  [
    'a layer as an activation',
    activation({ class_name: 'LeakyReLU', config: { alpha: 0.5 } }),
    (x) => (x > 0 ? x : 0.5 * x),
  ],
  ['LeakyReLU of Keras 2', { className: 'LeakyReLU', config: { alpha: 0.1 } }, (x) => (x > 0 ? x : 0.1 * x)],
  ['LeakyReLU of Keras 3', { className: 'LeakyReLU', config: { negative_slope: 0.4 } }, (x) => (x > 0 ? x : 0.4 * x)],
  ['LeakyReLU', { className: 'LeakyReLU' }, (x) => (x > 0 ? x : 0.3 * x)],
  ['ELU', { className: 'ELU', config: { alpha: 0.7 } }, (x) => elu(x, 0.7)],
  ['ReLU', { className: 'ReLU' }, (x) => Math.max(0, x)],
  ['ReLU with a maximum', { className: 'ReLU', config: { max_value: 4 } }, (x) => clip(x, 0, 4)],
  [
    'ReLU with everything',
    { className: 'ReLU', config: { max_value: 4, negative_slope: 0.1, threshold: 0.5 } },
    (x) => (x >= 0.5 ? Math.min(x, 4) : 0.1 * (x - 0.5)),
  ],
  [
    'ReLU with a NumPy scalar',
    { className: 'ReLU', config: { max_value: { type: 'ndarray', value: 3 } } },
    (x) => clip(x, 0, 3),
  ],
  ['Dropout', { className: 'Dropout', config: { rate: 0.5 } }, (x) => x],
  ['GaussianNoise', { className: 'GaussianNoise' }, (x) => x],
  ['RandomFlip', { className: 'RandomFlip' }, (x) => x],
  ['Rescaling', { className: 'Rescaling', config: { scale: 0.5, offset: -1 } }, (x) => 0.5 * x - 1],
];

describe('functions of one value', () => {
  test.each(functions)('%s', async (_, layer, expected) => {
    const actual = await runLayers([layer], image);
    for (const [i, x] of image.values.entries()) expect(actual[i]).toBeCloseTo(expected(x), 4);
  });
});

describe('functions of one channel', () => {
  const parameters = [1, 2, 3, 4].map((seed) => ({ shape: [3], values: numbers(3, seed) }));
  const [gamma, beta, mean] = parameters;
  const variance = { shape: [3], values: parameters[3].values.map((value) => value + 1.5) };
  const normalized = (x: number, channel: number) =>
    (x - mean.values[channel]) / Math.sqrt(variance.values[channel] + 1e-3);

  test.each([3, [3], -1])('BatchNormalization along axis %j', async (axis) => {
    const layer = {
      className: 'BatchNormalization',
      config: { axis, epsilon: 1e-3 },
      weights: [gamma, beta, mean, variance],
    };
    const actual = await runLayers([layer], image);
    for (const [i, x] of image.values.entries()) {
      expect(actual[i]).toBeCloseTo(gamma.values[i % 3] * normalized(x, i % 3) + beta.values[i % 3], 4);
    }
  });

  test('BatchNormalization without scale', async () => {
    const layer = { className: 'BatchNormalization', config: { scale: false }, weights: [beta, mean, variance] };
    const actual = await runLayers([layer], image);
    for (const [i, x] of image.values.entries()) {
      expect(actual[i]).toBeCloseTo(normalized(x, i % 3) + beta.values[i % 3], 4);
    }
  });

  test('Normalization', async () => {
    const count = { shape: [], values: Float32Array.of(99) };
    const layer = { className: 'Normalization', config: { axis: [3] }, weights: [mean, variance, count] };
    const actual = await runLayers([layer], image);
    for (const [i, x] of image.values.entries()) {
      expect(actual[i]).toBeCloseTo((x - mean.values[i % 3]) / Math.sqrt(variance.values[i % 3]), 4);
    }
  });

  test.each([
    { shape: [1, 1, 3], alpha: (i: number) => i % 3 },
    { shape: [3, 4, 3], alpha: (i: number) => i },
  ])('PReLU with alpha of shape $shape', async ({ shape, alpha }) => {
    const values = numbers(shape[0] * shape[1] * 3, 12);
    const actual = await runLayers([{ className: 'PReLU', weights: [{ shape, values }] }], image);
    for (const [i, x] of image.values.entries()) expect(actual[i]).toBeCloseTo(x >= 0 ? x : values[alpha(i)] * x, 4);
  });

  test('Softmax over the channels', async () => {
    const actual = await runLayers([{ className: 'Softmax', config: { axis: -1 } }], image);
    for (let cell = 0; cell < 12; cell++) {
      const exponentials = Array.from(image.values.subarray(cell * 3, cell * 3 + 3), Math.exp);
      const sum = exponentials.reduce((total, value) => total + value, 0);
      for (const [c, value] of exponentials.entries()) expect(actual[cell * 3 + c]).toBeCloseTo(value / sum, 5);
    }
  });
});

import { expect, test } from 'vitest';
import { kerasToOnnx } from '../../../../server/src/models/keras/to-onnx.ts';
import { type LayerUnderTest, lineOf } from './run-layer.ts';

const normalization = (mean: number, variance: number): LayerUnderTest => ({
  className: 'Normalization',
  weights: [
    { shape: [3], values: new Float32Array(3).fill(mean) },
    { shape: [3], values: new Float32Array(3).fill(variance) },
    { shape: [], values: Float32Array.of(9) },
  ],
});

const batchNormalization = (mean: number, variance: number): LayerUnderTest => ({
  className: 'BatchNormalization',
  weights: [1, 0, mean, variance].map((value) => ({ shape: [3], values: new Float32Array(3).fill(value) })),
});

const rescaling = (scale: unknown, offset: unknown): LayerUnderTest => ({
  className: 'Rescaling',
  config: { scale, offset },
});

const augmentation = ['RandomFlip', 'Dropout'].map((className) => ({ className }));
const resizing = { className: 'Resizing', config: { height: 5, width: 7 } };
const padding = { className: 'ZeroPadding2D', config: { padding: 1 } };
const relu = { className: 'ReLU' };

test.each<[string, boolean, LayerUnderTest[]]>([
  ['divides by 255', true, [rescaling(1 / 255, 0)]],
  ['divides by 127.5 and subtracts 1', true, [rescaling(1 / 127.5, -1)]],
  [
    'divides after augmentation, resizing and padding',
    true,
    [...augmentation, resizing, padding, rescaling(1 / 255, 0)],
  ],
  ['divides each channel', true, [rescaling([0.017, 0.018, 0.017], 0)]],
  ['normalises by means of bytes', true, [normalization(120, 3000)]],
  ['normalises by a deviation of bytes', true, [normalization(0, 3000)]],
  ['normalises the batch by means of bytes', true, [batchNormalization(120, 3000)]],
  ['leaves values as they are, then divides', true, [normalization(0, 1), rescaling(1 / 255, 0)]],
  ['doubles and subtracts 1', false, [rescaling(2, -1)]],
  ['multiplies by 255', false, [rescaling(255, 0)]],
  ['normalises by means from 0 to 1', false, [normalization(0.45, 0.05)]],
  ['normalises the batch by means from 0 to 1', false, [batchNormalization(0.4, 0.1)]],
  ['normalises by nothing', false, [normalization(0, 1)]],
  ['divides after an activation', false, [relu, rescaling(1 / 255, 0)]],
  ['does none of it', false, [relu]],
])('a network that %s takes bytes: %s', (_, expected, layers) => {
  expect(kerasToOnnx(lineOf(layers, [6, 6, 3]), undefined).rescales).toBe(expected);
});

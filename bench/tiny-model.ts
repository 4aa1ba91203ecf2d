import { seededRandom } from '../shared/seeded-random.ts';
import type { TestLayer } from '../test/server/models/keras-file.ts';

const STRIDE = 16;
const CLASSES = 3;

/** A network for 128-pixel patches that takes hardly any time: one strided convolution, pooling and a Dense head. */
export function tinyModel(seed: number): TestLayer[] {
  const random = seededRandom(seed);
  const weights = (name: string, shape: number[], limit: number) => ({
    name,
    shape,
    values: Float32Array.from({ length: shape.reduce((product, side) => product * side, 1) }, () => {
      return limit * (2 * random() - 1);
    }),
  });
  const convolution = {
    filters: 4,
    kernel_size: [STRIDE, STRIDE],
    strides: [STRIDE, STRIDE],
    padding: 'valid',
    activation: 'relu',
    use_bias: true,
  };
  return [
    {
      name: 'conv',
      className: 'Conv2D',
      config: convolution,
      weights: [weights('kernel', [STRIDE, STRIDE, 3, 4], 0.05), weights('bias', [4], 0.1)],
    },
    { name: 'pooling', className: 'GlobalAveragePooling2D' },
    {
      name: 'predictions',
      className: 'Dense',
      config: { units: CLASSES, activation: 'softmax', use_bias: true },
      weights: [weights('kernel', [4, CLASSES], 1), weights('bias', [CLASSES], 0)],
    },
  ];
}

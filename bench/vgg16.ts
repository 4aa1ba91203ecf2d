import { seededRandom } from '../shared/seeded-random.ts';
import { type TestLayer, writeKerasH5 } from '../test/server/models/keras-file.ts';

/** Filters of VGG16's convolutions, block by block (Simonyan and Zisserman 2014, configuration D). */
const BLOCKS = [
  [64, 64],
  [128, 128],
  [256, 256, 256],
  [512, 512, 512],
  [512, 512, 512],
];
const CLASSES = 4;

/** Writes a VGG16 for 224-pixel patches with seeded random weights, GAP and a Dense head, as Keras 2.15 does. */
export async function writeVgg16(file: string): Promise<void> {
  const random = seededRandom(16);
  const layers: TestLayer[] = [];
  let channels = 3;
  for (const [block, convolutions] of BLOCKS.entries()) {
    for (const [index, filters] of convolutions.entries()) {
      layers.push({
        name: `block${block + 1}_conv${index + 1}`,
        className: 'Conv2D',
        config: { filters, kernel_size: [3, 3], strides: [1, 1], padding: 'same', activation: 'relu', use_bias: true },
        weights: [
          weight('kernel', [3, 3, channels, filters], Math.sqrt(6 / (9 * channels)), random),
          weight('bias', [filters], 0, random),
        ],
      });
      channels = filters;
    }
    layers.push({
      name: `block${block + 1}_pool`,
      className: 'MaxPooling2D',
      config: { pool_size: [2, 2], strides: [2, 2], padding: 'valid' },
    });
  }
  layers.push({ name: 'pooling', className: 'GlobalAveragePooling2D' });
  layers.push({
    name: 'predictions',
    className: 'Dense',
    config: { units: CLASSES, activation: 'softmax', use_bias: true },
    weights: [weight('kernel', [channels, CLASSES], 0.1, random), weight('bias', [CLASSES], 0, random)],
  });
  await writeKerasH5(file, layers, [224, 224, 3]);
}

function weight(name: string, shape: number[], limit: number, random: () => number) {
  const length = shape.reduce((product, side) => product * side, 1);
  return { name, shape, values: Float32Array.from({ length }, () => limit * (2 * random() - 1)) };
}

import { seededRandom } from '../shared/seeded-random.ts';
import { type TestLayer, writeKerasH5 } from '../test/server/models/keras-file.ts';

/** Expansion, channels, blocks and first stride of MobileNetV2's stages (Sandler et al. 2018, table 2, width 1.0). */
const STAGES = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
];
const STEM_CHANNELS = 32;
const LAST_CHANNELS = 1280;
const CLASSES = 4;

/** Writes MobileNetV2 for 224-pixel patches with seeded random weights, GAP and a Dense head, as Keras 2.15 does. */
export async function writeMobileNetV2(file: string): Promise<void> {
  const random = seededRandom(2);
  const layers: TestLayer[] = [];
  const add = (name: string, className: string, config?: object, weights?: TestLayer['weights'], inputs?: string[]) => {
    layers.push({ name, className, config: { ...config }, weights, inputs });
    return name;
  };
  const weight = (name: string, shape: number[], limit: number, centre = 0) => {
    const length = shape.reduce((product, side) => product * side, 1);
    return { name, shape, values: Float32Array.from({ length }, () => centre + limit * (2 * random() - 1)) };
  };
  const normalize = (name: string, channels: number) =>
    add(name, 'BatchNormalization', { axis: [3], epsilon: 0.001, momentum: 0.999 }, [
      weight('gamma', [channels], 0.2, 1),
      weight('beta', [channels], 0.2),
      weight('moving_mean', [channels], 0.2),
      weight('moving_variance', [channels], 0.2, 1),
    ]);
  const convolve = (name: string, side: number, from: number, to: number, strides = 1) =>
    add(name, 'Conv2D', { ...convolution(side, strides, 'same'), filters: to }, [
      weight('kernel', [side, side, from, to], Math.sqrt(6 / (side * side * from))),
    ]);
  const relu6 = (name: string) => add(name, 'ReLU', { max_value: 6, negative_slope: 0, threshold: 0 });

  convolve('Conv1', 3, 3, STEM_CHANNELS, 2);
  normalize('bn_Conv1', STEM_CHANNELS);
  let last = relu6('Conv1_relu');
  let channels = STEM_CHANNELS;
  for (const [stage, [expansion, to, blocks, firstStride]] of STAGES.entries()) {
    for (let block = 0; block < blocks; block++) {
      const name = `stage${stage}_block${block}`;
      const stride = block === 0 ? firstStride : 1;
      const before = last;
      const wide = expansion * channels;
      if (expansion > 1) {
        convolve(`${name}_expand`, 1, channels, wide);
        normalize(`${name}_expand_BN`, wide);
        relu6(`${name}_expand_relu`);
      }
      if (stride === 2) {
        add(`${name}_pad`, 'ZeroPadding2D', {
          padding: [
            [0, 1],
            [0, 1],
          ],
        });
      }
      const padding = stride === 2 ? 'valid' : 'same';
      add(`${name}_depthwise`, 'DepthwiseConv2D', { ...convolution(3, stride, padding), depth_multiplier: 1 }, [
        weight('depthwise_kernel', [3, 3, wide, 1], Math.sqrt(6 / 9)),
      ]);
      normalize(`${name}_depthwise_BN`, wide);
      relu6(`${name}_depthwise_relu`);
      convolve(`${name}_project`, 1, wide, to);
      last = normalize(`${name}_project_BN`, to);
      if (stride === 1 && channels === to) last = add(`${name}_add`, 'Add', {}, undefined, [before, last]);
      channels = to;
    }
  }
  convolve('Conv_1', 1, channels, LAST_CHANNELS);
  normalize('Conv_1_bn', LAST_CHANNELS);
  relu6('out_relu');
  add('pooling', 'GlobalAveragePooling2D');
  add('predictions', 'Dense', { units: CLASSES, activation: 'softmax', use_bias: true }, [
    weight('kernel', [LAST_CHANNELS, CLASSES], 0.1),
    weight('bias', [CLASSES], 0),
  ]);
  await writeKerasH5(file, layers, [224, 224, 3]);
}

function convolution(side: number, stride: number, padding: 'same' | 'valid') {
  return { kernel_size: [side, side], strides: [stride, stride], padding, activation: 'linear', use_bias: false };
}

import { expect, test } from 'vitest';
import type { CallArguments } from '../../../../server/src/models/keras/network.ts';
import { kerasToOnnx } from '../../../../server/src/models/keras/to-onnx.ts';
import { type LayerUnderTest, lineOf } from './run-layer.ts';

const kernel = { shape: [3, 3, 3, 2], values: new Float32Array(54) };
const bias = { shape: [2], values: new Float32Array(2) };
const statistics = [1, 0, 0, 1].map((value) => ({ shape: [3], values: new Float32Array(3).fill(value) }));

const refused: [LayerUnderTest, string][] = [
  [{ className: 'LSTM' }, "layer 'lstm_1' (LSTM) is of a class that is not supported"],
  [{ className: 'Lambda', config: { function: ['4wEA'] } }, 'holds Python code, which is not run'],
  [{ className: 'AutoContrast' }, 'is of a class that is not supported'],
  [{ className: 'MaxPooling2D', config: { data_format: 'channels_first' } }, 'only channels_last is read'],
  [{ className: 'Flatten', config: { data_format: 'channels_first' } }, 'only channels_last is read'],
  [{ className: 'Activation', config: { activation: 'sparsemax' } }, "has the activation 'sparsemax', which is not"],
  [
    { className: 'Activation', config: { activation: { class_name: 'function', config: 'mine' } } },
    "'mine', which is not",
  ],
  [{ className: 'Activation', config: { activation: ['relu'] } }, 'has an activation that is not a name: ["relu"]'],
  [{ className: 'Activation', config: { activation: 'toString' } }, "has the activation 'toString', which is not"],
  [{ className: 'ReLU', config: { max_value: 'six' } }, 'has max_value "six"; a number is expected'],
  [{ className: 'Softmax', config: { axis: 4 } }, 'has axis 4 for 4 dimensions'],
  [{ className: 'Softmax', config: { axis: 0 } }, 'works along the batch, so one patch would change another'],
  [{ className: 'Conv2D', weights: [kernel] }, 'should have 2 weights (kernel, bias), found 1'],
  [{ className: 'Conv2D', config: { groups: 2 }, weights: [kernel, bias] }, 'that does not fit 3 channels'],
  [{ className: 'Conv2D', config: { padding: 'causal' }, weights: [kernel, bias] }, "has padding 'causal'"],
  [{ className: 'Conv2D', config: { strides: [0, 1] }, weights: [kernel, bias] }, 'two positive integers are expected'],
  [{ className: 'Conv2D', weights: [{ ...kernel, shape: [9, 3, 2, 1] }, bias] }, 'that does not fit'],
  [
    {
      className: 'Conv2D',
      config: { use_bias: false },
      weights: [{ ...kernel, values: kernel.values.map(() => Number.NaN) }],
    },
    "has a weight 'weight_0' that is not finite",
  ],
  [{ className: 'Dense', weights: [{ shape: [4, 2], values: new Float32Array(8) }, bias] }, 'does not fit 3 features'],
  [{ className: 'BatchNormalization', weights: statistics.slice(1) }, 'should have 4 weights'],
  [{ className: 'BatchNormalization', config: { axis: 1 }, weights: statistics }, 'has 3 gamma for 4 channels'],
  [{ className: 'BatchNormalization', config: { mode: 1 }, weights: statistics }, 'has mode 1'],
  [{ className: 'GroupNormalization', config: { groups: 2 } }, 'has 2 groups for 3 channels'],
  [{ className: 'Normalization', config: { mean: [1, 2], variance: [1, 2] } }, 'has statistics of shape [2]'],
  [{ className: 'Normalization' }, 'should have 3 weights (mean, variance, count), found 0'],
  [{ className: 'Rescaling', config: { scale: [1, 2] } }, 'has a scale of shape [2] for [4, 5, 3]'],
  [{ className: 'Reshape', config: { target_shape: [7, -1] } }, 'cannot shape 60 values as [7, -1]'],
  [{ className: 'Permute', config: { dims: [1, 2] } }, 'has dims [1,2] for 3 dimensions'],
  [{ className: 'Cropping2D', config: { cropping: 2 } }, 'leaves nothing of 4 x 5'],
  [{ className: 'Concatenate', config: { axis: 0 } }, 'works along the batch'],
  [
    { className: 'Resizing', config: { height: 9, width: 9, interpolation: 'cubist' } },
    "has the interpolation 'cubist'",
  ],
  [{ className: 'Resizing', config: { height: 0, width: 9 } }, 'has the size 0 x 9; positive integers are expected'],
  [{ className: 'Resizing', config: { height: 1e6, width: 1e6 } }, 'values; at most'],
  [{ className: 'UpSampling2D', config: { size: 100_000 } }, 'values; at most'],
  [{ className: 'ZeroPadding2D', config: { padding: 1e6 } }, 'values; at most'],
  [{ className: 'RandomCrop', config: { height: 3, width: 3 } }, 'which versions of Keras 3 do differently'],
  [{ className: 'Masking', config: { mask_value: 1 } }, 'masks 1; only 0 is supported'],
  [{ className: 'TimeDistributed', config: { layer: { class_name: 'LSTM', config: {} } } }, 'wraps a LSTM'],
  [{ className: 'TimeDistributed', config: {} }, 'holds no layer in its settings'],
  [{ className: 'Dot' }, 'is supported for two vectors of one length'],
];

test.each(refused)('%j', (layer, message) => {
  expect(() => kerasToOnnx(lineOf([layer], [4, 5, 3]), undefined)).toThrow(message);
});

const image = { tensor: { layer: 'image', call: 0 } };
const calls: [string, Record<string, unknown>, CallArguments, string][] = [
  ['TFOpLambda', { function: 'image.adjust_hue' }, { positional: [image], named: {} }, "calls 'image.adjust_hue'"],
  ['TFOpLambda', { function: 'math.reduce_mean' }, { positional: [image], named: {} }, 'reduces the batch too'],
  ['Mean', { axis: [0, 1] }, { positional: [image], named: {} }, 'works along the batch'],
  ['Reshape', { newshape: [-1, 3] }, { positional: [image], named: {} }, 'in which the batch is not the first size'],
  ['Cast', { dtype: 'uint8' }, { positional: [image], named: {} }, 'casts to "uint8"'],
  [
    'Add',
    {},
    { positional: [image, { value: 'x' }], named: {} },
    'is called with "x"; a tensor or numbers are expected',
  ],
  ['Add', {}, { positional: [image, { list: [{ value: 1 }, { value: 2 }] }], named: {} }, 'combines [4, 5, 3] and'],
  ['GetItem', {}, { positional: [image, { list: [{ value: 0 }] }], named: {} }, 'takes a part of the batch'],
  ['Split', { indices_or_sections: 2, axis: -1 }, { positional: [image], named: {} }, 'splits 3 into 2'],
  ['Pad', { pad_width: [[0, 0]] }, { positional: [image], named: {} }, 'has pad_width [[0,0]] for 4 dimensions'],
];

test.each(calls)('%s %j', (className, config, call, message) => {
  const network = lineOf([{ className, config }], [4, 5, 3]);
  network.model.layers[1].callArguments = [call];
  expect(() => kerasToOnnx(network, undefined)).toThrow(message);
});

test('a layer that Keras 2 calls with training=True', () => {
  const network = lineOf([{ className: 'Dropout', version: 2 }], [4, 5, 3]);
  network.model.layers[1].callArguments = [{ positional: [image], named: { training: { value: true } } }];
  expect(() => kerasToOnnx(network, undefined)).toThrow("layer 'dropout_1' (Dropout) is called with training=True");
});

test("the Lambda of keras.applications' InceptionResNetV2 is known", () => {
  const network = lineOf([{ className: 'Lambda', config: { arguments: { scale: 0.5 } } }], [4, 5, 3]);
  const [, lambda] = network.model.layers;
  lambda.calls = [[image.tensor, image.tensor]];
  expect(() => kerasToOnnx(network, undefined)).toThrow('holds Python code');
  lambda.name = 'block35_1';
  network.model.outputs = [{ layer: 'block35_1', call: 0 }];
  expect(kerasToOnnx(network, undefined).proto.node?.map(({ opType }) => opType)).toEqual(['Mul', 'Add']);
});

import { describe, expect, test } from 'vitest';
import { parseModelConfig } from '../../../../server/src/models/keras/model-config.ts';

const conv = { filters: 4, kernel_size: [3, 3] };

/** One network, image -> Conv2D 'c' -> Add 'sum' of the image and it, in the words of each version. */
const functional: Record<string, { version: number; config: unknown }> = {
  'Keras 2.1, Model': {
    version: 2,
    config: {
      class_name: 'Model',
      config: {
        name: 'net',
        layers: [
          {
            class_name: 'InputLayer',
            name: 'image',
            config: { batch_input_shape: [null, 8, 8, 3] },
            inbound_nodes: [],
          },
          { class_name: 'Conv2D', name: 'c', config: conv, inbound_nodes: [[['image', 0, 0, {}]]] },
          {
            class_name: 'Add',
            name: 'sum',
            config: {},
            inbound_nodes: [
              [
                ['image', 0, 0, {}],
                ['c', 0, 0, {}],
              ],
            ],
          },
        ],
        input_layers: [['image', 0, 0]],
        output_layers: [['sum', 0, 0]],
      },
    },
  },
  'Keras 3, Functional': {
    version: 3,
    config: {
      class_name: 'Functional',
      config: {
        name: 'net',
        layers: [
          { class_name: 'InputLayer', name: 'image', config: { batch_shape: [null, 8, 8, 3] }, inbound_nodes: [] },
          { class_name: 'Conv2D', name: 'c', config: conv, inbound_nodes: [{ args: [keras3('image')], kwargs: {} }] },
          {
            class_name: 'Add',
            name: 'sum',
            config: {},
            inbound_nodes: [{ args: [[keras3('image'), keras3('c')]], kwargs: { mask: null } }],
          },
        ],
        input_layers: ['image', 0, 0],
        output_layers: ['sum', 0, 0],
      },
    },
  },
};

function keras3(layer: string) {
  return {
    class_name: '__keras_tensor__',
    config: { shape: [null, 8, 8, 3], dtype: 'float32', keras_history: [layer, 0, 0] },
  };
}

test.each(Object.entries(functional))('%s', (_, { config, version }) => {
  const model = parseModelConfig(config, version);
  expect(model.inputs).toEqual([{ layer: 'image', call: 0 }]);
  expect(model.outputs).toEqual([{ layer: 'sum', call: 0 }]);
  expect(model.layers.map(({ name, className, calls }) => ({ name, className, calls }))).toEqual([
    { name: 'image', className: 'InputLayer', calls: [] },
    { name: 'c', className: 'Conv2D', calls: [[{ layer: 'image', call: 0 }]] },
    {
      name: 'sum',
      className: 'Add',
      calls: [
        [
          { layer: 'image', call: 0 },
          { layer: 'c', call: 0 },
        ],
      ],
    },
  ]);
});

describe('Sequential', () => {
  const first = { class_name: 'Conv2D', config: { name: 'c', batch_input_shape: [null, 8, 8, 3] } };
  const second = { class_name: 'ReLU', config: { name: 'r' } };
  const input = { class_name: 'InputLayer', config: { name: 'c_input', batch_input_shape: [null, 8, 8, 3] } };

  test.each([
    ['a bare list', [first, second]],
    ['an object without an InputLayer', { name: 's', layers: [first, second] }],
    ['an object with an InputLayer', { name: 's', layers: [input, first, second] }],
  ])('%s', (_, config) => {
    const model = parseModelConfig({ class_name: 'Sequential', config }, 2);
    expect(model.layers.map(({ name, calls }) => [name, calls])).toEqual([
      ['c_input', []],
      ['c', [[{ layer: 'c_input', call: 0 }]]],
      ['r', [[{ layer: 'c', call: 0 }]]],
    ]);
    expect(model.layers[0].config.batch_input_shape).toEqual([null, 8, 8, 3]);
  });

  test("Keras 1's names of settings", () => {
    const config = [
      {
        class_name: 'Convolution2D',
        config: {
          name: 'c',
          batch_input_shape: [null, 8, 8, 3],
          nb_filter: 4,
          nb_row: 3,
          nb_col: 5,
          border_mode: 'same',
          subsample: [2, 2],
          dim_ordering: 'tf',
          bias: false,
        },
      },
      { class_name: 'Dense', config: { name: 'd', output_dim: 2, bias: true } },
    ];
    const [, convolution, dense] = parseModelConfig({ class_name: 'Sequential', config }, 1).layers;
    expect(convolution).toMatchObject({
      className: 'Conv2D',
      config: {
        filters: 4,
        kernel_size: [3, 5],
        padding: 'same',
        strides: [2, 2],
        data_format: 'channels_last',
        use_bias: false,
      },
    });
    expect(dense).toMatchObject({ className: 'Dense', config: { units: 2, use_bias: true } });
  });
});

test("Keras 2's Python operators have one nesting less, and their number or second tensor in y", () => {
  const layers = [
    {
      class_name: 'TFOpLambda',
      name: 'o',
      config: { function: 'math.multiply' },
      inbound_nodes: [['p', 0, 0, { y: 2, name: null }]],
    },
    {
      class_name: 'TFOpLambda',
      name: 'q',
      config: { function: 'math.add' },
      inbound_nodes: [['p', 0, 0, { y: ['o', 0, 0] }]],
    },
  ];
  const config = { name: 'n', layers, input_layers: [['p', 0, 0]], output_layers: [['o', 0, 0]] };
  const model = parseModelConfig({ class_name: 'Functional', config }, 2);
  expect(model.layers.map(({ calls }) => calls)).toEqual([
    [[{ layer: 'p', call: 0 }, 2]],
    [
      [
        { layer: 'p', call: 0 },
        { layer: 'o', call: 0 },
      ],
    ],
  ]);
});

test.each([
  [null, 'the model should be an object'],
  [
    { class_name: 'MyModel', config: {} },
    'is a model of the class MyModel, whose network is Python code that the file does not hold; model.export("DIR")',
  ],
  [{ class_name: 'Sequential', config: {} }, 'the layers of a Sequential model should be a list'],
  [{ class_name: 'Sequential', config: [] }, 'the layers of a Sequential model should be a list'],
  [{ class_name: 'Sequential', config: [{ name: 'x' }] }, 'layer 0 should be an object with class_name'],
  [{ class_name: 5, config: {} }, 'class_name of the model should be Sequential, Functional or Model, found 5'],
  [
    { class_name: 'Functional', config: { layers: [], input_layers: 5, output_layers: [] } },
    'input_layers should be a list',
  ],
  [
    {
      class_name: 'Sequential',
      config: [{ class_name: 'Dense', config: { dtype: { class_name: 'QuantizedDTypePolicy' } } }],
    },
    "layer 'layer 0' (Dense) has quantised weights",
  ],
])('%j is refused', (config, says) => {
  expect(() => parseModelConfig(config, 3)).toThrow(says);
});

test('a model that is called twice has had a call of its own before', () => {
  const input = { class_name: 'InputLayer', name: 'i', config: {}, inbound_nodes: [] };
  const inner = { name: 'inner', layers: [input], input_layers: [['i', 0, 0]], output_layers: [['i', 0, 0]] };
  const layers = [
    { ...input, name: 'image' },
    {
      class_name: 'Model',
      name: 'inner',
      config: inner,
      inbound_nodes: [[['image', 0, 0, {}]], [['inner', 1, 0, {}]]],
    },
  ];
  const config = { layers, input_layers: [['image', 0, 0]], output_layers: [['inner', 2, 0]] };
  const model = parseModelConfig({ class_name: 'Model', config }, 2);
  expect(model.outputs).toEqual([{ layer: 'inner', call: 1 }]);
  expect(model.layers[1].calls).toEqual([[{ layer: 'image', call: 0 }], [{ layer: 'inner', call: 0 }]]);
});

test('one layer that is twice in a Sequential model is called twice', () => {
  const relu = { class_name: 'Activation', config: { name: 'relu', batch_input_shape: [null, 8, 8, 3] } };
  const config = [relu, { class_name: 'MaxPooling2D', config: { name: 'pool' } }, relu];
  const model = parseModelConfig({ class_name: 'Sequential', config }, 1);
  expect(model.layers.map(({ name, calls }) => [name, calls.length])).toEqual([
    ['relu_input', 0],
    ['relu', 2],
    ['pool', 1],
  ]);
  expect(model.outputs).toEqual([{ layer: 'relu', call: 1 }]);
});

test('models within models that multiply without end are refused', () => {
  const input = { class_name: 'InputLayer', name: 'i', config: {}, inbound_nodes: [] };
  let config: Record<string, unknown> = { layers: [input], input_layers: [['i', 0, 0]], output_layers: [['i', 0, 0]] };
  for (let depth = 0; depth < 40; depth++) {
    const twice = [[['i', 0, 0, {}]], [['m', 0, 0, {}]]];
    const layers = [input, { class_name: 'Model', name: 'm', config, inbound_nodes: twice }];
    config = { layers, input_layers: [['i', 0, 0]], output_layers: [['m', 1, 0]] };
  }
  expect(() => parseModelConfig({ class_name: 'Model', config }, 2)).toThrow(
    /called \d.* times; at most 20000 are read/,
  );
});

test.each(['constructor', '__proto__', 'toString'])('a class or a setting may be called %s', (name) => {
  const config = JSON.parse(`{ "name": "a", "${name}": 1, "batch_input_shape": [null, 4, 4, 3] }`);
  const [, layer] = parseModelConfig({ class_name: 'Sequential', config: [{ class_name: name, config }] }, 1).layers;
  expect(layer.className).toBe(name);
});

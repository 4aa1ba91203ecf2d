import { File, type Group, ready } from 'h5wasm/node';

/** A layer of a test model with its weights in get_weights() order. */
export interface TestLayer {
  name: string;
  className: string;
  config?: Record<string, unknown>;
  weights?: { name: string; shape: number[]; values: Float32Array }[];
  /** Names of the layers before it, in a model that is no chain; the one listed before it unless given. */
  inputs?: string[];
}

/** How a Keras version lays out a Sequential model in HDF5. */
export interface Vintage {
  version: string;
  /** Keras up to 2.2.2 writes the list of layers bare. */
  bareList: boolean;
  inputLayer: boolean;
  inputKey: 'batch_input_shape' | 'batch_shape';
  weightPath: (layer: string, weight: string) => string;
}

export const KERAS_216: Vintage = {
  version: '2.1.6',
  bareList: true,
  inputLayer: false,
  inputKey: 'batch_input_shape',
  weightPath: (layer, weight) => `${layer}_1/${weight}:0`,
};

export const KERAS_215: Vintage = {
  version: '2.15.0',
  bareList: false,
  inputLayer: true,
  inputKey: 'batch_input_shape',
  weightPath: (layer, weight) => `${layer}/${weight}:0`,
};

export const KERAS_305: Vintage = {
  version: '3.0.5',
  bareList: false,
  inputLayer: true,
  inputKey: 'batch_shape',
  weightPath: (_, weight) => weight,
};

export const KERAS_315: Vintage = {
  version: '3.15.1',
  bareList: false,
  inputLayer: true,
  inputKey: 'batch_shape',
  weightPath: (layer, weight) => `sequential/${layer}/${weight}`,
};

/** Writes a Sequential model as a version of Keras does, or, where a layer names its inputs, a Functional one of Keras 2. */
export async function writeKerasH5(
  file: string,
  layers: readonly TestLayer[],
  inputShape: readonly (number | null)[],
  vintage: Vintage = KERAS_215,
): Promise<void> {
  await ready;
  const root = new File(file, 'w');
  const shape = { [vintage.inputKey]: [null, ...inputShape] };
  const entries = layers.map(({ name, className, config }, i) => ({
    class_name: className,
    config: { name, ...config, ...(i === 0 && !vintage.inputLayer ? shape : {}) },
  }));
  if (vintage.inputLayer) entries.unshift({ class_name: 'InputLayer', config: { name: 'image', ...shape } });
  const isGraph = layers.some(({ inputs }) => inputs !== undefined);
  const config = vintage.bareList ? entries : { name: 'sequential', layers: entries };
  const model = isGraph ? functional(entries, layers) : { class_name: 'Sequential', config };
  root.create_attribute('model_config', JSON.stringify(model));
  root.create_attribute('keras_version', vintage.version);
  const group = root.create_group('model_weights');
  group.create_attribute(
    'layer_names',
    layers.map(({ name }) => name),
  );
  for (const layer of layers) writeLayer(group, layer, vintage);
  root.close();
}

/** @param entries the input layer, then those of the layers */
function functional(entries: { class_name: string; config: { name: string } }[], layers: readonly TestLayer[]) {
  const nodes = entries.map((entry, i) => {
    const inputs = i === 0 ? [] : (layers[i - 1].inputs ?? [entries[i - 1].config.name]);
    const name = entry.config.name;
    return { ...entry, name, inbound_nodes: inputs.length === 0 ? [] : [inputs.map((input) => [input, 0, 0, {}])] };
  });
  const end = (node: { name: string }) => [[node.name, 0, 0]];
  const ends = { input_layers: end(nodes[0]), output_layers: end(nodes[nodes.length - 1]) };
  return { class_name: 'Functional', config: { name: 'model', layers: nodes, ...ends } };
}

function writeLayer(group: Group, { name: layer, weights = [] }: TestLayer, vintage: Vintage): void {
  const stored = group.create_group(layer);
  const paths = weights.map(({ name }) => vintage.weightPath(layer, name));
  // Layers without weights have an empty list of float64 there.
  stored.create_attribute('weight_names', paths.length > 0 ? paths : new Float64Array(0));
  for (const [i, { shape, values }] of weights.entries()) {
    let parent = stored;
    const parts = paths[i].split('/');
    for (const part of parts.slice(0, -1))
      parent = parent.keys().includes(part) ? groupIn(parent, part) : parent.create_group(part);
    parent.create_dataset({ name: parts[parts.length - 1], data: values, shape });
  }
}

function groupIn(parent: Group, name: string): Group {
  const child = parent.get(name);
  if (child && 'create_group' in child) return child;
  throw new Error(`${name} is not a group`);
}

/** Seeded numbers in [-1, 1). */
export function numbers(count: number, seed = 1): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

export function weight(
  name: string,
  shape: number[],
  seed: number,
): { name: string; shape: number[]; values: Float32Array } {
  return {
    name,
    shape,
    values: numbers(
      shape.reduce((product, size) => product * size, 1),
      seed,
    ),
  };
}

/** A convolution, global average pooling and a Dense layer: the smallest classifier with a map. */
export function tinyClassifier(outputs: number, activation: string | null = 'softmax'): TestLayer[] {
  return [
    {
      name: 'conv',
      className: 'Conv2D',
      config: { filters: 4, kernel_size: [3, 3], strides: [2, 2], padding: 'same', activation: 'relu', use_bias: true },
      weights: [weight('kernel', [3, 3, 3, 4], 1), weight('bias', [4], 2)],
    },
    { name: 'pooling', className: 'GlobalAveragePooling2D' },
    {
      name: 'logits',
      className: 'Dense',
      config: { units: outputs, activation: activation ?? 'linear' },
      weights: [weight('kernel', [4, outputs], 3), weight('bias', [outputs], 4)],
    },
  ];
}

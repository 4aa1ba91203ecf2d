import {
  booleanSetting,
  type LayerGraph,
  type LayerWriter,
  layerProblem,
  type NetworkTensor,
  numberSetting,
  onlyInput,
  scalar,
  type WeightedLayer,
  weightsNamed,
} from '../layer.ts';

/** In inference: gamma (x - moving mean) / sqrt(moving variance + epsilon) + beta, per channel. */
const batchNormalization: LayerWriter = (layer, inputs, graph) => {
  const input = onlyInput(layer, inputs);
  const channels = lastAxis(layer, input);
  // Keras 1 has no such settings, and always both.
  const scaled = booleanSetting(layer, 'scale', true);
  const centred = booleanSetting(layer, 'center', true);
  const names = [...(scaled ? ['gamma'] : []), ...(centred ? ['beta'] : []), 'moving_mean', 'moving_variance'];
  const weights = new Map(weightsNamed(layer, names).map((weight, i) => [names[i], weight.values]));
  const parameter = (name: string, otherwise: number) => {
    const values = weights.get(name) ?? new Float32Array(channels).fill(otherwise);
    if (values.length !== channels) throw layerProblem(layer, `has ${values.length} ${name} for ${channels} channels`);
    return graph.constant([channels], values);
  };
  const name = graph.node(
    'BatchNormalization',
    [
      input.name,
      parameter('gamma', 1),
      parameter('beta', 0),
      parameter('moving_mean', 0),
      parameter('moving_variance', 1),
    ],
    { epsilon: { float: numberSetting(layer, 'epsilon', 1e-3) } },
  );
  return { name, shape: input.shape };
};

/** (x - mean) / max(sqrt(variance), 1e-7): Keras's backend epsilon. */
const normalization: LayerWriter = (layer, inputs, graph) => {
  const input = onlyInput(layer, inputs);
  const channels = lastAxis(layer, input);
  if (booleanSetting(layer, 'invert', false)) throw layerProblem(layer, 'has invert, which is not supported');
  const stored = layer.weights.length >= 2 ? layer.weights.map(({ values }) => values) : null;
  const mean = stored?.[0] ?? settingValues(layer, 'mean');
  const variance = stored?.[1] ?? settingValues(layer, 'variance');
  for (const values of [mean, variance]) {
    if (values.length !== channels && values.length !== 1) {
      throw layerProblem(layer, `has ${values.length} statistics for ${channels} channels`);
    }
  }
  const deviation = variance.map((value) => Math.max(Math.sqrt(value), 1e-7));
  const centred = graph.node('Sub', [input.name, perChannel(mean, input, graph)]);
  return { name: graph.node('Div', [centred, perChannel(deviation, input, graph)]), shape: input.shape };
};

/** x * scale + offset; a list has one value for each channel. */
const rescaling: LayerWriter = (layer, inputs, graph) => {
  const input = onlyInput(layer, inputs);
  const scaled = graph.node('Mul', [input.name, perChannel(settingValues(layer, 'scale'), input, graph)]);
  const offset = layer.config.offset ?? 0;
  if (offset === 0) return { name: scaled, shape: input.shape };
  const name = graph.node('Add', [scaled, perChannel(settingValues(layer, 'offset'), input, graph)]);
  return { name, shape: input.shape };
};

export const NORMALIZATION_LAYERS: Record<string, LayerWriter> = {
  BatchNormalization: batchNormalization,
  Normalization: normalization,
  Rescaling: rescaling,
};

/** The number of channels; `axis` must be the last one: -1, 3 or [3] for a feature map. */
function lastAxis(layer: WeightedLayer, input: NetworkTensor): number {
  const { axis = -1 } = layer.config;
  const single = Array.isArray(axis) && axis.length === 1 ? axis[0] : axis;
  if (single !== -1 && single !== input.shape.length) {
    throw layerProblem(layer, `works along axis ${JSON.stringify(axis)}; only the channels, the last, are supported`);
  }
  return input.shape[input.shape.length - 1];
}

function settingValues(layer: WeightedLayer, key: string): Float32Array {
  const value = layer.config[key];
  const flat: unknown[] = Array.isArray(value) ? value.flat(4) : [value];
  if (flat.every((item) => typeof item === 'number')) return Float32Array.from(flat);
  throw layerProblem(layer, `has ${key} ${JSON.stringify(value)}; numbers are expected`);
}

/** A constant that broadcasts over a feature map's rows and columns, which follow the channels in ONNX's order. */
function perChannel(values: Float32Array, input: NetworkTensor, graph: LayerGraph): string {
  if (values.length === 1) return scalar(graph, values[0]);
  return graph.constant(input.shape.length === 3 ? [values.length, 1, 1] : [values.length], values);
}

import {
  booleanSetting,
  type LayerGraph,
  type LayerWriter,
  layerProblem,
  type NetworkTensor,
  numberSetting,
  onlyInput,
  type WeightedLayer,
} from '../layer.ts';
import { constantAlong, elements, featureAxes, storedAxis } from '../layout.ts';

/** In inference: gamma (x - moving mean) / sqrt(moving variance + epsilon) + beta, for each place along `axis`. */
const batchNormalization: LayerWriter = (layer, inputs, graph) => {
  const input = onlyInput(layer, inputs);
  // Of Keras 1: the statistics of each sample itself.
  if (layer.config.mode === 1) throw layerProblem(layer, 'has mode 1, which is not supported');
  const rank = input.shape.length;
  const axes = featureAxes(layer, layer.config.axis ?? -1, rank);
  const parameters = parametersOf(layer, elements(axes.map((axis) => input.shape[axis - 1])));
  const epsilon = numberSetting(layer, 'epsilon', 1e-3);
  if (axes.length === 1 && storedAxis(rank, axes[0]) === 1) return channelwise(input, parameters, epsilon, graph);
  const { gamma, beta, mean, variance } = parameters;
  const scale = gamma.map((value, i) => value / Math.sqrt(variance[i] + epsilon));
  const centred = graph.node('Sub', [input.name, constantAlong(axes, input, mean, graph)]);
  const scaled = graph.node('Mul', [centred, constantAlong(axes, input, scale, graph)]);
  return { name: graph.node('Add', [scaled, constantAlong(axes, input, beta, graph)]), shape: input.shape };
};

/** The last two are older names, and another way to train. */
export const BATCH_NORMALIZATION_LAYERS: Record<string, LayerWriter> = {
  BatchNormalization: batchNormalization,
  BatchNormalizationV1: batchNormalization,
  BatchNormalizationV2: batchNormalization,
  SyncBatchNormalization: batchNormalization,
};

interface Parameters {
  gamma: Float32Array;
  beta: Float32Array;
  mean: Float32Array;
  variance: Float32Array;
}

/** The weights by their names; with `renorm` two more follow, which only training uses. */
function parametersOf(layer: WeightedLayer, size: number): Parameters {
  // Keras 1 has no such settings, and always both.
  const isScaled = booleanSetting(layer, 'scale', true);
  const isCentred = booleanSetting(layer, 'center', true);
  const names = [...(isScaled ? ['gamma'] : []), ...(isCentred ? ['beta'] : []), 'moving_mean', 'moving_variance'];
  const expected = names.length + (layer.config.renorm === true ? 2 : 0);
  if (layer.weights.length !== expected) {
    throw layerProblem(layer, `should have ${expected} weights (${names.join(', ')}), found ${layer.weights.length}`);
  }
  const values = (name: string, otherwise: number) => {
    const found = names.includes(name)
      ? layer.weights[names.indexOf(name)].values
      : new Float32Array(size).fill(otherwise);
    if (found.length !== size) throw layerProblem(layer, `has ${found.length} ${name} for ${size} channels`);
    return found;
  };
  return {
    gamma: values('gamma', 1),
    beta: values('beta', 0),
    mean: values('moving_mean', 0),
    variance: values('moving_variance', 1),
  };
}

function channelwise(input: NetworkTensor, parameters: Parameters, epsilon: number, graph: LayerGraph): NetworkTensor {
  const { gamma, beta, mean, variance } = parameters;
  const constants = [gamma, beta, mean, variance].map((values) => graph.constant([values.length], values));
  const name = graph.node('BatchNormalization', [input.name, ...constants], { epsilon: { float: epsilon } });
  return { name, shape: input.shape };
}

import {
  booleanSetting,
  type LayerGraph,
  type LayerWriter,
  layerProblem,
  type NetworkTensor,
  onlyInput,
  type WeightedLayer,
  weightsNamed,
} from '../layer.ts';
import { broadcastConstant, type ConstantArray, constantAlong, elements, featureAxes } from '../layout.ts';
import { arraySetting } from './constants.ts';

/** (x - mean) / max(sqrt(variance), 1e-7), Keras's backend epsilon; inverted, mean + x max(sqrt(variance), 1e-7). */
const normalization: LayerWriter = (layer, inputs, graph) => {
  const input = onlyInput(layer, inputs);
  const axis = layer.config.axis === undefined ? -1 : (layer.config.axis ?? []);
  const axes = featureAxes(layer, axis, input.shape.length);
  const [mean, variance] = statistics(layer, input, axes);
  const deviation = variance.values.map((value) => Math.max(Math.sqrt(value), 1e-7));
  const [centre, size] = [mean, { ...variance, values: deviation }].map((array) =>
    alongAxes(layer, axes, input, array, graph),
  );
  const name = booleanSetting(layer, 'invert', false)
    ? graph.node('Add', [graph.node('Mul', [input.name, size]), centre])
    : graph.node('Div', [graph.node('Sub', [input.name, centre]), size]);
  return { name, shape: input.shape };
};

/** x * scale + offset, each a number or lists that broadcast. */
const rescaling: LayerWriter = (layer, inputs, graph) => {
  const input = onlyInput(layer, inputs);
  const constant = (key: string) => {
    const array = arraySetting(layer, key);
    const shape = input.shape.slice(input.shape.length - array.shape.length);
    const fits = array.shape.length <= input.shape.length && array.shape.every((n, i) => n === 1 || n === shape[i]);
    if (fits) return broadcastConstant(array, input.shape.length, graph);
    throw layerProblem(layer, `has a ${key} of shape [${array.shape.join(', ')}] for [${input.shape.join(', ')}]`);
  };
  const scaled = graph.node('Mul', [input.name, constant('scale')]);
  const { offset } = layer.config;
  if (offset === undefined || offset === null || offset === 0) return { name: scaled, shape: input.shape };
  return { name: graph.node('Add', [scaled, constant('offset')]), shape: input.shape };
};

/** Keras's own ConvNeXt: x times a factor for each channel. */
const layerScale: LayerWriter = (layer, inputs, graph) => {
  const input = onlyInput(layer, inputs);
  const [gamma] = weightsNamed(layer, ['gamma']);
  const channels = input.shape[input.shape.length - 1];
  if (gamma.values.length !== channels) {
    throw layerProblem(layer, `has ${gamma.values.length} factors for ${channels} channels`);
  }
  const factors = constantAlong([input.shape.length], input, gamma.values, graph);
  return { name: graph.node('Mul', [input.name, factors]), shape: input.shape };
};

export const NORMALIZATION_LAYERS: Record<string, LayerWriter> = {
  Normalization: normalization,
  Rescaling: rescaling,
  LayerScale: layerScale,
};

/** Mean and variance: given as settings, or else weights, of which the third, if there is one, counts images. */
function statistics(layer: WeightedLayer, input: NetworkTensor, axes: readonly number[]): ConstantArray[] {
  const isGiven = layer.config.mean !== undefined && layer.config.mean !== null;
  if (isGiven) return [arraySetting(layer, 'mean'), arraySetting(layer, 'variance')];
  const [mean, variance] = layer.weights;
  if (!mean || !variance || layer.weights.length > 3) {
    throw layerProblem(layer, `should have 3 weights (mean, variance, count), found ${layer.weights.length}`);
  }
  const shape = axes.map((axis) => input.shape[axis - 1]);
  // Whatever shape some version gives them.
  return [mean, variance].map((weight) => (weight.values.length === elements(shape) ? { ...weight, shape } : weight));
}

/** An array that broadcasts against the sizes of the axes, as a constant along them. */
function alongAxes(
  layer: WeightedLayer,
  axes: readonly number[],
  input: NetworkTensor,
  { shape, values }: ConstantArray,
  graph: LayerGraph,
): string {
  const sizes = input.shape.map(() => 1);
  for (const [i, axis] of [...axes].reverse().entries()) sizes[axis - 1] = shape[shape.length - 1 - i] ?? 1;
  const fits = shape.length <= axes.length && sizes.every((size, i) => size === 1 || size === input.shape[i]);
  if (fits) return broadcastConstant({ shape: sizes, values }, input.shape.length, graph);
  throw layerProblem(layer, `has statistics of shape [${shape.join(', ')}] for [${input.shape.join(', ')}]`);
}

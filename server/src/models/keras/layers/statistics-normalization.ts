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
import { constantAlong, elements, featureAxes, fromKerasOrder, kerasOrder, storedAxis } from '../layout.ts';

/** Normalisations by the statistics of each image itself. */
export const STATISTICS_NORMALIZATION_LAYERS: Record<string, LayerWriter> = {
  /** gamma (x - mean) / sqrt(variance + epsilon) + beta along the axes; `rms_scaling` leaves the mean and beta out. */
  LayerNormalization: (layer, inputs, graph) => {
    const input = onlyInput(layer, inputs);
    const axes = featureAxes(layer, layer.config.axis ?? -1, input.shape.length);
    const byRootMeanSquare = booleanSetting(layer, 'rms_scaling', false);
    const isScaled = booleanSetting(layer, 'scale', true) || byRootMeanSquare;
    const isCentred = booleanSetting(layer, 'center', true) && !byRootMeanSquare;
    const stored = axes.map((axis) => storedAxis(input.shape.length, axis));
    const epsilon = numberSetting(layer, 'epsilon', 1e-3);
    const normalized = standardized(input.name, stored, epsilon, !byRootMeanSquare, graph);
    return scaledAndCentred(layer, { ...input, name: normalized }, axes, [isScaled, isCentred], graph);
  },
  RMSNormalization: (layer, inputs, graph) => {
    const input = onlyInput(layer, inputs);
    const axes = featureAxes(layer, layer.config.axis ?? -1, input.shape.length);
    const stored = axes.map((axis) => storedAxis(input.shape.length, axis));
    const normalized = standardized(input.name, stored, numberSetting(layer, 'epsilon', 1e-6), false, graph);
    return scaledAndCentred(layer, { ...input, name: normalized }, axes, [true, false], graph);
  },
  GroupNormalization: groupNormalization,
  UnitNormalization: (layer, inputs, graph) => {
    const input = onlyInput(layer, inputs);
    const axes = featureAxes(layer, layer.config.axis ?? -1, input.shape.length);
    return { name: unitVectors(input, axes, 1e-12, graph), shape: input.shape };
  },
};

/** x / sqrt(max(sum of x^2, smallest)) along the axes; gives the name. */
export function unitVectors(
  { name, shape }: NetworkTensor,
  axes: readonly number[],
  smallest: number,
  graph: LayerGraph,
): string {
  const stored = axes.map((axis) => storedAxis(shape.length, axis));
  const squares = graph.node('Mul', [name, name]);
  const sum = graph.node('ReduceSum', [squares, graph.constant([stored.length], stored)], { keepdims: 1 });
  return graph.node('Div', [name, graph.node('Sqrt', [graph.node('Max', [sum, scalar(graph, smallest)])])]);
}

/** (x - mean) / sqrt(variance + epsilon) along the graph's axes, or x / sqrt(mean of x^2 + epsilon). */
function standardized(
  x: string,
  axes: readonly number[],
  epsilon: number,
  isCentred: boolean,
  graph: LayerGraph,
): string {
  const mean = (values: string) => graph.node('ReduceMean', [values], { axes, keepdims: 1 });
  const centred = isCentred ? graph.node('Sub', [x, mean(x)]) : x;
  const variance = mean(graph.node('Mul', [centred, centred]));
  return graph.node('Div', [centred, graph.node('Sqrt', [graph.node('Add', [variance, scalar(graph, epsilon)])])]);
}

/** Multiplies by gamma and adds beta, the layer's weights, each along the axes; either may be missing. */
function scaledAndCentred(
  layer: WeightedLayer,
  input: NetworkTensor,
  axes: readonly number[],
  [isScaled, isCentred]: [boolean, boolean],
  graph: LayerGraph,
): NetworkTensor {
  const names = [...(isScaled ? ['gamma'] : []), ...(isCentred ? ['beta'] : [])];
  const size = elements(axes.map((axis) => input.shape[axis - 1]));
  let { name } = input;
  for (const [i, { values }] of weightsNamed(layer, names).entries()) {
    if (values.length !== size) throw layerProblem(layer, `has ${values.length} ${names[i]} for ${size} values`);
    name = graph.node(names[i] === 'gamma' ? 'Mul' : 'Add', [name, constantAlong(axes, input, values, graph)]);
  }
  return { name, shape: input.shape };
}

/** The statistics of each group of channels over everything else of an image. */
function groupNormalization(...[layer, inputs, graph]: Parameters<LayerWriter>): NetworkTensor {
  const input = onlyInput(layer, inputs);
  const { shape } = input;
  const rank = shape.length;
  const [axis, ...others] = featureAxes(layer, layer.config.axis ?? -1, rank);
  if (others.length > 0) throw layerProblem(layer, 'has several axes; one is expected');
  const channels = shape[axis - 1];
  const wanted = numberSetting(layer, 'groups', 32);
  const groups = wanted === -1 ? channels : wanted;
  if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0) {
    throw layerProblem(layer, `has ${wanted} groups for ${channels} channels`);
  }
  const epsilon = numberSetting(layer, 'epsilon', 1e-3);
  // The channels come first, so that a group is one run of values.
  const isFirst = storedAxis(rank, axis) === 1;
  const rest = [...Array(rank).keys()].map((i) => i + 1).filter((other) => other !== axis);
  const order = [0, axis, ...rest];
  const sizes = order.slice(1).map((other) => shape[other - 1]);
  const first = isFirst ? input.name : graph.node('Transpose', [kerasOrder(input, graph)], { perm: order });
  const runs = graph.node('Reshape', [first, graph.constant([3], [-1, groups, elements(shape) / groups])]);
  const normal = standardized(runs, [2], epsilon, true, graph);
  const restored = isFirst ? [channels, ...sizes.slice(1)] : sizes;
  const whole = graph.node('Reshape', [normal, graph.constant([rank + 1], [-1, ...restored])]);
  const perm = order.map((_, position) => order.indexOf(position));
  const output = isFirst
    ? { name: whole, shape }
    : fromKerasOrder(graph.node('Transpose', [whole], { perm }), shape, graph);
  const settings: [boolean, boolean] = [booleanSetting(layer, 'scale', true), booleanSetting(layer, 'center', true)];
  return scaledAndCentred(layer, output, [axis], settings, graph);
}

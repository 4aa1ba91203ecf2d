import { type LayerGraph, type LayerWriter, layerProblem, type NetworkTensor, type WeightedLayer } from '../layer.ts';
import { featureAxes, reshaped, storedAxis } from '../layout.ts';
import { unitVectors } from './statistics-normalization.ts';

export const MERGE_LAYERS: Record<string, LayerWriter> = {
  Add: folding('Add'),
  Subtract: folding('Sub'),
  Multiply: folding('Mul'),
  Maximum: folding('Max'),
  Minimum: folding('Min'),
  Average: (layer, inputs, graph) => {
    const { names, shape } = aligned(layer, inputs, graph);
    return { name: graph.node('Mean', names), shape };
  },
  Concatenate: (layer, inputs, graph) => concatenated(layer, inputs, layer.config.axis ?? -1, graph),
  Dot: dot,
};

/** Joins tensors along one Keras axis. */
export function concatenated(
  layer: WeightedLayer,
  inputs: readonly NetworkTensor[],
  axis: unknown,
  graph: LayerGraph,
): NetworkTensor {
  const [first] = inputs;
  if (!first) throw layerProblem(layer, 'has no inputs');
  const rank = first.shape.length;
  const [along] = featureAxes(layer, axis, rank);
  const isAlike = ({ shape }: NetworkTensor) =>
    shape.length === rank && shape.every((size, i) => i === along - 1 || size === first.shape[i]);
  if (!inputs.every(isAlike)) throw layerProblem(layer, `cannot join ${describeShapes(inputs)}`);
  const total = inputs.reduce((sum, { shape }) => sum + shape[along - 1], 0);
  const shape = first.shape.map((size, i) => (i === along - 1 ? total : size));
  if (inputs.length === 1) return first;
  const name = graph.node(
    'Concat',
    inputs.map((input) => input.name),
    { axis: storedAxis(rank, along) },
  );
  return { name, shape };
}

/** Two at a time from the left, as Keras does. */
function folding(operator: string): LayerWriter {
  return (layer, inputs, graph) => {
    const { names, shape } = aligned(layer, inputs, graph);
    return { name: names.reduce((left, right) => graph.node(operator, [left, right])), shape };
  };
}

/** Inputs of equal rank, each size equal or 1, and their common shape; those of lower rank get sizes of 1 in front. */
function aligned(
  layer: WeightedLayer,
  inputs: readonly NetworkTensor[],
  graph: LayerGraph,
): { names: string[]; shape: number[] } {
  if (inputs.length === 0) throw layerProblem(layer, 'has no inputs');
  const rank = Math.max(...inputs.map(({ shape }) => shape.length));
  const padded = inputs.map((input) => {
    const ones = new Array<number>(rank - input.shape.length).fill(1);
    return ones.length > 0 ? reshaped(input, [...ones, ...input.shape], graph) : input;
  });
  const shape = padded[0].shape.map((_, i) => Math.max(...padded.map((input) => input.shape[i])));
  const fits = padded.every((input) => input.shape.every((size, i) => size === 1 || size === shape[i]));
  if (!fits) throw layerProblem(layer, `cannot combine ${describeShapes(inputs)}`);
  return { names: padded.map(({ name }) => name), shape };
}

/** The product of two vectors summed; of unit vectors with `normalize`. */
function dot(...[layer, inputs, graph]: Parameters<LayerWriter>): NetworkTensor {
  const isVector = inputs.length === 2 && inputs.every(({ shape }) => shape.length === 1);
  if (!isVector || inputs[0].shape[0] !== inputs[1].shape[0]) {
    throw layerProblem(layer, `is supported for two vectors of one length, not for ${describeShapes(inputs)}`);
  }
  const vectors = inputs.map((input) =>
    layer.config.normalize === true ? unitVectors(input, [1], 1e-12, graph) : input.name,
  );
  const sum = graph.node('ReduceSum', [graph.node('Mul', vectors), graph.constant([1], [1])], { keepdims: 1 });
  return { name: sum, shape: [1] };
}

function describeShapes(inputs: readonly NetworkTensor[]): string {
  return inputs.map(({ shape }) => `[${shape.join(', ')}]`).join(' and ');
}

import { type LayerGraph, type LayerWriter, layerProblem, type NetworkTensor, type WeightedLayer } from '../layer.ts';

export const MERGE_LAYERS: Record<string, LayerWriter> = {
  Add: folding('Add'),
  Subtract: folding('Sub'),
  Multiply: folding('Mul'),
  Maximum: folding('Max'),
  Minimum: folding('Min'),
  Average: (layer, inputs, graph) => {
    const { shape } = broadcast(layer, inputs);
    return { name: graph.node('Mean', names(inputs)), shape };
  },
  Concatenate: (layer, inputs, graph) => {
    const [first] = inputs;
    if (!first) throw layerProblem(layer, 'has no inputs');
    const rank = first.shape.length;
    const { axis = -1 } = layer.config;
    if (typeof axis !== 'number') throw layerProblem(layer, `has axis ${JSON.stringify(axis)}; a number is expected`);
    const position = axis < 0 ? axis + rank : axis - 1;
    if (!(position in first.shape)) throw layerProblem(layer, `has axis ${axis} for ${rank} dimensions`);
    const alike = inputs.every(({ shape }) => shape.every((size, i) => i === position || size === first.shape[i]));
    if (!alike) throw layerProblem(layer, `cannot join ${describeShapes(inputs)}`);
    const shape = first.shape.map((size, i) =>
      i === position ? inputs.reduce((sum, input) => sum + input.shape[i], 0) : size,
    );
    // ONNX has the channels of a feature map before its rows and columns.
    const onnxAxis = rank === 3 ? [2, 3, 1][position] : position + 1;
    return { name: graph.node('Concat', names(inputs), { axis: onnxAxis }), shape };
  },
};

/** Two at a time from the left, as Keras does. */
function folding(operator: string): LayerWriter {
  return (layer, inputs, graph: LayerGraph) => {
    const { shape } = broadcast(layer, inputs);
    const name = names(inputs).reduce((left, right) => graph.node(operator, [left, right]));
    return { name, shape };
  };
}

/** The common shape of inputs that are equal, or 1, in every dimension. */
function broadcast(layer: WeightedLayer, inputs: readonly NetworkTensor[]): { shape: number[] } {
  const [first] = inputs;
  if (!first) throw layerProblem(layer, 'has no inputs');
  const shape = first.shape.map((_, i) => Math.max(...inputs.map((input) => input.shape[i] ?? 1)));
  const fits = inputs.every(
    (input) => input.shape.length === shape.length && input.shape.every((size, i) => size === 1 || size === shape[i]),
  );
  if (!fits) throw layerProblem(layer, `cannot combine ${describeShapes(inputs)}`);
  return { shape };
}

function names(inputs: readonly NetworkTensor[]): string[] {
  return inputs.map(({ name }) => name);
}

function describeShapes(inputs: readonly NetworkTensor[]): string {
  return inputs.map(({ shape }) => `[${shape.join(', ')}]`).join(' and ');
}

import {
  featureMap,
  type LayerGraph,
  type LayerWriter,
  layerProblem,
  type NetworkTensor,
  onlyInput,
  type WeightedLayer,
} from '../layer.ts';

const zeroPadding2D: LayerWriter = (layer, inputs, graph) => {
  const input = featureMap(layer, inputs);
  const [[top, bottom], [left, right]] = paddingSetting(layer);
  const [rows, columns, channels] = input.shape;
  const pads = graph.constant([8], [0, 0, top, left, 0, 0, bottom, right]);
  const shape = [rows + top + bottom, columns + left + right, channels];
  return { name: graph.node('Pad', [input.name, pads]), shape };
};

const flatten: LayerWriter = (layer, inputs, graph) => {
  const input = onlyInput(layer, inputs);
  const size = elements(input.shape);
  return { name: graph.node('Flatten', [kerasOrder(input, graph)], { axis: 1 }), shape: [size] };
};

const reshape: LayerWriter = (layer, inputs, graph) => {
  const input = onlyInput(layer, inputs);
  const target = targetShape(layer, elements(input.shape));
  const dimensions = graph.constant([target.length + 1], [-1, ...target]);
  const name = graph.node('Reshape', [kerasOrder(input, graph), dimensions]);
  return onnxOrder({ name, shape: target }, graph);
};

export const SHAPE_LAYERS: Record<string, LayerWriter> = {
  ZeroPadding2D: zeroPadding2D,
  Flatten: flatten,
  Reshape: reshape,
};

/** A feature map's values in Keras's order; one cell has the same in both. */
function kerasOrder({ name, shape }: NetworkTensor, graph: LayerGraph): string {
  const alike = shape.length !== 3 || shape[0] * shape[1] === 1;
  return alike ? name : graph.node('Transpose', [name], { perm: [0, 2, 3, 1] });
}

function onnxOrder({ name, shape }: NetworkTensor, graph: LayerGraph): NetworkTensor {
  return shape.length === 3
    ? { name: graph.node('Transpose', [name], { perm: [0, 3, 1, 2] }), shape }
    : { name, shape };
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function targetShape(layer: WeightedLayer, size: number): number[] {
  const { target_shape: target } = layer.config;
  if (!Array.isArray(target) || !target.every((item) => Number.isInteger(item))) {
    throw layerProblem(layer, `has target_shape ${JSON.stringify(target)}; a list of integers is expected`);
  }
  const known = target.filter((item) => item !== -1);
  const shape = target.map((item) => (item === -1 ? size / elements(known) : item));
  if (elements(shape) !== size) throw layerProblem(layer, `cannot shape ${size} values as [${target.join(', ')}]`);
  return shape;
}

/** [[top, bottom], [left, right]]; a number stands for all sides, two for rows and columns. */
function paddingSetting(layer: WeightedLayer): [[number, number], [number, number]] {
  const { padding = 1 } = layer.config;
  const [rows, columns] = Array.isArray(padding) ? padding : [padding, padding];
  return [sides(layer, rows), sides(layer, columns)];
}

function sides(layer: WeightedLayer, value: unknown): [number, number] {
  const [before, after] = Array.isArray(value) ? value : [value, value];
  const valid = [before, after].every((size) => Number.isInteger(size) && size >= 0);
  if (!valid) throw layerProblem(layer, `has padding ${JSON.stringify(value)}; integers from 0 are expected`);
  return [before, after];
}

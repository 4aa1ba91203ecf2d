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
  const [[top, bottom], [left, right]] = sidesSetting(layer, 'padding', 1);
  const [rows, columns, channels] = input.shape;
  const pads = graph.constant([8], [0, 0, top, left, 0, 0, bottom, right]);
  const shape = [rows + top + bottom, columns + left + right, channels];
  return { name: graph.node('Pad', [input.name, pads]), shape };
};

const cropping2D: LayerWriter = (layer, inputs, graph) => {
  const input = featureMap(layer, inputs);
  const [[top, bottom], [left, right]] = sidesSetting(layer, 'cropping', 0);
  const [rows, columns, channels] = input.shape;
  const shape = [rows - top - bottom, columns - left - right, channels];
  if (shape[0] < 1 || shape[1] < 1) throw layerProblem(layer, `leaves nothing of ${rows} x ${columns}`);
  const starts = graph.constant([2], [top, left]);
  const ends = graph.constant([2], [rows - bottom, columns - right]);
  return { name: graph.node('Slice', [input.name, starts, ends, graph.constant([2], [2, 3])]), shape };
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
  Cropping2D: cropping2D,
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
function sidesSetting(layer: WeightedLayer, key: string, fallback: number): [[number, number], [number, number]] {
  const value = layer.config[key] ?? fallback;
  const [rows, columns] = Array.isArray(value) ? value : [value, value];
  return [sides(layer, key, rows), sides(layer, key, columns)];
}

function sides(layer: WeightedLayer, key: string, value: unknown): [number, number] {
  const [before, after] = Array.isArray(value) ? value : [value, value];
  const valid = [before, after].every((size) => Number.isInteger(size) && size >= 0);
  if (!valid) throw layerProblem(layer, `has ${key} ${JSON.stringify(value)}; integers from 0 are expected`);
  return [before, after];
}

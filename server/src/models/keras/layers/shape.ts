import {
  featureMap,
  type LayerGraph,
  type LayerWriter,
  layerProblem,
  type NetworkTensor,
  numberSetting,
  onlyInput,
  stringSetting,
  type WeightedLayer,
} from '../layer.ts';
import { arranged, elements, kerasOrder, reshaped, storedAxes } from '../layout.ts';

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
  const [rows, columns] = input.shape;
  if (rows - top - bottom < 1 || columns - left - right < 1) {
    throw layerProblem(layer, `leaves nothing of ${rows} x ${columns}`);
  }
  return cropped(input, [top, left], [rows - top - bottom, columns - left - right], graph);
};

/** A part of a feature map. @param start row and column of its first cell @param size rows and columns */
export function cropped(
  input: NetworkTensor,
  [top, left]: readonly [number, number],
  [rows, columns]: readonly [number, number],
  graph: LayerGraph,
): NetworkTensor {
  const starts = graph.constant([2], [top, left]);
  const ends = graph.constant([2], [top + rows, left + columns]);
  const name = graph.node('Slice', [input.name, starts, ends, graph.constant([2], [2, 3])]);
  return { name, shape: [rows, columns, input.shape[2]] };
}

const flatten: LayerWriter = (layer, inputs, graph) => {
  const input = onlyInput(layer, inputs);
  if (stringSetting(layer, 'data_format', 'channels_last') !== 'channels_last' && input.shape.length > 1) {
    throw layerProblem(layer, `has data_format ${layer.config.data_format}; only channels_last is read`);
  }
  const [rows, columns, channels] = input.shape;
  const isInOrder = input.shape.length !== 3 || rows * columns === 1 || channels === 1;
  const name = graph.node('Flatten', [isInOrder ? input.name : kerasOrder(input, graph)], { axis: 1 });
  return { name, shape: [elements(input.shape)] };
};

const reshape: LayerWriter = (layer, inputs, graph) => {
  const input = onlyInput(layer, inputs);
  return reshaped(input, filledShape(layer, layer.config.target_shape, elements(input.shape)), graph);
};

const permute: LayerWriter = (layer, inputs, graph) => {
  const input = onlyInput(layer, inputs);
  const { dims } = layer.config;
  const rank = input.shape.length;
  const isPermutation = Array.isArray(dims) && [...dims].sort().join() === storedAxes(rank).slice(1).sort().join();
  if (!isPermutation) throw layerProblem(layer, `has dims ${JSON.stringify(dims)} for ${rank} dimensions`);
  return transposed(input, dims, graph);
};

/** Dimensions in another order. @param axes which axis of the input each one is, the batch, 0, not among them */
export function transposed(input: NetworkTensor, axes: readonly number[], graph: LayerGraph): NetworkTensor {
  const held = storedAxes(input.shape.length).map((axis) => (axis === 0 ? 0 : axes.indexOf(axis) + 1));
  const shape = axes.map((axis) => input.shape[axis - 1]);
  return arranged(input.name, held, shape, graph);
}

const repeatVector: LayerWriter = (layer, inputs, graph) => {
  const input = onlyInput(layer, inputs);
  if (input.shape.length !== 1)
    throw layerProblem(layer, `has an input of ${input.shape.length} dimensions; 1 is expected`);
  const count = numberSetting(layer, 'n');
  const row = reshaped(input, [1, ...input.shape], graph);
  const name = graph.node('Tile', [row.name, graph.constant([3], [1, count, 1])]);
  return { name, shape: [count, ...input.shape] };
};

export const SHAPE_LAYERS: Record<string, LayerWriter> = {
  ZeroPadding2D: zeroPadding2D,
  Cropping2D: cropping2D,
  Flatten: flatten,
  Reshape: reshape,
  Permute: permute,
  RepeatVector: repeatVector,
};

/** A shape, without the batch, of `size` values, in which one dimension may be -1. */
export function filledShape(layer: WeightedLayer, target: unknown, size: number): number[] {
  const isShape = Array.isArray(target) && target.every((item) => Number.isInteger(item) && item >= -1);
  if (!isShape) throw layerProblem(layer, `has the shape ${JSON.stringify(target)}; a list of integers is expected`);
  const known = target.filter((item) => item !== -1);
  const shape = target.map((item) => (item === -1 ? size / elements(known) : item));
  const fits = elements(shape) === size && shape.every((item) => Number.isInteger(item) && item > 0);
  if (fits && target.length - known.length <= 1) return shape;
  throw layerProblem(layer, `cannot shape ${size} values as [${target.join(', ')}]`);
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

import {
  booleanSetting,
  checkSize,
  featureMap,
  type LayerGraph,
  type LayerWriter,
  layerProblem,
  type NetworkTensor,
  numberSetting,
  pairSetting,
  scalar,
  stringSetting,
  type WeightedLayer,
} from '../layer.ts';
import { interpolation } from './interpolation.ts';
import { cropped } from './shape.ts';

type Size = [rows: number, columns: number];

export const RESIZING_LAYERS: Record<string, LayerWriter> = {
  Resizing: (layer, inputs, graph) => {
    const input = featureMap(layer, inputs);
    const size: Size = [numberSetting(layer, 'height'), numberSetting(layer, 'width')];
    return resizedAs(layer, input, size, graph);
  },
  UpSampling2D: (layer, inputs, graph) => {
    const input = featureMap(layer, inputs);
    const factors = pairSetting(layer, 'size', [2, 2]);
    const method = stringSetting(layer, 'interpolation', 'nearest');
    return resized(layer, input, [input.shape[0] * factors[0], input.shape[1] * factors[1]], { method }, graph);
  },
  /** The middle, or where there is less than that, the largest part of its aspect ratio, resized. */
  CenterCrop: (layer, inputs, graph) => {
    const input = featureMap(layer, inputs);
    const size: Size = [numberSetting(layer, 'height'), numberSetting(layer, 'width')];
    const [rows, columns] = input.shape;
    if (rows < size[0] || columns < size[1]) return resizedPart(layer, input, size, { method: 'bilinear' }, graph);
    return cropped(input, [Math.floor((rows - size[0]) / 2), Math.floor((columns - size[1]) / 2)], size, graph);
  },
  /** In inference Keras 2 resizes the largest part of the aspect ratio; Keras 3 did so first, and later nothing. */
  RandomCrop: (layer, inputs, graph) => {
    const input = featureMap(layer, inputs);
    const size: Size = [numberSetting(layer, 'height'), numberSetting(layer, 'width')];
    const [rows, columns] = input.shape;
    if (rows === size[0] && columns === size[1]) return input;
    if (layer.version < 3) return resizedPart(layer, input, size, { method: 'bilinear' }, graph);
    const what = `crops ${rows} x ${columns} to ${size.join(' x ')}`;
    throw layerProblem(layer, `${what}, which versions of Keras 3 do differently; leave it out of the saved model`);
  },
};

/** As the settings of Keras's Resizing say, whatever the size. */
export function resizedAs(layer: WeightedLayer, input: NetworkTensor, size: Size, graph: LayerGraph): NetworkTensor {
  const method = stringSetting(layer, 'interpolation', 'bilinear').toLowerCase();
  const resampling = { method, antialias: booleanSetting(layer, 'antialias', false) };
  if (booleanSetting(layer, 'crop_to_aspect_ratio', false)) return resizedPart(layer, input, size, resampling, graph);
  if (booleanSetting(layer, 'pad_to_aspect_ratio', false)) {
    if (stringSetting(layer, 'fill_mode', 'constant') !== 'constant') {
      throw layerProblem(layer, `has fill_mode ${layer.config.fill_mode}; only constant is read`);
    }
    const whole = padded(layer, input, size, numberSetting(layer, 'fill_value', 0), graph);
    return resized(layer, whole, size, resampling, graph);
  }
  return resized(layer, input, size, resampling, graph);
}

interface Resampling {
  method: string;
  antialias?: boolean;
}

/** @throws Problem where the method is not known or the size is not positive */
function resized(
  layer: WeightedLayer,
  input: NetworkTensor,
  size: Size,
  { method, antialias = false }: Resampling,
  graph: LayerGraph,
): NetworkTensor {
  if (!size.every((side) => Number.isInteger(side) && side > 0)) {
    throw layerProblem(layer, `has the size ${size.join(' x ')}; positive integers are expected`);
  }
  const [rows, columns, channels] = input.shape;
  if (rows === size[0] && columns === size[1]) return input;
  checkSize(layer, [...size, channels]);
  const places = [interpolation(method, rows, size[0], antialias), interpolation(method, columns, size[1], antialias)];
  const [alongRows, alongColumns] = places;
  if (!alongRows || !alongColumns) {
    throw layerProblem(layer, `has the interpolation '${method}', which is not supported`);
  }
  let { name } = input;
  if (method === 'nearest') {
    for (const [side, along] of [alongRows, alongColumns].entries()) {
      const sources = along.map(({ start }) => start);
      name = graph.node('Gather', [name, graph.constant([sources.length], sources)], { axis: 2 + side });
    }
  } else {
    const turned = { perm: [0, 1, 3, 2] };
    const byRows = [graph.node('Transpose', [name], turned), mixing(alongRows, rows, graph)];
    const narrow = graph.node('Transpose', [graph.node('MatMul', byRows)], turned);
    name = graph.node('MatMul', [narrow, mixing(alongColumns, columns, graph)]);
  }
  return { name, shape: [...size, channels] };
}

/** The matrix [inputs, outputs] of the weights. */
function mixing(places: readonly { start: number; weights: number[] }[], inputs: number, graph: LayerGraph): string {
  const values = new Float32Array(inputs * places.length);
  for (const [output, { start, weights }] of places.entries()) {
    for (const [i, weight] of weights.entries()) values[(start + i) * places.length + output] = weight;
  }
  return graph.constant([inputs, places.length], values);
}

/** The largest middle part of the size's aspect ratio, resized. */
function resizedPart(
  layer: WeightedLayer,
  input: NetworkTensor,
  size: Size,
  resampling: Resampling,
  graph: LayerGraph,
): NetworkTensor {
  const [rows, columns] = input.shape;
  const part: Size = [
    Math.max(1, Math.min(rows, proportional(columns, size[0], size[1]))),
    Math.max(1, Math.min(columns, proportional(rows, size[1], size[0]))),
  ];
  const start: Size = [Math.floor((rows - part[0]) / 2), Math.floor((columns - part[1]) / 2)];
  const isWhole = part[0] === rows && part[1] === columns;
  return resized(layer, isWhole ? input : cropped(input, start, part, graph), size, resampling, graph);
}

/** The image in the middle of a canvas of the size's aspect ratio. */
function padded(
  layer: WeightedLayer,
  input: NetworkTensor,
  size: Size,
  fill: number,
  graph: LayerGraph,
): NetworkTensor {
  const [rows, columns, channels] = input.shape;
  const top = Math.floor((Math.max(rows, proportional(columns, size[0], size[1])) - rows) / 2);
  const left = Math.floor((Math.max(columns, proportional(rows, size[1], size[0])) - columns) / 2);
  if (top === 0 && left === 0) return input;
  const shape = [rows + 2 * top, columns + 2 * left, channels];
  checkSize(layer, shape);
  const pads = graph.constant([8], [0, 0, top, left, 0, 0, top, left]);
  return { name: graph.node('Pad', [input.name, pads, scalar(graph, fill)]), shape };
}

/** length * numerator / denominator, without its fraction, in float32 as TensorFlow computes it. */
function proportional(length: number, numerator: number, denominator: number): number {
  return Math.trunc(Math.fround(Math.fround(length * numerator) / denominator));
}

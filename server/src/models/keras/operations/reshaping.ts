import { isRecord } from '../config-json.ts';
import { type LayerGraph, layerProblem, type NetworkTensor, numberSetting, scalar } from '../layer.ts';
import { concatenated } from '../layers/merge.ts';
import { filledShape, transposed } from '../layers/shape.ts';
import { elements, featureAxes, normalAxis, reshaped, storedAxes } from '../layout.ts';
import { taken } from './indexing.ts';
import { type OperationCall, type OperationWriter, tensorList, tensorOperand } from './operation.ts';

/** By the names of Keras 3's classes. */
export const RESHAPING_OPERATIONS: Record<string, OperationWriter> = {
  Identity: tensorOperand,
  StopGradient: tensorOperand,
  Copy: tensorOperand,
  ConvertToTensor: tensorOperand,
  Cast: (call) => {
    const { dtype } = call.layer.config;
    const name = isRecord(dtype) && isRecord(dtype.config) ? dtype.config.name : dtype;
    // Reduced precision is computed in float32.
    if (typeof name === 'string' && /float/.test(name)) return tensorOperand(call);
    throw layerProblem(call.layer, `casts to ${JSON.stringify(name)}; only floating point is supported`);
  },
  Reshape: (call, graph) => {
    const input = tensorOperand(call);
    const { newshape } = call.layer.config;
    if (!Array.isArray(newshape)) throw layerProblem(call.layer, `has the shape ${JSON.stringify(newshape)}`);
    const [batch, ...sizes] = newshape;
    const known = sizes.filter((size) => size !== -1);
    const keepsBatch = batch === null || (batch === -1 && elements(known) === elements(input.shape));
    if (keepsBatch) return reshaped(input, filledShape(call.layer, sizes, elements(input.shape)), graph);
    throw layerProblem(
      call.layer,
      `has the shape ${JSON.stringify(newshape)}, in which the batch is not the first size`,
    );
  },
  Transpose: (call, graph) => {
    const input = tensorOperand(call);
    const { axes } = call.layer.config;
    const rank = input.shape.length;
    const order = Array.isArray(axes) ? axes.map((axis) => normalAxis(call.layer, axis, rank)) : [];
    const isPermutation = order[0] === 0 && order.length === rank + 1 && new Set(order).size === rank + 1;
    if (isPermutation) return transposed(input, order.slice(1), graph);
    throw layerProblem(call.layer, `has axes ${JSON.stringify(axes)}; 0, the batch, and then all others are expected`);
  },
  Swapaxes: (call, graph) => {
    const input = tensorOperand(call);
    const { axis1, axis2 } = call.layer.config;
    const [first, second] = [axis1, axis2].map((axis) => featureAxes(call.layer, axis, input.shape.length)[0]);
    const order = input.shape.map((_, i) => i + 1);
    [order[first - 1], order[second - 1]] = [second, first];
    return transposed(input, order, graph);
  },
  Moveaxis: (call, graph) => {
    const input = tensorOperand(call);
    const { source, destination } = call.layer.config;
    const [from, to] = [source, destination].map((axis) => featureAxes(call.layer, axis, input.shape.length)[0]);
    const order = input.shape.map((_, i) => i + 1).filter((axis) => axis !== from);
    order.splice(to - 1, 0, from);
    return transposed(input, order, graph);
  },
  ExpandDims: (call, graph) => {
    const input = tensorOperand(call);
    const [axis] = featureAxes(call.layer, call.layer.config.axis, input.shape.length + 1);
    return reshaped(input, input.shape.toSpliced(axis - 1, 0, 1), graph);
  },
  Squeeze: (call, graph) => {
    const input = tensorOperand(call);
    const { axis } = call.layer.config;
    const all = input.shape.flatMap((size, i) => (size === 1 ? [i + 1] : []));
    const isAll = axis === null || axis === undefined || (Array.isArray(axis) && axis.length === 0);
    const axes = isAll ? all : featureAxes(call.layer, axis, input.shape.length);
    if (!axes.every((place) => all.includes(place))) {
      throw layerProblem(call.layer, `squeezes axis ${JSON.stringify(axis)} of [${input.shape.join(', ')}]`);
    }
    const shape = input.shape.filter((_, i) => !axes.includes(i + 1));
    return reshaped(input, shape, graph);
  },
  Concatenate: (call, graph) => concatenated(call.layer, tensorList(call), call.layer.config.axis ?? 0, graph),
  Stack: (call, graph) => {
    const tensors = tensorList(call);
    const [axis] = featureAxes(call.layer, call.layer.config.axis ?? 0, tensors[0].shape.length + 1);
    const parts = tensors.map((tensor) => reshaped(tensor, tensor.shape.toSpliced(axis - 1, 0, 1), graph));
    return concatenated(call.layer, parts, axis, graph);
  },
  Tile: (call, graph) => {
    const input = tensorOperand(call);
    const { repeats } = call.layer.config;
    const rank = input.shape.length;
    const isCounts = Array.isArray(repeats) && repeats.every((count) => Number.isInteger(count) && count > 0);
    if (!isCounts || repeats.length !== rank + 1 || repeats[0] !== 1) {
      throw layerProblem(call.layer, `has repeats ${JSON.stringify(repeats)} for ${rank + 1} dimensions`);
    }
    const counts = storedAxes(rank).map((axis) => Number(repeats[axis]));
    const shape = input.shape.map((size, i) => size * Number(repeats[i + 1]));
    return { name: graph.node('Tile', [input.name, graph.constant([rank + 1], counts)]), shape };
  },
  Repeat: (call, graph) => {
    const input = tensorOperand(call);
    const [axis] = featureAxes(call.layer, call.layer.config.axis, input.shape.length);
    const count = numberSetting(call.layer, 'repeats');
    const places = Array.from({ length: input.shape[axis - 1] * count }, (_, i) => Math.floor(i / count));
    return taken(call.layer, input, axis, places, graph);
  },
  Flip: (call, graph) => {
    const input = tensorOperand(call);
    const axes = featureAxes(call.layer, call.layer.config.axis, input.shape.length);
    return axes.reduce((flipped, axis) => {
      const size = flipped.shape[axis - 1];
      return taken(
        call.layer,
        flipped,
        axis,
        Array.from({ length: size }, (_, i) => size - 1 - i),
        graph,
      );
    }, input);
  },
  Pad: padded,
  Split: (call, graph) => {
    const input = tensorOperand(call);
    const { indices_or_sections: sections, sizes } = call.layer.config;
    const [axis] = featureAxes(call.layer, call.layer.config.axis ?? 0, input.shape.length);
    const total = input.shape[axis - 1];
    const borders = bordersOf(call, sections, sizes, total);
    return borders.slice(1).map((end, i) => {
      const places = Array.from({ length: end - borders[i] }, (_, place) => borders[i] + place);
      return taken(call.layer, input, axis, places, graph);
    });
  },
};

/** Where the parts begin and end: a number of parts, places to cut at (Keras) or sizes (TensorFlow). */
function bordersOf(call: OperationCall, sections: unknown, sizes: unknown, total: number): number[] {
  const numbers = (value: unknown): value is number[] => Array.isArray(value) && value.every(Number.isInteger);
  let borders: number[] = [];
  if (typeof sections === 'number') borders = Array.from({ length: sections + 1 }, (_, i) => (i * total) / sections);
  else if (numbers(sections)) borders = [0, ...sections, total];
  else if (numbers(sizes)) borders = [0, ...sizes.map((_, i) => sumUpTo(sizes, i))];
  const isRight = borders.every((border, i) => Number.isInteger(border) && (i === 0 || border > borders[i - 1]));
  if (isRight && borders.length > 1 && borders[borders.length - 1] === total) return borders;
  throw layerProblem(call.layer, `splits ${total} into ${JSON.stringify(sections ?? sizes)}`);
}

function sumUpTo(sizes: readonly number[], last: number): number {
  return sizes.slice(0, last + 1).reduce((sum, size) => sum + size, 0);
}

/** With a constant, or by reflection, with the border itself ('symmetric') or without ('reflect'). */
function padded(call: OperationCall, graph: LayerGraph): NetworkTensor {
  const input = tensorOperand(call);
  const rank = input.shape.length;
  const { pad_width: width, mode = 'constant' } = call.layer.config;
  const pairs: unknown[] = Array.isArray(width) ? width : [];
  const sides = pairs.map((pair) => (Array.isArray(pair) ? pair.map(Number) : []));
  const isRight = sides.every((pair) => pair.length === 2 && pair.every((size) => Number.isInteger(size) && size >= 0));
  if (!isRight || sides.length !== rank + 1 || sides[0].some((size) => size > 0)) {
    throw layerProblem(call.layer, `has pad_width ${JSON.stringify(width)} for ${rank + 1} dimensions`);
  }
  const kind = String(mode).toLowerCase();
  if (kind === 'constant') {
    const order = storedAxes(rank);
    const pads = [0, 1].flatMap((end) => order.map((axis) => sides[axis][end]));
    const fill = scalar(graph, numberSetting(call.layer, 'constant_values', 0));
    const name = graph.node('Pad', [input.name, graph.constant([pads.length], pads), fill]);
    return { name, shape: input.shape.map((size, i) => size + sides[i + 1][0] + sides[i + 1][1]) };
  }
  if (kind !== 'reflect' && kind !== 'symmetric') {
    throw layerProblem(call.layer, `has mode ${JSON.stringify(mode)}, which is not supported`);
  }
  return sides.slice(1).reduce((result, [before, after], i) => {
    if (before + after === 0) return result;
    const size = result.shape[i];
    const places = Array.from({ length: before + size + after }, (_, place) => mirrored(place - before, size, kind));
    return taken(call.layer, result, i + 1, places, graph);
  }, input);
}

function mirrored(place: number, size: number, kind: 'reflect' | 'symmetric'): number {
  const border = kind === 'symmetric' ? 1 : 0;
  if (place < 0) return -place - border;
  return place >= size ? 2 * size - 2 + border - place : place;
}

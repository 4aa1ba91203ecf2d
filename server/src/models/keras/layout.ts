import { type LayerGraph, layerProblem, type NetworkTensor, scalar, type WeightedLayer } from './layer.ts';

/**
 * Where Keras's dimensions are in the graph. There a feature map, of three dimensions beside the batch, has its
 * channels before rows and columns; everything else is as in Keras. Axes are counted as in Keras: 0 is the batch.
 */

/** The Keras axis that each dimension of the graph's tensor holds. @param rank dimensions without the batch */
export function storedAxes(rank: number): number[] {
  return rank === 3 ? [0, 3, 1, 2] : Array.from({ length: rank + 1 }, (_, axis) => axis);
}

/** The graph's dimension that holds a Keras axis. */
export function storedAxis(rank: number, axis: number): number {
  return storedAxes(rank).indexOf(axis);
}

/** The axis from 0 to rank, the batch counted. @throws Problem where it is none of the tensor's */
export function normalAxis(layer: WeightedLayer, axis: unknown, rank: number): number {
  const normal = typeof axis === 'number' && axis < 0 ? axis + rank + 1 : axis;
  if (typeof normal === 'number' && Number.isInteger(normal) && normal >= 0 && normal <= rank) return normal;
  throw layerProblem(layer, `has axis ${JSON.stringify(axis)} for ${rank + 1} dimensions`);
}

/** Several axes, or one, in ascending order and none of them the batch. */
export function featureAxes(layer: WeightedLayer, axes: unknown, rank: number): number[] {
  const list: unknown[] = Array.isArray(axes) ? axes : [axes];
  const normal = [...new Set(list.map((axis) => normalAxis(layer, axis, rank)))].sort((a, b) => a - b);
  if (normal[0] === 0) throw layerProblem(layer, 'works along the batch, so one patch would change another');
  return normal;
}

export function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Whether the graph holds the values in the same order as Keras does. */
function isInOrder(shape: readonly number[]): boolean {
  return shape.length !== 3 || shape[0] * shape[1] === 1 || shape[2] === 1;
}

/** The tensor with its dimensions as in Keras. */
export function kerasOrder({ name, shape }: NetworkTensor, graph: LayerGraph): string {
  return shape.length === 3 ? graph.node('Transpose', [name], { perm: [0, 2, 3, 1] }) : name;
}

/** A tensor of the graph whose dimensions are as in Keras. */
export function fromKerasOrder(name: string, shape: readonly number[], graph: LayerGraph): NetworkTensor {
  return { name: shape.length === 3 ? graph.node('Transpose', [name], { perm: [0, 3, 1, 2] }) : name, shape };
}

/** The same values in Keras's order under another shape, which holds as many. */
export function reshaped(input: NetworkTensor, shape: readonly number[], graph: LayerGraph): NetworkTensor {
  const alike = shape.length === input.shape.length && shape.every((size, i) => size === input.shape[i]);
  if (alike) return input;
  const values = isInOrder(input.shape) ? input.name : kerasOrder(input, graph);
  const reshape = (sizes: readonly number[]) =>
    graph.node('Reshape', [values, graph.constant([sizes.length + 1], [-1, ...sizes])]);
  if (!isInOrder(shape)) return fromKerasOrder(reshape(shape), shape, graph);
  return { name: reshape(storedShape(shape)), shape };
}

/** Sizes, without the batch, in the graph's order. */
function storedShape(shape: readonly number[]): number[] {
  return storedAxes(shape.length)
    .slice(1)
    .map((axis) => shape[axis - 1]);
}

/**
 * A tensor of the graph whose dimensions hold other Keras axes than they should, put right.
 *
 * @param held the Keras axis that each dimension of `name` holds, of those that the result has
 */
export function arranged(
  name: string,
  held: readonly number[],
  shape: readonly number[],
  graph: LayerGraph,
): NetworkTensor {
  const perm = storedAxes(shape.length).map((axis) => held.indexOf(axis));
  const isRight = perm.every((dimension, i) => dimension === i);
  return { name: isRight ? name : graph.node('Transpose', [name], { perm }), shape };
}

/** An array of constants in Keras's order. */
export interface ConstantArray {
  shape: readonly number[];
  values: Float32Array;
}

/**
 * A constant that broadcasts, as NumPy has it, against a tensor of `rank` dimensions beside the batch.
 *
 * @param array of at most `rank` dimensions
 */
export function broadcastConstant({ shape, values }: ConstantArray, rank: number, graph: LayerGraph): string {
  if (values.length === 1) return scalar(graph, values[0]);
  if (rank !== 3) return graph.constant(shape, values);
  const sizes = [...new Array<number>(3 - shape.length).fill(1), ...shape];
  const order = [2, 0, 1];
  return graph.constant(
    order.map((axis) => sizes[axis]),
    permutedValues(values, sizes, order),
  );
}

/**
 * A constant that varies along some axes of a tensor.
 *
 * @param axes ascending, the batch not among them
 * @param values as many as the product of those axes' sizes, or one
 */
export function constantAlong(
  axes: readonly number[],
  input: NetworkTensor,
  values: Float32Array,
  graph: LayerGraph,
): string {
  const shape = input.shape.map((size, i) => (axes.includes(i + 1) ? size : 1));
  return broadcastConstant({ shape, values }, input.shape.length, graph);
}

/** Values of an array with its dimensions in another order. */
function permutedValues(values: Float32Array, shape: readonly number[], order: readonly number[]): Float32Array {
  const steps = shape.map((_, axis) => elements(shape.slice(axis + 1)));
  const sizes = order.map((axis) => shape[axis]);
  const moves = order.map((axis) => steps[axis]);
  const result = new Float32Array(values.length);
  const position = new Array<number>(order.length).fill(0);
  let from = 0;
  for (let to = 0; to < result.length; to++) {
    result[to] = values[from];
    for (let axis = order.length - 1; axis >= 0; axis--) {
      from += moves[axis];
      if (++position[axis] < sizes[axis]) break;
      from -= moves[axis] * sizes[axis];
      position[axis] = 0;
    }
  }
  return result;
}

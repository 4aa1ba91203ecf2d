import type { Order, Tensor, Tf, Value } from './value.ts';

/** Dimension of the logical [N, C, H, W] that each physical dimension of a channels-last tensor holds. */
const LOGICAL_OF_PHYSICAL: readonly number[] = [0, 2, 3, 1];
/** Where a channels-last tensor holds each logical dimension. */
const PHYSICAL_OF_LOGICAL: readonly number[] = [0, 3, 1, 2];

/** The shape as the graph sees it, whatever the tensor's order. */
export function shapeOf(value: Value): readonly number[] {
  if (value.kind === 'host') return value.shape;
  const shape: readonly number[] = value.tensor.shape;
  return value.order === 'logical' ? shape : PHYSICAL_OF_LOGICAL.map((axis) => shape[axis]);
}

/** The tensor's dimension for a logical one. */
export function physicalAxis(order: Order, axis: number): number {
  return order === 'logical' ? axis : PHYSICAL_OF_LOGICAL[axis];
}

/** One entry for each dimension, put into the order of the tensor's dimensions. */
export function physicalOrder<T>(order: Order, logical: readonly T[]): T[] {
  return order === 'logical' ? [...logical] : LOGICAL_OF_PHYSICAL.map((axis) => logical[axis]);
}

/** A tensor's dimensions in another order; what only moves dimensions of 1 moves no data. */
export function permuted(tf: Tf, tensor: Tensor, permutation: readonly number[]): Tensor {
  const shape = permutation.map((axis) => tensor.shape[axis]);
  const long = permutation.filter((axis) => tensor.shape[axis] !== 1);
  const moves = long.some((axis, i) => i > 0 && axis < long[i - 1]);
  if (moves) return tf.transpose(tensor, [...permutation]);
  return permutation.every((axis, i) => axis === i) ? tensor : tf.reshape(tensor, shape);
}

export function toLogical(tf: Tf, tensor: Tensor, order: Order): Tensor {
  return order === 'logical' ? tensor : permuted(tf, tensor, PHYSICAL_OF_LOGICAL);
}

/** @param tensor in logical order, of at most 4 dimensions; missing ones come first, as broadcasting has it */
export function toChannelsLast(tf: Tf, tensor: Tensor): Tensor {
  const ones = new Array<number>(4 - tensor.rank).fill(1);
  const full = ones.length > 0 ? tf.reshape(tensor, [...ones, ...tensor.shape]) : tensor;
  return permuted(tf, full, LOGICAL_OF_PHYSICAL);
}

/**
 * How to hold the result of a logical Transpose: in which order no data need move, if in any.
 *
 * @returns the permutation of the tensor's own dimensions, and the order of the result
 */
export function transposition(order: Order, permutation: readonly number[]): { physical: number[]; order: Order } {
  const physical = permutation.map((axis) => physicalAxis(order, axis));
  if (permutation.length !== 4 || isIdentity(physical)) return { physical, order: 'logical' };
  const channelsLast = LOGICAL_OF_PHYSICAL.map((axis) => physical[axis]);
  if (isIdentity(channelsLast)) return { physical: channelsLast, order: 'channels-last' };
  return { physical, order: 'logical' };
}

function isIdentity(permutation: readonly number[]): boolean {
  return permutation.every((axis, i) => axis === i);
}

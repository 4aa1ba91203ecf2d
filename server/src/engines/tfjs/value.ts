import type * as core from '@tensorflow/tfjs-core';

/** The functions of one copy of TensorFlow.js with its backend; tensors of two copies do not mix. */
export type Tf = typeof core;
export type Tensor = core.Tensor;
export type Tensor1D = core.Tensor1D;
export type Tensor4D = core.Tensor4D;

/** What passes between the nodes of a graph. */
export type Value = DeviceValue | HostValue;

/**
 * Numbers in the backend. A value of rank 4 is logically [N, C, H, W] or whatever the graph says; `channels-last` means
 * that its tensor holds the dimensions in the order 0, 2, 3, 1, which is how convolutions want them.
 */
interface DeviceValue {
  kind: 'device';
  tensor: Tensor;
  order: Order;
}

export type Order = 'logical' | 'channels-last';

/** Numbers in JavaScript: constants, and shapes with the arithmetic on them, for which the backend has no 64 bits. */
export interface HostValue {
  kind: 'host';
  type: HostType;
  shape: readonly number[];
  /** Made anew at every call where they are many, so that nobody holds them twice. */
  read(): Numbers;
}

/** float32 also stands for float16 and double, int64 for all integers; booleans are 0 and 1. */
export type HostType = 'float32' | 'int64' | 'bool';

/** int64 as doubles, exact up to 2^53, and what lies beyond only ever means 'to the end'; or as bytes, of patches. */
export type Numbers = Float32Array | Float64Array | Uint8Array;

/** The backend's type for each of ours. */
export const DEVICE_TYPE = { float32: 'float32', int64: 'int32', bool: 'bool' } as const;

export function deviceValue(tensor: Tensor, order: Order = 'logical'): DeviceValue {
  return { kind: 'device', tensor, order };
}

/** @param numbers as many as the shape says */
export function hostValue(type: HostType, shape: readonly number[], numbers: ArrayLike<number>): HostValue {
  const values = type === 'float32' ? new Float32Array(numbers) : new Float64Array(numbers);
  return { kind: 'host', type, shape, read: () => values };
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** @throws RangeError where the axis is none of `rank` dimensions */
export function normalAxis(axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || normal < 0 || normal >= rank) {
    throw new RangeError(`axis ${axis} of ${rank} dimensions`);
  }
  return normal;
}

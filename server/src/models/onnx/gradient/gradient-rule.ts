import { inputName } from '../node.ts';
import { integersAttribute, type NodeProto } from '../proto.ts';
import type { TensorValues } from '../tensor-values.ts';
import type { GradientWriter } from './gradient-writer.ts';

/** One node on the way back from the logits. */
export interface GradientStep {
  node: NodeProto;
  writer: GradientWriter;
  /** Gradient of the logits by the node's output, [classes, images or 1, ...shape]. */
  gradient: string;
  /** Which of the node's outputs. */
  output: number;
  /** Whether `gradient` is the identity that the way back begins with: 1 for each logit by itself. */
  isIdentity: boolean;
  /** Whether an input depends on the image. */
  depends(index: number): boolean;
  /** Sizes of an input or, by name, of any tensor: without the images where it depends on them, else all. */
  shape(input: number | string): readonly number[];
  /** A tensor's values in float32. */
  value(tensor: string): string;
  /** Numbers of an input that is the same for every image. @throws Unsupported where it is not stored as numbers */
  constant(index: number): TensorValues;
}

/**
 * The gradient by each input from that by the output: the chain rule for one operator. Null, or nothing, for an input by
 * which there is none (conditions, shapes, constants).
 *
 * @throws Unsupported
 */
export type GradientRule = (step: GradientStep) => readonly (string | null)[];

/** A node whose gradient is not written; the message continues 'layer NAME ...'. */
export class Unsupported extends Error {}

export function outputName({ node, output }: GradientStep): string {
  return node.output?.[output] ?? '';
}

/** Sums a gradient over what was broadcast: from the shape of the output to that of an input of as many dimensions. */
export function unbroadcast(step: GradientStep, gradient: string, index: number): string {
  const from = step.shape(outputName(step));
  const to = step.shape(index);
  if (to.length !== from.length) throw new Unsupported('combines tensors of different numbers of dimensions');
  const axes = to.flatMap((size, axis) => (size === 1 && from[axis] !== 1 ? [axis + 2] : []));
  return axes.length === 0 ? gradient : step.writer.sum(gradient, axes);
}

/** An axis as a dimension of one image's tensor, counted from 0; the axis of the images is none. */
export function imageAxis(axis: number, dimensions: number): number {
  const found = (axis < 0 ? axis + dimensions + 1 : axis) - 1;
  if (found >= 0 && found < dimensions) return found;
  throw new Unsupported('mixes the images of a batch');
}

/** `axes`, an attribute or from some opset on an input; null where the node has none. */
export function axesOf(step: GradientStep): number[] | null {
  const attribute = integersAttribute(step.node, 'axes');
  if (attribute) return attribute;
  return inputName(step.node, 1) === '' ? null : Array.from(step.constant(1).values);
}

export function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}

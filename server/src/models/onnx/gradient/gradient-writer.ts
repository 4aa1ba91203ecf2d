import { type AttributeValue, DATA_TYPE, makeNode, makeTensor, type NodeProto, type TensorProto } from '../proto.ts';

/**
 * Writes the nodes of a gradient after those of the network, in operators that mean the same in every opset from 7 on.
 * Gradients have the shape [classes, images, ...of the tensor]; `images` is 1 where all images have the same gradient.
 * With the classes first, a network's own tensor [images, ...] broadcasts against its gradient as it is.
 */
export class GradientWriter {
  readonly nodes: NodeProto[] = [];
  readonly constants: TensorProto[] = [];
  readonly classes: number;
  readonly opset: number;
  private readonly prefix: string;

  /** @param prefix of the names, so that none is one of the network's own */
  constructor(prefix: string, classes: number, opset: number) {
    this.prefix = prefix;
    this.classes = classes;
    this.opset = opset;
  }

  node(operator: string, inputs: readonly string[], attributes: Readonly<Record<string, AttributeValue>> = {}): string {
    const output = `${this.prefix}${operator}:${this.nodes.length}`;
    this.nodes.push(makeNode(operator, inputs, output, attributes));
    return output;
  }

  /** Float32 for a Float32Array, int64 for a list. */
  constant(shape: readonly number[], values: Float32Array | readonly number[]): string {
    const name = `${this.prefix}constant:${this.constants.length}`;
    this.constants.push(makeTensor(name, shape, values));
    return name;
  }

  scalar(value: number): string {
    return this.constant([], Float32Array.of(value));
  }

  filled(shape: readonly number[], value: number): string {
    return this.constant(shape, new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(value));
  }

  add(a: string, b: string): string {
    return this.node('Add', [a, b]);
  }

  subtract(a: string, b: string): string {
    return this.node('Sub', [a, b]);
  }

  multiply(a: string, b: string): string {
    return this.node('Mul', [a, b]);
  }

  divide(a: string, b: string): string {
    return this.node('Div', [a, b]);
  }

  toFloat(tensor: string): string {
    return this.node('Cast', [tensor], { to: DATA_TYPE.float });
  }

  /** 1 where a > b, else 0. */
  greater(a: string, b: string): string {
    return this.toFloat(this.node('Greater', [a, b]));
  }

  /** 1 where a < b, else 0. */
  less(a: string, b: string): string {
    return this.toFloat(this.node('Less', [a, b]));
  }

  /** 1 - a. */
  oneMinus(a: string): string {
    return this.subtract(this.scalar(1), a);
  }

  reshape(tensor: string, shape: readonly number[]): string {
    return this.node('Reshape', [tensor, this.constant([shape.length], shape)]);
  }

  /** A gradient in another shape of its tensor. */
  reshapeGradient(gradient: string, shape: readonly number[]): string {
    return this.reshape(gradient, [this.classes, -1, ...shape]);
  }

  /** Classes and images as one dimension, before operators that know of one only. */
  asBatch(gradient: string, shape: readonly number[]): string {
    return this.reshape(gradient, [-1, ...shape]);
  }

  /** Sums along axes, which stay as 1. */
  sum(tensor: string, axes: readonly number[]): string {
    // Version 13 made the axes an input.
    if (this.opset < 13) return this.node('ReduceSum', [tensor], { axes, keepdims: 1 });
    return this.node('ReduceSum', [tensor, this.constant([axes.length], axes)], { keepdims: 1 });
  }

  transpose(tensor: string, perm: readonly number[]): string {
    return this.node('Transpose', [tensor], { perm });
  }

  /** The parts of a tensor at some positions along an axis, in their order. */
  take(tensor: string, axis: number, positions: readonly number[]): string {
    return this.node('Gather', [tensor, this.constant([positions.length], positions)], { axis });
  }

  /** The opposite of `take`: its parts at these positions, each there once, of `size`; 0 elsewhere. */
  place(tensor: string, axis: number, positions: readonly number[], size: number): string {
    const zero = this.multiply(this.take(tensor, axis, [0]), this.scalar(0));
    const source = new Map(positions.map((position, i) => [position, i]));
    const extended = this.node('Concat', [tensor, zero], { axis });
    const order = Array.from({ length: size }, (_, position) => source.get(position) ?? positions.length);
    return this.take(extended, axis, order);
  }
}

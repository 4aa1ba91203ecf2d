import type { GraphView } from './graph-view.ts';
import { afterProduct, afterScale, type LinearForm, selected } from './linear-form.ts';
import { inputName, operator } from './node.ts';
import { floatAttribute, integerAttribute, integersAttribute, type NodeProto } from './proto.ts';
import { fromFront } from './sizes.ts';
import type { TensorValues } from './tensor-values.ts';

/** A node that is linear in one of its inputs, all others being constants. */
interface LinearNode {
  input: string;
  /** Null where the constants do not fit the form. */
  apply(form: LinearForm): LinearForm | null;
}

/**
 * What a node does to values of one for each channel; null for a node that is not linear, or where more than one input
 * depends on the image. Also of use on maps, cell by cell, where a 1 x 1 convolution or a product is over channels.
 */
export function linearNode(graph: GraphView, node: NodeProto): LinearNode | null {
  switch (operator(node)) {
    case 'Gemm':
      return gemm(graph, node);
    case 'MatMul':
      return matMul(graph, node);
    case 'Conv':
      return cellConvolution(graph, node);
    case 'Add':
    case 'Sub':
    case 'Mul':
    case 'Div':
      return arithmetic(graph, node, operator(node));
    case 'Neg':
      return { input: inputName(node, 0), apply: (form) => afterScale(form, [-1], [0]) };
    case 'BatchNormalization':
      return batchNormalization(graph, node);
    case 'Gather':
    case 'Slice':
      return selection(graph, node);
    default:
      return null;
  }
}

function gemm(graph: GraphView, node: NodeProto): LinearNode | null {
  const matrix = graph.constant(inputName(node, 1));
  const offset = node.input?.[2] ? graph.constant(inputName(node, 2)) : undefined;
  if (matrix?.shape.length !== 2 || offset === null || integerAttribute(node, 'transA', 0) !== 0) return null;
  const alpha = floatAttribute(node, 'alpha', 1);
  const beta = floatAttribute(node, 'beta', 1);
  const rows = integerAttribute(node, 'transB', 0) ? matrix : turned(matrix);
  const weights = alpha === 1 ? rows.values : rows.values.map((weight) => alpha * weight);
  const bias = biasOf(offset?.values, rows.shape[0], beta);
  return bias && { input: inputName(node, 0), apply: (form) => afterProduct(form, weights, bias) };
}

/** x W with W of shape [channels, outputs], or W x with W of shape [outputs, channels]. */
function matMul(graph: GraphView, node: NodeProto): LinearNode | null {
  const second = graph.constant(inputName(node, 1));
  const matrix = second ?? graph.constant(inputName(node, 0));
  if (matrix?.shape.length !== 2) return null;
  const rows = second ? turned(second) : matrix;
  const bias = new Float64Array(rows.shape[0]);
  return { input: inputName(node, second ? 0 : 1), apply: (form) => afterProduct(form, rows.values, bias) };
}

/** A convolution of single cells: of a pooled map any, of others where no padding adds cells. */
function cellConvolution(graph: GraphView, node: NodeProto): LinearNode | null {
  const kernel = graph.constant(inputName(node, 1));
  const offset = node.input?.[2] ? graph.constant(inputName(node, 2)) : undefined;
  const plain = (name: string, value: number) => (integersAttribute(node, name) ?? []).every((item) => item === value);
  if (kernel?.shape.length !== 4 || offset === null || !plain('pads', 0) || !plain('strides', 1)) return null;
  const [outputs, channels, rows, columns] = kernel.shape;
  if (rows !== 1 || columns !== 1) return null;
  const weights = ungrouped(kernel.values, outputs, channels, integerAttribute(node, 'group', 1));
  const bias = biasOf(offset?.values, outputs, 1);
  if (!weights || !bias) return null;
  return { input: inputName(node, 0), apply: (form) => afterProduct(form, weights, bias) };
}

/** Weights over all channels of a convolution in groups, which sees a part of them for each output. */
function ungrouped(values: Float32Array, outputs: number, channels: number, groups: number): Float32Array | null {
  if (groups === 1) return values;
  const perGroup = outputs / groups;
  if (!Number.isInteger(perGroup) || outputs * channels * groups > MOST_UNGROUPED) return null;
  const weights = new Float32Array(outputs * channels * groups);
  for (let c = 0; c < outputs; c++) {
    const group = Math.floor(c / perGroup);
    weights.set(values.subarray(c * channels, (c + 1) * channels), (c * groups + group) * channels);
  }
  return weights;
}

const MOST_UNGROUPED = 1 << 26;

/** A constant added, subtracted, multiplied or divided by; one for each value, or one for all. */
function arithmetic(graph: GraphView, node: NodeProto, name: string): LinearNode | null {
  const second = graph.constant(inputName(node, 1));
  const constant = second ?? graph.constant(inputName(node, 0));
  if (!constant || (!second && name === 'Div') || !isPerChannel(constant)) return null;
  const { values } = constant;
  const sign = second ? 1 : -1;
  return {
    input: inputName(node, second ? 0 : 1),
    apply(form) {
      if (name === 'Add') return afterScale(form, [1], values);
      // x - c, or c - x.
      if (name === 'Sub') return afterScale(form, [sign], second ? values.map((value) => -value) : values);
      return afterScale(form, name === 'Mul' ? values : values.map((value) => 1 / value), [0]);
    },
  };
}

/** Whether all dimensions but one are of size 1. */
function isPerChannel({ shape, values }: TensorValues): boolean {
  return shape.every((size) => size === 1 || size === values.length);
}

function batchNormalization(graph: GraphView, node: NodeProto): LinearNode | null {
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((i) => graph.constant(inputName(node, i))?.values);
  if (!gamma || !beta || !mean || !variance) return null;
  if ([beta, mean, variance].some(({ length }) => length !== gamma.length)) return null;
  const epsilon = floatAttribute(node, 'epsilon', 1e-5);
  const scale = Float64Array.from(gamma, (g, i) => g / Math.sqrt(variance[i] + epsilon));
  const shift = Float64Array.from(beta, (b, i) => b - mean[i] * scale[i]);
  return { input: inputName(node, 0), apply: (form) => afterScale(form, scale, shift) };
}

/** Some of the values, as where a class is left out; or all of them, out of a dimension of size 1. */
function selection(graph: GraphView, node: NodeProto): LinearNode | null {
  const input = inputName(node, 0);
  const sizes = graph.shape(input);
  const { axis, from } = operator(node) === 'Gather' ? gathered(graph, node) : sliced(graph, node);
  if (!sizes || axis === null || !from) return null;
  const along = fromFront(axis, sizes.length);
  const size = sizes[along];
  const others = sizes.filter((_, i) => i !== 0 && i !== along);
  if (along === 0 || size === null || size === undefined) return null;
  const numbers = from(size);
  if (size === 1) return numbers.length === 1 ? { input, apply: (form) => form } : null;
  return others.every((other) => other === 1) ? { input, apply: (form) => selected(form, numbers) } : null;
}

interface Selection {
  axis: number | null;
  /** The numbers that are taken out of so many. */
  from?: (size: number) => number[];
}

function gathered(graph: GraphView, node: NodeProto): Selection {
  const indices = graph.constant(inputName(node, 1));
  if (!indices) return { axis: null };
  const from = (size: number) => Array.from(indices.values, (index) => fromFront(index, size));
  return { axis: integerAttribute(node, 'axis', 0), from };
}

function sliced(graph: GraphView, node: NodeProto): Selection {
  const list = (name: string, index: number) => integersAttribute(node, name) ?? graph.integers(inputName(node, index));
  const [starts, ends, axes] = [list('starts', 1), list('ends', 2), list('axes', 3) ?? [0]];
  const [start = null] = starts ?? [];
  const [end = null] = ends ?? [];
  const plain = (list('steps', 4) ?? [1]).every((step) => step === 1);
  if (start === null || end === null || starts?.length !== 1 || !plain) return { axis: null };
  return { axis: axes[0], from: (size) => Array.from({ length: size }, (_, i) => i).slice(start, end) };
}

/** A matrix with rows and columns exchanged. */
function turned({ shape: [rows, columns], values }: TensorValues): TensorValues {
  const result = new Float32Array(values.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) result[c * rows + r] = values[r * columns + c];
  return { shape: [columns, rows], values: result };
}

function biasOf(values: Float32Array | undefined, outputs: number, factor: number): Float64Array | null {
  if (!values) return new Float64Array(outputs);
  if (values.length !== outputs && values.length !== 1) return null;
  return Float64Array.from({ length: outputs }, (_, i) => factor * values[values.length === 1 ? 0 : i]);
}

import { Problem } from '../../errors.ts';
import { type GraphView, inputName, operator } from './graph-view.ts';
import { floatAttribute, integerAttribute, type NodeProto } from './proto.ts';

/** y = weights x + bias; weights of shape [outputs, channels]. */
export interface AffineMap {
  outputs: number;
  channels: number;
  weights: Float32Array;
  bias: Float32Array;
}

export interface LinearStep {
  map: AffineMap;
  input: string;
}

/** One linear node in front of what is known of the map; null for any other node. */
export function linearStep(graph: GraphView, node: NodeProto, after: AffineMap | null): LinearStep | null {
  switch (operator(node)) {
    case 'Gemm':
      return gemm(graph, node, after);
    case 'MatMul':
      return product(graph, node, after, 0);
    case 'Conv':
      return cellConvolution(graph, node, after);
    case 'Add':
    case 'Sub':
    case 'Mul':
    case 'Div':
      return arithmetic(graph, node, after);
    case 'BatchNormalization':
      return batchNormalization(graph, node, after);
    default:
      return null;
  }
}

function gemm(graph: GraphView, node: NodeProto, after: AffineMap | null): LinearStep | null {
  if (integerAttribute(node, 'transA', 0) !== 0) return null;
  const step = product(graph, node, null, integerAttribute(node, 'transB', 0));
  if (!step) return null;
  const { map, input } = step;
  const alpha = floatAttribute(node, 'alpha', 1);
  const beta = floatAttribute(node, 'beta', 1);
  const offset = node.input?.[2] ? graph.constant(inputName(node, 2)) : undefined;
  if (offset === null) return null;
  const bias = offset ? spread(offset.values, map.outputs) : new Float32Array(map.outputs);
  if (!bias) return null;
  const scaled = { ...map, weights: map.weights.map((w) => alpha * w), bias: bias.map((b) => beta * b) };
  return { map: compose(after, scaled), input };
}

/** A product with a constant matrix [channels, outputs]; transposed where the file says so. */
function product(graph: GraphView, node: NodeProto, after: AffineMap | null, transposed: number): LinearStep | null {
  const matrix = graph.constant(inputName(node, 1));
  if (matrix?.shape.length !== 2) return null;
  const [outputs, channels] = transposed ? matrix.shape : [matrix.shape[1], matrix.shape[0]];
  const weights = transposed ? matrix.values : new Float32Array(matrix.values.length);
  if (!transposed) {
    for (let k = 0; k < channels; k++) {
      for (let c = 0; c < outputs; c++) weights[c * channels + k] = matrix.values[k * outputs + c];
    }
  }
  const map = { outputs, channels, weights, bias: new Float32Array(outputs) };
  return { map: compose(after, map), input: inputName(node, 0) };
}

function cellConvolution(graph: GraphView, node: NodeProto, after: AffineMap | null): LinearStep | null {
  const kernel = graph.constant(inputName(node, 1));
  if (kernel?.shape.length !== 4 || integerAttribute(node, 'group', 1) !== 1) return null;
  const [outputs, channels, rows, columns] = kernel.shape;
  if (rows !== 1 || columns !== 1) return null;
  const offset = node.input?.[2] ? graph.constant(inputName(node, 2)) : undefined;
  if (offset === null) return null;
  const bias = offset?.values ?? new Float32Array(outputs);
  return { map: compose(after, { outputs, channels, weights: kernel.values, bias }), input: inputName(node, 0) };
}

/** A constant added, subtracted, multiplied or divided by; per output or one for all. */
function arithmetic(graph: GraphView, node: NodeProto, after: AffineMap | null): LinearStep | null {
  const name = operator(node);
  const second = graph.constant(inputName(node, 1));
  const first = second ? null : graph.constant(inputName(node, 0));
  const constant = second ?? first;
  if (!constant || (first && (name === 'Sub' || name === 'Div'))) return null;
  const input = inputName(node, second ? 0 : 1);
  const size = after?.channels ?? graph.outputsBefore(input) ?? constant.values.length;
  const values = spread(constant.values, size);
  if (!values) return null;
  const scale = new Float32Array(size).fill(1);
  const shift = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    if (name === 'Add') shift[i] = values[i];
    else if (name === 'Sub') shift[i] = -values[i];
    else scale[i] = name === 'Mul' ? values[i] : 1 / values[i];
  }
  return { map: compose(after, diagonal(scale, shift)), input };
}

function batchNormalization(graph: GraphView, node: NodeProto, after: AffineMap | null): LinearStep | null {
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((i) => graph.constant(inputName(node, i)));
  if (!gamma || !beta || !mean || !variance) return null;
  const epsilon = floatAttribute(node, 'epsilon', 1e-5);
  const scale = gamma.values.map((g, i) => g / Math.sqrt(variance.values[i] + epsilon));
  const shift = beta.values.map((b, i) => b - mean.values[i] * scale[i]);
  return { map: compose(after, diagonal(scale, shift)), input: inputName(node, 0) };
}

function diagonal(scale: Float32Array, shift: Float32Array): AffineMap {
  const size = scale.length;
  const weights = new Float32Array(size * size);
  for (let i = 0; i < size; i++) weights[i * size + i] = scale[i];
  return { outputs: size, channels: size, weights, bias: shift };
}

/** after(before(x)), summed in float64. */
function compose(after: AffineMap | null, before: AffineMap): AffineMap {
  if (!after) return before;
  const { outputs } = after;
  const { channels } = before;
  if (after.channels !== before.outputs) {
    const found = `${before.outputs} outputs is followed by one with ${after.channels} inputs`;
    throw new Problem('unreadable-model', `a layer with ${found}`);
  }
  const weights = new Float32Array(outputs * channels);
  const bias = new Float32Array(outputs);
  const row = new Float64Array(channels);
  for (let c = 0; c < outputs; c++) {
    row.fill(0);
    let shift = after.bias[c];
    for (let m = 0; m < before.outputs; m++) {
      const factor = after.weights[c * before.outputs + m];
      if (factor === 0) continue;
      shift += factor * before.bias[m];
      for (let k = 0; k < channels; k++) row[k] += factor * before.weights[m * channels + k];
    }
    weights.set(row, c * channels);
    bias[c] = shift;
  }
  return { outputs, channels, weights, bias };
}

function spread(values: Float32Array, size: number): Float32Array | null {
  if (values.length === size) return values;
  return values.length === 1 ? new Float32Array(size).fill(values[0]) : null;
}

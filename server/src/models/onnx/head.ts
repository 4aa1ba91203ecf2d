import { Problem } from '../../errors.ts';
import type { Activation } from '../model.ts';
import { layerTitle, type NetworkGraph } from './network-graph.ts';
import {
  floatAttribute,
  integerAttribute,
  integersAttribute,
  type NodeProto,
  type TensorValues,
  tensorValues,
} from './proto.ts';

/**
 * The end of a classifier with a class activation map (Zhou et al. 2016): logits = weights x mean of the CAM layer's
 * cells + bias. Because both are linear, the same weights applied to every cell give the map.
 */
export interface Head {
  /** What the network ends with after the logits; null where it ends with them. */
  activation: Activation | null;
  /** The tensor of logits, [N, outputs] or with 1 x 1 cells behind. */
  logits: string;
  /** The tensor of the CAM layer's feature maps. */
  features: string;
  layout: 'NCHW' | 'NHWC';
  outputs: number;
  channels: number;
  /** Shape [outputs, channels]. */
  weights: Float32Array;
  /** Shape [outputs]. */
  bias: Float32Array;
}

const ACTIVATIONS: Record<string, Activation> = { Softmax: 'softmax', LogSoftmax: 'softmax', Sigmoid: 'sigmoid' };

/** Operators that leave the values of a pooled feature map as they are, and in their order. */
const RESHAPING = new Set(['Identity', 'Dropout', 'Flatten', 'Reshape', 'Squeeze', 'Unsqueeze', 'Transpose', 'Cast']);

/**
 * Finds the head from the output backwards.
 *
 * @throws Problem `unreadable-model` naming the layer that makes an exact CAM impossible, and why
 */
export function findHead(network: NetworkGraph): Head {
  const graph = graphView(network);
  let tensor = network.output;
  let activation: Activation | null = null;
  let node = graph.producer(tensor);
  for (; node && (RESHAPING.has(operator(node)) || operator(node) in ACTIVATIONS); node = graph.producer(tensor)) {
    const found = ACTIVATIONS[operator(node)];
    if (found && activation) break;
    // Logits begin at the activation's input; what only reshapes them before it stays part of them.
    if (found) activation = found;
    else if (activation || !leadsToActivation(graph, tensor)) break;
    tensor = inputName(node, 0);
  }
  return linearHead(network, graph, tensor, activation);
}

function leadsToActivation(graph: GraphView, start: string): boolean {
  let node = graph.producer(start);
  while (node && RESHAPING.has(operator(node))) node = graph.producer(inputName(node, 0));
  return node !== undefined && operator(node) in ACTIVATIONS;
}

/** Walks from the logits to the pooling, composing what lies between into one linear map. */
function linearHead(network: NetworkGraph, graph: GraphView, logits: string, activation: Activation | null): Head {
  let map: AffineMap | null = null;
  let tensor = logits;
  for (;;) {
    const node = graph.producer(tensor);
    if (!node) throw refusal('the network has no global average pooling');
    const name = operator(node);
    const pooled = pooling(network, graph, node);
    if (pooled) {
      if (!map) throw refusal(`${layerTitle(network, node)} pools, but no Dense layer follows`);
      return { activation, logits, ...pooled, ...map };
    }
    if (!RESHAPING.has(name)) {
      const step = linearStep(graph, node, map);
      if (!step) throw refusal(reasonAgainst(network, node, map));
      map = step.map;
      tensor = step.input;
    } else {
      tensor = inputName(node, 0);
    }
  }
}

function reasonAgainst(network: NetworkGraph, node: NodeProto, map: AffineMap | null): string {
  const title = layerTitle(network, node);
  if (['GlobalMaxPool', 'ReduceMax'].includes(operator(node))) {
    return `${title} takes the maximum; only an average of the cells can be traced back to them`;
  }
  if (!map) return `${title} stands where a Dense layer, or softmax or sigmoid after one, is expected`;
  return `${title} lies before the last Dense layer, where global average pooling is expected`;
}

function refusal(reason: string): Problem {
  return new Problem(
    'unreadable-model',
    `no exact class activation map: ${reason} (it needs global average pooling followed by one linear layer, Zhou et al. 2016)`,
  );
}

/** y = weights x + bias; weights of shape [outputs, channels]. */
interface AffineMap {
  outputs: number;
  channels: number;
  weights: Float32Array;
  bias: Float32Array;
}

interface LinearStep {
  map: AffineMap;
  input: string;
}

/** One linear node in front of what is known of the map; null for any other node. */
function linearStep(graph: GraphView, node: NodeProto, after: AffineMap | null): LinearStep | null {
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
    throw refusal(`a layer with ${before.outputs} outputs is followed by one with ${after.channels} inputs`);
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

/** The mean over all cells, and the order of dimensions in which its input has them; null for any other node. */
function pooling(
  network: NetworkGraph,
  graph: GraphView,
  node: NodeProto,
): { features: string; layout: Head['layout'] } | null {
  const features = inputName(node, 0);
  switch (operator(node)) {
    case 'GlobalAveragePool':
    // A window that is not the whole map shows in the load check, which compares the mean over all cells.
    case 'AveragePool':
      return { features, layout: 'NCHW' };
    case 'ReduceMean': {
      const axes = (integersAttribute(node, 'axes') ?? Array.from(graph.constant(inputName(node, 1))?.values ?? []))
        .map((axis) => (axis < 0 ? axis + 4 : axis))
        .sort((a, b) => a - b)
        .join();
      if (axes === '2,3') return { features, layout: 'NCHW' };
      if (axes === '1,2') return { features, layout: 'NHWC' };
      throw refusal(`${layerTitle(network, node)} takes the mean along axes [${axes}], not over rows and columns`);
    }
    default:
      return null;
  }
}

interface GraphView {
  producer(tensor: string): NodeProto | undefined;
  /** The values of a tensor that is the same for every image; null where it is not, or not numbers. */
  constant(tensor: string): TensorValues | null;
  /** How many values the linear layer that makes a tensor has for each image, where one does. */
  outputsBefore(tensor: string): number | undefined;
}

function graphView({ proto }: NetworkGraph): GraphView {
  const producers = new Map<string, NodeProto>();
  for (const node of proto.node ?? []) for (const output of node.output ?? []) producers.set(output, node);
  const initializers = new Map((proto.initializer ?? []).map((tensor) => [tensor.name ?? '', tensor]));
  const constant = (tensor: string): TensorValues | null => {
    const initializer = initializers.get(tensor);
    if (initializer) return tensorValues(initializer);
    const node = producers.get(tensor);
    if (node && operator(node) === 'Identity') return constant(inputName(node, 0));
    const value =
      node && operator(node) === 'Constant' ? node.attribute?.find(({ name }) => name === 'value') : undefined;
    return value?.t ? tensorValues(value.t) : null;
  };
  const outputsBefore = (tensor: string): number | undefined => {
    const node = producers.get(tensor);
    if (!node) return undefined;
    if (RESHAPING.has(operator(node))) return outputsBefore(inputName(node, 0));
    const weights = constant(inputName(node, 1));
    if (operator(node) === 'Conv') return weights?.shape[0];
    if (operator(node) === 'Gemm') return weights?.shape[integerAttribute(node, 'transB', 0) ? 0 : 1];
    return operator(node) === 'MatMul' ? weights?.shape[1] : undefined;
  };
  return { producer: (tensor) => producers.get(tensor), constant, outputsBefore };
}

function operator(node: NodeProto): string {
  return node.opType ?? '';
}

function inputName(node: NodeProto, index: number): string {
  return node.input?.[index] ?? '';
}

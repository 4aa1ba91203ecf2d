import {
  type LayerGraph,
  type LayerWriter,
  layerProblem,
  type NetworkTensor,
  numberSetting,
  onlyInput,
  scalar,
  type WeightedLayer,
  weightsNamed,
} from '../layer.ts';
import type { WeightArray } from '../network.ts';

/** Writes an element-wise function; gives the name of the result. */
type ActivationWriter = (x: string, graph: LayerGraph, layer: WeightedLayer) => string;

/** Keras's activation functions by name. */
const ACTIVATIONS: Record<string, ActivationWriter> = {
  linear: (x) => x,
  relu: (x, graph) => graph.node('Relu', [x]),
  relu6: (x, graph) => clip(x, 0, 6, graph),
  leaky_relu: (x, graph) => graph.node('LeakyRelu', [x], { alpha: { float: 0.2 } }),
  elu: (x, graph) => graph.node('Elu', [x], { alpha: { float: 1 } }),
  selu: (x, graph) => graph.node('Selu', [x]),
  tanh: (x, graph) => graph.node('Tanh', [x]),
  sigmoid: (x, graph) => graph.node('Sigmoid', [x]),
  softplus: (x, graph) => graph.node('Softplus', [x]),
  softsign: (x, graph) => graph.node('Softsign', [x]),
  exponential: (x, graph) => graph.node('Exp', [x]),
  // Channels come second in ONNX's order, and features do in [batch, features].
  softmax: (x, graph) => graph.node('Softmax', [x], { axis: 1 }),
  log_softmax: (x, graph) => graph.node('LogSoftmax', [x], { axis: 1 }),
  hard_sigmoid: hardSigmoid,
  swish: silu,
  silu,
  hard_silu: hardSilu,
  hard_swish: hardSilu,
  gelu,
  mish: (x, graph) => graph.node('Mul', [x, graph.node('Tanh', [graph.node('Softplus', [x])])]),
};

/** Applies what a layer's `activation` says: a name, or an object as later versions write functions and layers. */
export function activated(
  layer: WeightedLayer,
  activation: unknown,
  input: NetworkTensor,
  graph: LayerGraph,
): NetworkTensor {
  if (activation === undefined || activation === null) return input;
  if (typeof activation === 'string') {
    const write = ACTIVATIONS[activation];
    if (!write) throw layerProblem(layer, `has the activation '${activation}', which is not supported`);
    return { name: write(input.name, graph, layer), shape: input.shape };
  }
  if (typeof activation === 'object' && 'class_name' in activation && 'config' in activation) {
    const { class_name: className, config } = activation;
    if (typeof config === 'string') return activated(layer, config, input, graph);
    const write = typeof className === 'string' ? ACTIVATION_LAYERS[className] : undefined;
    if (write && typeof config === 'object') {
      return write({ ...layer, config: { ...config }, weights: [] }, [input], graph);
    }
    throw layerProblem(layer, `has the activation '${className}', which is not supported`);
  }
  throw layerProblem(layer, `has an activation that is not a name: ${JSON.stringify(activation)}`);
}

/** Keras's activation layers. */
export const ACTIVATION_LAYERS: Record<string, LayerWriter> = {
  Activation: (layer, inputs, graph) => activated(layer, layer.config.activation, onlyInput(layer, inputs), graph),
  ReLU: elementwise(reluLayer),
  LeakyReLU: elementwise((x, graph, layer) => {
    const slope = numberSetting(layer, 'negative_slope', numberSetting(layer, 'alpha', 0.3));
    return graph.node('LeakyRelu', [x], { alpha: { float: slope } });
  }),
  ELU: elementwise((x, graph, layer) => graph.node('Elu', [x], { alpha: { float: numberSetting(layer, 'alpha', 1) } })),
  Softmax: (layer, inputs, graph) => {
    const input = onlyInput(layer, inputs);
    const axis = layer.config.axis ?? -1;
    const last = Array.isArray(axis) ? axis[0] : axis;
    if (last !== -1 && last !== input.shape.length) {
      throw layerProblem(layer, `works along axis ${JSON.stringify(axis)}; only the last is supported`);
    }
    return activated(layer, 'softmax', input, graph);
  },
  PReLU: preluLayer,
};

function elementwise(write: ActivationWriter): LayerWriter {
  return (layer, inputs, graph) => {
    const { name, shape } = onlyInput(layer, inputs);
    return { name: write(name, graph, layer), shape };
  };
}

/** max_value for x >= max_value; x for threshold <= x < max_value; negative_slope (x - threshold) below. */
function reluLayer(x: string, graph: LayerGraph, layer: WeightedLayer): string {
  const slope = numberSetting(layer, 'negative_slope', 0);
  const threshold = numberSetting(layer, 'threshold', 0);
  const maximum = numberSetting(layer, 'max_value', Number.MAX_VALUE);
  const limited = maximum < Number.MAX_VALUE;
  if (slope === 0 && threshold === 0) return limited ? clip(x, 0, maximum, graph) : graph.node('Relu', [x]);
  const above = limited ? graph.node('Min', [x, scalar(graph, maximum)]) : x;
  const below = graph.node('Mul', [graph.node('Sub', [x, scalar(graph, threshold)]), scalar(graph, slope)]);
  return graph.node('Where', [graph.node('Less', [x, scalar(graph, threshold)]), below, above]);
}

/** x for x >= 0, alpha x below; alpha of the input's shape, with 1 along shared axes. */
function preluLayer(...[layer, inputs, graph]: Parameters<LayerWriter>): NetworkTensor {
  const input = onlyInput(layer, inputs);
  const [alpha] = weightsNamed(layer, ['alpha']);
  if (alpha.shape.length !== input.shape.length) {
    throw layerProblem(layer, `has alpha of shape [${alpha.shape.join(', ')}] for [${input.shape.join(', ')}]`);
  }
  const slope = graph.constant(...channelsFirst(alpha));
  return { name: graph.node('PRelu', [input.name, slope]), shape: input.shape };
}

/** Shape and values of an array in ONNX's order: a feature map has its channels before rows and columns. */
function channelsFirst({ shape, values }: WeightArray): [number[], Float32Array] {
  if (shape.length !== 3) return [shape, values];
  const [rows, columns, channels] = shape;
  const result = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    result[(i % channels) * rows * columns + Math.floor(i / channels)] = values[i];
  }
  return [[channels, rows, columns], result];
}

function clip(x: string, low: number, high: number, graph: LayerGraph): string {
  return graph.node('Clip', [x, scalar(graph, low), scalar(graph, high)]);
}

function silu(x: string, graph: LayerGraph): string {
  return graph.node('Mul', [x, graph.node('Sigmoid', [x])]);
}

/** Keras 2: clip(0.2 x + 0.5, 0, 1); Keras 3: relu6(x + 3) / 6. */
function hardSigmoid(x: string, graph: LayerGraph, layer: WeightedLayer): string {
  const alpha = layer.version >= 3 ? 1 / 6 : 0.2;
  return graph.node('HardSigmoid', [x], { alpha: { float: alpha }, beta: { float: 0.5 } });
}

function hardSilu(x: string, graph: LayerGraph): string {
  return graph.node('Mul', [x, graph.node('HardSigmoid', [x], { alpha: { float: 1 / 6 }, beta: { float: 0.5 } })]);
}

/** The exact form, 0.5 x (1 + erf(x / sqrt 2)): Keras's default. */
function gelu(x: string, graph: LayerGraph): string {
  const error = graph.node('Erf', [graph.node('Mul', [x, scalar(graph, Math.SQRT1_2)])]);
  const factor = graph.node('Add', [error, scalar(graph, 1)]);
  return graph.node('Mul', [graph.node('Mul', [x, factor]), scalar(graph, 0.5)]);
}

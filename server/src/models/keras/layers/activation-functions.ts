import {
  booleanSetting,
  type LayerGraph,
  layerProblem,
  type NetworkTensor,
  numberSetting,
  scalar,
  type WeightedLayer,
} from '../layer.ts';
import { featureAxes, storedAxes, storedAxis } from '../layout.ts';

/** Writes a function; its parameters are the settings of `layer`, each with the default of Keras's function. */
export type ActivationWriter = (input: NetworkTensor, layer: WeightedLayer, graph: LayerGraph) => NetworkTensor;

/** Writes a function of each value alone; gives the name of the result. */
type ValueWriter = (x: string, graph: LayerGraph, layer: WeightedLayer) => string;

export function ofEachValue(write: ValueWriter): ActivationWriter {
  return ({ name, shape }, layer, graph) => ({ name: write(name, graph, layer), shape });
}

/** Keras's activation functions by name (keras.io/api/layers/activations). */
const OF_EACH_VALUE: Record<string, ValueWriter> = {
  linear: (x) => x,
  relu,
  relu6: (x, graph) => clip(x, 0, 6, graph),
  leaky_relu: (x, graph, layer) => leakyRelu(x, slopeSetting(layer, 0.2), graph),
  elu: (x, graph, layer) => graph.node('Elu', [x], { alpha: { float: numberSetting(layer, 'alpha', 1) } }),
  selu: (x, graph) => graph.node('Selu', [x]),
  celu: (x, graph, layer) => graph.node('Celu', [x], { alpha: { float: numberSetting(layer, 'alpha', 1) } }),
  tanh: (x, graph) => graph.node('Tanh', [x]),
  sigmoid: (x, graph) => graph.node('Sigmoid', [x]),
  softplus: (x, graph) => graph.node('Softplus', [x]),
  softsign: (x, graph) => graph.node('Softsign', [x]),
  exponential: (x, graph) => graph.node('Exp', [x]),
  hard_sigmoid: hardSigmoid,
  hard_silu: hardSilu,
  hard_swish: hardSilu,
  hard_tanh: (x, graph) => clip(x, -1, 1, graph),
  silu,
  swish: silu,
  gelu,
  mish: (x, graph) => graph.node('Mul', [x, graph.node('Tanh', [graph.node('Softplus', [x])])]),
  log_sigmoid: (x, graph) => graph.node('Neg', [graph.node('Softplus', [graph.node('Neg', [x])])]),
  tanh_shrink: (x, graph) => graph.node('Sub', [x, graph.node('Tanh', [x])]),
  hard_shrink: (x, graph, layer) => {
    const limit = scalar(graph, numberSetting(layer, 'threshold', 0.5));
    const isFar = graph.node('Greater', [graph.node('Abs', [x]), limit]);
    return graph.node('Where', [isFar, x, scalar(graph, 0)]);
  },
  soft_shrink: (x, graph, layer) => {
    const limit = numberSetting(layer, 'threshold', 0.5);
    const above = graph.node('Relu', [graph.node('Sub', [x, scalar(graph, limit)])]);
    const below = graph.node('Relu', [graph.node('Sub', [scalar(graph, -limit), x])]);
    return graph.node('Sub', [above, below]);
  },
  squareplus: (x, graph, layer) => {
    const root = graph.node('Sqrt', [
      graph.node('Add', [graph.node('Mul', [x, x]), scalar(graph, numberSetting(layer, 'b', 4))]),
    ]);
    return graph.node('Mul', [graph.node('Add', [x, root]), scalar(graph, 0.5)]);
  },
  // 0 below -1, (x + 1)^2 / 4 up to 1, x above.
  sparse_plus: (x, graph) => {
    const middle = graph.node('Add', [clip(x, -1, 1, graph), scalar(graph, 1)]);
    const curve = graph.node('Mul', [graph.node('Mul', [middle, middle]), scalar(graph, 0.25)]);
    return graph.node('Add', [curve, graph.node('Relu', [graph.node('Sub', [x, scalar(graph, 1)])])]);
  },
  sparse_sigmoid: (x, graph) =>
    graph.node('Mul', [graph.node('Add', [clip(x, -1, 1, graph), scalar(graph, 1)]), scalar(graph, 0.5)]),
  threshold: (x, graph, layer) => {
    const isAbove = graph.node('Greater', [x, scalar(graph, numberSetting(layer, 'threshold'))]);
    return graph.node('Where', [isAbove, x, scalar(graph, numberSetting(layer, 'default_value'))]);
  },
};

export const ACTIVATIONS: ReadonlyMap<string, ActivationWriter> = new Map([
  ...Object.entries(OF_EACH_VALUE).map(([name, write]): [string, ActivationWriter] => [name, ofEachValue(write)]),
  ['softmax', softmax('Softmax')],
  ['log_softmax', softmax('LogSoftmax')],
  ['glu', glu],
]);

/** `negative_slope` in Keras 3, `alpha` before. */
export function slopeSetting(layer: WeightedLayer, fallback: number): number {
  return numberSetting(layer, 'negative_slope', numberSetting(layer, 'alpha', fallback));
}

export function leakyRelu(x: string, slope: number, graph: LayerGraph): string {
  return graph.node('LeakyRelu', [x], { alpha: { float: slope } });
}

export function clip(x: string, low: number, high: number, graph: LayerGraph): string {
  return graph.node('Clip', [x, scalar(graph, low), scalar(graph, high)]);
}

/** x above the threshold, 0 up to it. */
export function aboveThreshold(x: string, threshold: number, graph: LayerGraph): string {
  if (threshold === 0) return graph.node('Relu', [x]);
  return graph.node('Where', [graph.node('Greater', [x, scalar(graph, threshold)]), x, scalar(graph, 0)]);
}

/** What is above the threshold, clipped to 0 and max_value, less negative_slope (threshold - x) below it. */
function relu(x: string, graph: LayerGraph, layer: WeightedLayer): string {
  const slope = slopeSetting(layer, 0);
  const threshold = numberSetting(layer, 'threshold', 0);
  const maximum = numberSetting(layer, 'max_value', Number.MAX_VALUE);
  const isLimited = maximum < Number.MAX_VALUE;
  if (slope !== 0 && threshold === 0 && !isLimited) return leakyRelu(x, slope, graph);
  const above = threshold === 0 && isLimited ? x : aboveThreshold(x, threshold, graph);
  const limited = isLimited ? clip(above, 0, maximum, graph) : above;
  if (slope === 0) return limited;
  const depth = graph.node('Relu', [graph.node('Sub', [scalar(graph, threshold), x])]);
  return graph.node('Sub', [limited, graph.node('Mul', [depth, scalar(graph, slope)])]);
}

function silu(x: string, graph: LayerGraph): string {
  return graph.node('Mul', [x, graph.node('Sigmoid', [x])]);
}

/** Keras 1 and 2: clip(0.2 x + 0.5, 0, 1); Keras 3: relu6(x + 3) / 6. */
function hardSigmoid(x: string, graph: LayerGraph, layer: WeightedLayer): string {
  const alpha = layer.version >= 3 ? 1 / 6 : 0.2;
  return graph.node('HardSigmoid', [x], { alpha: { float: alpha }, beta: { float: 0.5 } });
}

function hardSilu(x: string, graph: LayerGraph): string {
  return graph.node('Mul', [x, graph.node('HardSigmoid', [x], { alpha: { float: 1 / 6 }, beta: { float: 0.5 } })]);
}

/** 0.5 x (1 + erf(x / sqrt 2)); approximately, 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))). arXiv 1606.08415 */
function gelu(x: string, graph: LayerGraph, layer: WeightedLayer): string {
  const bend = booleanSetting(layer, 'approximate', false) ? tanhOfCube(x, graph) : erfOfRoot(x, graph);
  const factor = graph.node('Add', [bend, scalar(graph, 1)]);
  return graph.node('Mul', [graph.node('Mul', [x, factor]), scalar(graph, 0.5)]);
}

function erfOfRoot(x: string, graph: LayerGraph): string {
  return graph.node('Erf', [graph.node('Mul', [x, scalar(graph, Math.SQRT1_2)])]);
}

function tanhOfCube(x: string, graph: LayerGraph): string {
  const cube = graph.node('Mul', [x, graph.node('Mul', [x, x])]);
  const sum = graph.node('Add', [x, graph.node('Mul', [cube, scalar(graph, 0.044715)])]);
  return graph.node('Tanh', [graph.node('Mul', [sum, scalar(graph, Math.sqrt(2 / Math.PI))])]);
}

/** Along `axis`, the last unless told; along several together. */
function softmax(operator: 'Softmax' | 'LogSoftmax'): ActivationWriter {
  return (input, layer, graph) => {
    const { name, shape } = input;
    const axes = featureAxes(layer, layer.config.axis ?? -1, shape.length).map((axis) =>
      storedAxis(shape.length, axis),
    );
    if (axes.length === 1) return { name: graph.node(operator, [name], { axis: axes[0] }), shape };
    const largest = graph.node('ReduceMax', [name], { axes, keepdims: 1 });
    const below = graph.node('Sub', [name, largest]);
    const powers = graph.node('Exp', [below]);
    const sum = graph.node('ReduceSum', [powers, graph.constant([axes.length], axes)], { keepdims: 1 });
    if (operator === 'Softmax') return { name: graph.node('Div', [powers, sum]), shape };
    return { name: graph.node('Sub', [below, graph.node('Log', [sum])]), shape };
  };
}

/** The first half of an axis times the sigmoid of the second. */
function glu(input: NetworkTensor, layer: WeightedLayer, graph: LayerGraph): NetworkTensor {
  const rank = input.shape.length;
  const [axis] = featureAxes(layer, layer.config.axis ?? -1, rank);
  const size = input.shape[axis - 1];
  if (size % 2 !== 0) throw layerProblem(layer, `halves an axis of ${size}`);
  const part = (start: number) =>
    graph.node('Slice', [
      input.name,
      graph.constant([1], [start]),
      graph.constant([1], [start + size / 2]),
      graph.constant([1], [storedAxes(rank).indexOf(axis)]),
    ]);
  const name = graph.node('Mul', [part(0), graph.node('Sigmoid', [part(size / 2)])]);
  return { name, shape: input.shape.map((length, i) => (i === axis - 1 ? length / 2 : length)) };
}

import { type LayerGraph, layerProblem, type NetworkTensor, numberSetting, scalar } from '../layer.ts';
import { ACTIVATIONS, type ActivationWriter, clip, ofEachValue } from '../layers/activation-functions.ts';
import { broadcastConstant } from '../layout.ts';
import { numericOperand, type OperationCall, type OperationWriter, tensorList, tensorOperand } from './operation.ts';

/** ONNX element types, for Cast. */
const FLOAT = 1;
const BOOL = 9;

/** Functions of two operands, by the names of Keras 3's classes. */
const BINARY: Record<string, string> = {
  Add: 'Add',
  Subtract: 'Sub',
  Multiply: 'Mul',
  Divide: 'Div',
  TrueDivide: 'Div',
  Power: 'Pow',
  Maximum: 'Max',
  Minimum: 'Min',
};

const COMPARISONS: Record<string, string> = {
  Greater: 'Greater',
  GreaterEqual: 'GreaterOrEqual',
  Less: 'Less',
  LessEqual: 'LessOrEqual',
  Equal: 'Equal',
};

const UNARY: Record<string, (x: string, graph: LayerGraph) => string> = {
  Absolute: (x, graph) => graph.node('Abs', [x]),
  Negative: (x, graph) => graph.node('Neg', [x]),
  Square: (x, graph) => graph.node('Mul', [x, x]),
  Sqrt: (x, graph) => graph.node('Sqrt', [x]),
  Rsqrt: (x, graph) => graph.node('Reciprocal', [graph.node('Sqrt', [x])]),
  Reciprocal: (x, graph) => graph.node('Reciprocal', [x]),
  Exp: (x, graph) => graph.node('Exp', [x]),
  Log: (x, graph) => graph.node('Log', [x]),
  Log1p: (x, graph) => graph.node('Log', [graph.node('Add', [x, scalar(graph, 1)])]),
  Expm1: (x, graph) => graph.node('Sub', [graph.node('Exp', [x]), scalar(graph, 1)]),
  Sign: (x, graph) => graph.node('Sign', [x]),
  Floor: (x, graph) => graph.node('Floor', [x]),
  Ceil: (x, graph) => graph.node('Ceil', [x]),
  Round: (x, graph) => graph.node('Round', [x]),
  Sin: (x, graph) => graph.node('Sin', [x]),
  Cos: (x, graph) => graph.node('Cos', [x]),
  Erf: (x, graph) => graph.node('Erf', [x]),
};

/** Keras 3's classes of activation functions. */
const ACTIVATION_CLASSES: Record<string, string> = {
  Celu: 'celu',
  Elu: 'elu',
  Gelu: 'gelu',
  Glu: 'glu',
  HardShrink: 'hard_shrink',
  HardSigmoid: 'hard_sigmoid',
  HardSilu: 'hard_silu',
  HardTanh: 'hard_tanh',
  LeakyRelu: 'leaky_relu',
  LogSigmoid: 'log_sigmoid',
  LogSoftmax: 'log_softmax',
  Mish: 'mish',
  Relu: 'relu',
  Relu6: 'relu6',
  Selu: 'selu',
  Sigmoid: 'sigmoid',
  Silu: 'silu',
  Softmax: 'softmax',
  Softplus: 'softplus',
  Softsign: 'softsign',
  SoftShrink: 'soft_shrink',
  SparsePlus: 'sparse_plus',
  SparseSigmoid: 'sparse_sigmoid',
  Squareplus: 'squareplus',
  Tanh: 'tanh',
  TanhShrink: 'tanh_shrink',
  Threshold: 'threshold',
};

export const ARITHMETIC_OPERATIONS: Record<string, OperationWriter> = {
  ...Object.fromEntries(
    Object.entries(BINARY).map(([name, operator]) => [
      name,
      (call: OperationCall, graph: LayerGraph) => combined(call, graph, (a, b) => graph.node(operator, [a, b])),
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(COMPARISONS).map(([name, operator]) => [
      name,
      (call: OperationCall, graph: LayerGraph) =>
        combined(call, graph, (a, b) => graph.node('Cast', [graph.node(operator, [a, b])], { to: FLOAT })),
    ]),
  ),
  ...Object.fromEntries(Object.entries(UNARY).map(([name, write]) => [name, function1(ofEachValue(write))])),
  ...Object.fromEntries(
    Object.entries(ACTIVATION_CLASSES).flatMap(([name, key]) => {
      const write = ACTIVATIONS.get(key);
      return write ? [[name, function1(write)]] : [];
    }),
  ),
  SquaredDifference: (call, graph) =>
    combined(call, graph, (a, b) => {
      const difference = graph.node('Sub', [a, b]);
      return graph.node('Mul', [difference, difference]);
    }),
  AddN: (call, graph) => {
    const tensors = tensorList(call);
    const [first] = tensors;
    const isAlike = tensors.every(({ shape }) => shape.join() === first.shape.join());
    if (!isAlike) throw layerProblem(call.layer, 'adds tensors of several shapes');
    return { name: tensors.map(({ name }) => name).reduce((a, b) => graph.node('Add', [a, b])), shape: first.shape };
  },
  Clip: (call, graph) => {
    const { name, shape } = tensorOperand(call);
    const [low, high] = [numberSetting(call.layer, 'x_min'), numberSetting(call.layer, 'x_max')];
    return { name: clip(name, low, high, graph), shape };
  },
  /** The first where the condition, written as 0 and 1, holds, and the second elsewhere. */
  Where: (call, graph) => {
    const condition = numericOperand(call, 0, 'condition');
    const choice = { ...call, positional: call.positional.slice(1) };
    if (!('tensor' in condition)) throw layerProblem(call.layer, 'has a condition that is no tensor');
    const holds = graph.node('Cast', [condition.tensor.name], { to: BOOL });
    const result = combined(choice, graph, (a, b) => graph.node('Where', [holds, a, b]), [condition.tensor]);
    return result;
  },
};

function function1(write: ActivationWriter): OperationWriter {
  return (call, graph) => write(tensorOperand(call), call.layer, graph);
}

/** Two operands that broadcast as NumPy has it, of which one at least is a tensor. */
function combined(
  call: OperationCall,
  graph: LayerGraph,
  write: (a: string, b: string) => string,
  others: readonly NetworkTensor[] = [],
): NetworkTensor {
  const operands = [numericOperand(call, 0, 'x1', 'x'), numericOperand(call, 1, 'x2', 'y', 'bias')];
  const tensors = [...others, ...operands.flatMap((item) => ('tensor' in item ? [item.tensor] : []))];
  const rank = tensors[0]?.shape.length;
  if (rank === undefined || tensors.some(({ shape }) => shape.length !== rank)) {
    const shapes = tensors.map(({ shape }) => `[${shape.join(', ')}]`).join(' and ');
    throw layerProblem(call.layer, `combines ${shapes || 'no tensors'}`);
  }
  const names: string[] = [];
  const shapes = tensors.map(({ shape }) => shape);
  for (const item of operands) {
    if ('tensor' in item) names.push(item.tensor.name);
    else {
      // The batch is one more dimension, in which a constant is 1.
      const extra = item.array.shape.length - rank;
      if (extra > 1 || (extra === 1 && item.array.shape[0] !== 1)) {
        throw layerProblem(
          call.layer,
          `combines [${tensors[0].shape.join(', ')}] and [${item.array.shape.join(', ')}]`,
        );
      }
      const shape = extra === 1 ? item.array.shape.slice(1) : item.array.shape;
      shapes.push([...new Array<number>(rank - shape.length).fill(1), ...shape]);
      names.push(broadcastConstant({ ...item.array, shape }, rank, graph));
    }
  }
  const shape = shapes[0].map((_, i) => Math.max(...shapes.map((sizes) => sizes[i])));
  if (!shapes.every((sizes) => sizes.every((size, i) => size === 1 || size === shape[i]))) {
    throw layerProblem(call.layer, `combines ${shapes.map((sizes) => `[${sizes.join(', ')}]`).join(' and ')}`);
  }
  return { name: write(names[0], names[1]), shape };
}

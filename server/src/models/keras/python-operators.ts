import { type LayerGraph, layerProblem, type NetworkTensor, scalar } from './layer.ts';
import { MERGE_LAYERS } from './layers/merge.ts';
import type { KerasLayer } from './network.ts';

/** What `x + 3`, `x * y` and their like become in a model: Keras 2's function names, and Keras 3's classes. */
const OPERATORS: Record<string, 'Add' | 'Sub' | 'Mul' | 'Div'> = {
  'math.add': 'Add',
  '__operators__.add': 'Add',
  'math.subtract': 'Sub',
  'math.multiply': 'Mul',
  'math.truediv': 'Div',
  'math.divide': 'Div',
  Add: 'Add',
  Subtract: 'Sub',
  Multiply: 'Mul',
  TrueDivide: 'Div',
  Divide: 'Div',
};

const FUNCTIONS: Record<string, string> = { 'nn.relu': 'Relu', 'nn.sigmoid': 'Sigmoid', 'math.sigmoid': 'Sigmoid' };

/**
 * Writes a Python operator of which one operand is a plain number, or a TensorFlow function (Keras 2's `TFOpLambda`).
 *
 * @param numbers the call's arguments in their order: the number, or null for a tensor
 * @returns null where the layer is none of these
 */
export function pythonOperator(
  layer: KerasLayer,
  numbers: readonly (number | null)[],
  inputs: readonly NetworkTensor[],
  graph: LayerGraph,
): NetworkTensor | null {
  const isFunction = layer.className === 'TFOpLambda';
  const hasNumber = numbers.some((number) => number !== null);
  if (!isFunction && !hasNumber) return null;
  const called = String(isFunction ? layer.config.function : layer.className);
  const operator = OPERATORS[called];
  if (operator && inputs.length === 1 && numbers.length === 2) {
    const [input] = inputs;
    const operands = numbers.map((number) => (number === null ? input.name : scalar(graph, number)));
    return { name: graph.node(operator, operands), shape: input.shape };
  }
  const merge = { Add: 'Add', Sub: 'Subtract', Mul: 'Multiply', Div: undefined }[operator ?? 'Div'];
  if (merge && inputs.length === 2) return MERGE_LAYERS[merge]({ ...layer, weights: [] }, inputs, graph);
  const unary = FUNCTIONS[called];
  if (unary && inputs.length === 1) return { name: graph.node(unary, [inputs[0].name]), shape: inputs[0].shape };
  throw layerProblem(layer, `calls '${called}', which is not supported`);
}

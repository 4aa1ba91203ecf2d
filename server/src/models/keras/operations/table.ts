import { type LayerGraph, layerProblem, type NetworkTensor } from '../layer.ts';
import type { KerasLayer } from '../network.ts';
import { ARITHMETIC_OPERATIONS } from './arithmetic.ts';
import { IMAGE_OPERATIONS } from './image.ts';
import { INDEXING_OPERATIONS } from './indexing.ts';
import { type Operand, type OperationCall, type OperationWriter, plainValue } from './operation.ts';
import { REDUCTION_OPERATIONS } from './reduction.ts';
import { RESHAPING_OPERATIONS } from './reshaping.ts';
import { TENSORFLOW_ARGUMENTS, TENSORFLOW_FUNCTIONS } from './tensorflow.ts';

/** Functions that a model calls outside layers, by the names of Keras 3's classes. */
const OPERATIONS: ReadonlyMap<string, OperationWriter> = new Map(
  Object.entries({
    ...ARITHMETIC_OPERATIONS,
    ...IMAGE_OPERATIONS,
    ...INDEXING_OPERATIONS,
    ...REDUCTION_OPERATIONS,
    ...RESHAPING_OPERATIONS,
  }),
);

/** Keras 2's classes for a function of TensorFlow. */
const FUNCTION_CLASSES: ReadonlySet<string> = new Set(['TFOpLambda', 'SlicingOpLambda', 'ClassMethod']);

/**
 * Writes a layer that is a call of a function: an operation of Keras 3 (`Mean`, `GetItem`, or `Multiply` with a plain
 * number), or a function of TensorFlow in a model of Keras 2.
 *
 * @param isLayer whether the class is known as a layer, which it is then taken for unless it has other arguments
 * @returns null where the layer is none of these
 * @throws Problem naming the layer and the function
 */
export function writeOperation(
  layer: KerasLayer,
  positional: readonly Operand[],
  named: Readonly<Record<string, Operand>>,
  isLayer: boolean,
  graph: LayerGraph,
): NetworkTensor[] | null {
  if (FUNCTION_CLASSES.has(layer.className)) {
    const [name, call] = tensorflowCall(layer, positional, named);
    const write = OPERATIONS.get(name);
    if (!write) throw layerProblem(layer, `calls '${layer.config.function}', which is not supported`);
    return [write(call, graph)].flat();
  }
  const write = OPERATIONS.get(layer.className);
  const isOperation = positional.some((item) => !hasTensor(item)) || 'newshape' in layer.config;
  if (!write || (isLayer && !isOperation)) return null;
  const config = { ...layer.config, ...settings(named) };
  return [write({ layer: { ...layer, config, weights: [] }, positional, named }, graph)].flat();
}

function hasTensor(operand: Operand): boolean {
  return 'tensor' in operand || ('list' in operand && operand.list.some(hasTensor));
}

function settings(named: Readonly<Record<string, Operand>>): Record<string, unknown> {
  const plain = Object.entries(named).filter(([, item]) => !hasTensor(item));
  return Object.fromEntries(plain.map(([key, item]) => [key, plainValue(item)]));
}

/** A function's call with its name and arguments as Keras 3 has them. */
function tensorflowCall(
  layer: KerasLayer,
  positional: readonly Operand[],
  named: Readonly<Record<string, Operand>>,
): [name: string, call: OperationCall] {
  const called = String(layer.config.function);
  const base = called.slice(called.lastIndexOf('.') + 1);
  const name = Object.hasOwn(TENSORFLOW_FUNCTIONS, base) ? TENSORFLOW_FUNCTIONS[base] : base;
  const renamed = Object.entries(named).map(([key, item]): [string, Operand] => {
    // A list says sizes, where Keras has the places to cut at.
    if (key === 'num_or_size_splits') return [Array.isArray(plainValue(item)) ? 'sizes' : 'indices_or_sections', item];
    return [TENSORFLOW_ARGUMENTS[key] ?? key, item];
  });
  const arguments_ = Object.fromEntries(renamed);
  const config = settings(arguments_);
  return [name, { layer: { ...layer, config, weights: [] }, positional, named: arguments_ }];
}

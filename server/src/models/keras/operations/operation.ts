import { type LayerGraph, layerProblem, type NetworkTensor, type WeightedLayer } from '../layer.ts';
import { constantArray } from '../layers/constants.ts';
import type { ConstantArray } from '../layout.ts';
import type { Argument } from '../network.ts';

/** An argument whose tensors are there. */
export type Operand = Argument<NetworkTensor>;

/** One call of a function: Keras 3's operations, or TensorFlow's functions in a model of Keras 2. */
export interface OperationCall {
  /** For messages, with everything that is no tensor as its settings, under Keras 3's names. */
  layer: WeightedLayer;
  positional: readonly Operand[];
  named: Readonly<Record<string, Operand>>;
}

/** Writes one operation; throws Problem naming the layer where it cannot. Several results only where it has several. */
export type OperationWriter = (call: OperationCall, graph: LayerGraph) => NetworkTensor | NetworkTensor[];

/** An argument without the tensors in it, as the file has it. */
export function plainValue(operand: Operand): unknown {
  if ('list' in operand) return operand.list.map(plainValue);
  return 'value' in operand ? operand.value : undefined;
}

/** The argument at a place or under one of its names. */
export function operand(call: OperationCall, index: number, ...names: string[]): Operand {
  const found = call.positional[index] ?? names.map((name) => call.named[name]).find((value) => value !== undefined);
  if (found) return found;
  throw layerProblem(call.layer, `is called without its argument ${index + 1} (${names.join(' or ')})`);
}

/** The tensor that an operation of one tensor is called with. */
export function tensorOperand(call: OperationCall): NetworkTensor {
  const first = call.positional[0] ?? Object.values(call.named).find((value) => 'tensor' in value);
  if (first && 'tensor' in first) return first.tensor;
  throw layerProblem(call.layer, 'is called with something else than a tensor');
}

/** The tensors of an operation of several, which come as one list. */
export function tensorList(call: OperationCall): NetworkTensor[] {
  const [first, ...others] = call.positional;
  const list = first && 'list' in first ? first.list : [first, ...others];
  return list.map((item) => {
    if (item && 'tensor' in item) return item.tensor;
    throw layerProblem(call.layer, 'is called with something else than tensors');
  });
}

/** A tensor, or numbers. */
export function numericOperand(
  call: OperationCall,
  index: number,
  ...names: string[]
): { tensor: NetworkTensor } | { array: ConstantArray } {
  const found = operand(call, index, ...names);
  if ('tensor' in found) return found;
  const array = constantArray(plainValue(found));
  if (array) return { array };
  throw layerProblem(
    call.layer,
    `is called with ${JSON.stringify(plainValue(found))}; a tensor or numbers are expected`,
  );
}

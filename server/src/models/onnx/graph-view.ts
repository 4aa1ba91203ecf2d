import type { NetworkGraph } from './network-graph.ts';
import { integerAttribute, type NodeProto, type TensorValues, tensorValues } from './proto.ts';

/** Operators that leave the values of a pooled feature map as they are, and in their order. */
export const RESHAPING: ReadonlySet<string> = new Set([
  'Identity',
  'Dropout',
  'Flatten',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
  'Transpose',
  'Cast',
]);

/** A graph read from its output backwards. */
export interface GraphView {
  producer(tensor: string): NodeProto | undefined;
  /** The values of a tensor that is the same for every image; null where it is not, or not numbers. */
  constant(tensor: string): TensorValues | null;
  /** How many values the linear layer that makes a tensor has for each image, where one does. */
  outputsBefore(tensor: string): number | undefined;
}

export function graphView({ proto }: NetworkGraph): GraphView {
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

export function operator(node: NodeProto): string {
  return node.opType ?? '';
}

export function inputName(node: NodeProto, index: number): string {
  return node.input?.[index] ?? '';
}

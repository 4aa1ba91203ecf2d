import { foldedConstant } from './fold-constant.ts';
import { inferShapes, type KnownShapes, type Shape } from './infer-shapes.ts';
import type { NetworkGraph } from './network-graph.ts';
import type { NodeProto } from './proto.ts';
import { type TensorValues, tensorValues } from './tensor-values.ts';

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
  /**
   * The values of a tensor that is the same for every image, folded where a few simple operators compute it of
   * constants; null where it is not, or not numbers. To be read only.
   */
  constant(tensor: string): TensorValues | null;
  /** Sizes of a tensor for the network's input, null where one (the batch) is not known; null where none is. */
  shape(tensor: string): Shape | null;
  /** The elements of a short tensor of integers that depends on the input's size at most. */
  integers(tensor: string): Shape | null;
}

/** Constants further than this behind their use are not followed: real ones are one or two steps away. */
const MOST_FOLDS = 32;

export function graphView(network: Pick<NetworkGraph, 'proto' | 'input'>): GraphView {
  const { proto } = network;
  const producers = new Map<string, NodeProto>();
  for (const node of proto.node ?? []) for (const output of node.output ?? []) producers.set(output, node);
  const initializers = new Map((proto.initializer ?? []).map((tensor) => [tensor.name ?? '', tensor]));
  const known = new Map<string, TensorValues | null>();

  const constantWithin = (tensor: string, folds: number): TensorValues | null => {
    const before = known.get(tensor);
    if (before !== undefined) return before;
    const initializer = initializers.get(tensor);
    const node = producers.get(tensor);
    let found: TensorValues | null = null;
    if (initializer) found = tensorValues(initializer);
    else if (node && folds > 0) found = foldedConstant(node, (name) => constantWithin(name, folds - 1), shape);
    // A value not found within few steps may be found within more.
    if (found || folds === MOST_FOLDS) known.set(tensor, found);
    return found;
  };
  const constant = (tensor: string) => (tensor === '' ? null : constantWithin(tensor, MOST_FOLDS));

  let shapes: KnownShapes | undefined;
  const knownShapes = () => {
    shapes ??= inferShapes(network, shortConstant);
    return shapes;
  };
  const shortConstant = (tensor: string) => {
    const initializer = initializers.get(tensor);
    const node = producers.get(tensor);
    const values = initializer ? tensorValues(initializer) : node && foldedConstant(node, none, none);
    return values ? Array.from(values.values) : null;
  };
  const shape = (tensor: string) => knownShapes().shape(tensor);
  const integers = (tensor: string) => knownShapes().integers(tensor);
  return { producer: (tensor) => producers.get(tensor), constant, shape, integers };
}

function none(): null {
  return null;
}

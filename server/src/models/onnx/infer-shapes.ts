import { INTEGER_RULES } from './integer-rules.ts';
import type { NetworkGraph } from './network-graph.ts';
import { inputName, operator } from './node.ts';
import { integersAttribute, type NodeProto, valueShape } from './proto.ts';
import { SHAPE_RULES } from './shape-rules.ts';

/** Sizes of a tensor; null where one is not known, as that of the batch. */
export type Shape = readonly (number | null)[];

/** What is known of the tensors of a network for its input size. */
export interface KnownShapes {
  shape(tensor: string): Shape | null;
  /** The elements of a short tensor of integers, as networks compute their own shapes with. */
  integers(tensor: string): Shape | null;
}

/** One node, and what is known of the tensors before it. */
export interface RuleContext extends KnownShapes {
  node: NodeProto;
  /** Shape of an input; null also where there is no such input. */
  of(index: number): Shape | null;
  /** Integers of an attribute or, since later opsets, of an input. */
  list(index: number, attribute: string): Shape | null;
}

export type ShapeRule = (context: RuleContext) => Shape | null;

/** Tensors of integers up to this length are followed. */
const LONGEST_LIST = 16;

/**
 * Sizes of tensors, in one pass over the nodes. What an operator's rule does not tell comes from the file, else it is
 * not known: nothing that is right depends on knowing it.
 *
 * @param constant elements of a short constant of integers
 */
export function inferShapes(
  { proto, input }: Pick<NetworkGraph, 'proto' | 'input'>,
  constant: (tensor: string) => readonly number[] | null,
): KnownShapes {
  const { name, layout, height, width } = input;
  const shapes = new Map<string, Shape | null>();
  const lists = new Map<string, Shape | null>();
  for (const value of [...(proto.valueInfo ?? []), ...(proto.output ?? [])])
    shapes.set(value.name ?? '', valueShape(value));
  for (const { name, dims } of proto.initializer ?? []) shapes.set(name ?? '', (dims ?? []).map(Number));
  const image = proto.input?.find((value) => value.name === name);
  const batch = (image && valueShape(image)?.[0]) ?? null;
  shapes.set(name, layout === 'NCHW' ? [batch, 3, height, width] : [batch, height, width, 3]);
  const shape = (tensor: string) => (tensor === '' ? null : (shapes.get(tensor) ?? null));
  const integers = (tensor: string): Shape | null => {
    if (tensor === '') return null;
    const known = lists.get(tensor);
    if (known !== undefined) return known;
    const size = shape(tensor);
    const isShort = size !== null && size.length <= 1 && (size[0] ?? 1) <= LONGEST_LIST;
    return isShort ? constant(tensor) : null;
  };
  for (const node of proto.node ?? []) {
    const context: RuleContext = {
      node,
      shape,
      integers,
      of: (index) => shape(inputName(node, index)),
      list: (index, attribute) => integersAttribute(node, attribute) ?? integers(inputName(node, index)),
    };
    const [output = '', ...others] = node.output ?? [];
    const rule = SHAPE_RULES.get(operator(node));
    const found = rule?.(context);
    const told = shape(output);
    if (found) shapes.set(output, merged(found, told));
    if (found && operator(node) === 'Split') for (const other of others) shapes.set(other, found);
    const integerRule = INTEGER_RULES.get(operator(node));
    if (integerRule) lists.set(output, integerRule(context));
  }
  return { shape, integers };
}

/** A size that one of the two does not know comes from the other. */
function merged(found: Shape, told: Shape | null): Shape {
  if (told?.length !== found.length) return found;
  return found.map((size, i) => size ?? told[i]);
}

import type { NodeProto } from './proto.ts';

/** What a node computes, '' where the file does not say. */
export function operator(node: NodeProto): string {
  return node.opType ?? '';
}

/** The name of an operand, '' where it is left out. */
export function inputName(node: NodeProto, index: number): string {
  return node.input?.[index] ?? '';
}

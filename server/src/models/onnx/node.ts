import type { NodeProto } from './proto.ts';

/** What a node computes, '' where the file does not say; with its domain, where that is not ONNX's own. */
export function operator({ opType, domain }: NodeProto): string {
  return domain && domain !== 'ai.onnx' ? `${domain}.${opType}` : (opType ?? '');
}

/** The name of an operand, '' where it is left out. */
export function inputName(node: NodeProto, index: number): string {
  return node.input?.[index] ?? '';
}

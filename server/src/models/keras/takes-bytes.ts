import { inputName, operator } from '../onnx/node.ts';
import { floatAttribute, type NodeProto, type TensorProto } from '../onnx/proto.ts';

/** What only moves pixels, or leaves them as they are; the image is its first input. */
const MOVING: ReadonlySet<string> = new Set([
  'Identity',
  'Cast',
  'Transpose',
  'Reshape',
  'Slice',
  'Gather',
  'Pad',
  'MatMul',
]);

/** Beyond it, what is taken from a pixel is meant for bytes, not for values from 0 to 1. */
const LARGEST_OF_UNIT_RANGE = 2;

/** A factor below it is meant for bytes: 1/255, 1/127.5. */
const SMALLEST_OF_UNIT_RANGE = 0.1;

/**
 * Whether a network wants pixels as bytes, 0 to 255, because the first thing that it does with their values is to bring
 * them to another range: it divides by 255, or subtracts a mean of 120. One that doubles them and subtracts 1 does not,
 * and neither does one that only normalises by statistics of small numbers.
 */
export function takesBytes(graph: {
  nodes: readonly NodeProto[];
  constants: readonly TensorProto[];
  input: string;
}): boolean {
  const constants = new Map(graph.constants.map((tensor) => [tensor.name ?? '', tensor]));
  const largest = (tensor: string): number | null => {
    const constant = constants.get(tensor);
    if (!constant?.rawData) return null;
    const { buffer, byteOffset, byteLength } = constant.rawData;
    const values = new Float32Array(buffer, byteOffset, byteLength / 4);
    return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  };
  let tensor = graph.input;
  for (const node of graph.nodes) {
    // The nodes are in the order of computation; where several take the image, the first decides.
    const place = (node.input ?? []).indexOf(tensor);
    if (place < 0) continue;
    const name = operator(node);
    const other = largest(inputName(node, place === 0 ? 1 : 0));
    const decided = verdict(node, name, other, (i) => largest(inputName(node, i)));
    if (decided !== null) return decided;
    const passes = MOVING.has(name) || (other !== null && ['Add', 'Sub', 'Mul', 'Div'].includes(name));
    if (!passes) return false;
    tensor = node.output?.[0] ?? '';
  }
  return false;
}

/** Null where the node says nothing about the range. */
function verdict(
  node: NodeProto,
  name: string,
  other: number | null,
  largest: (input: number) => number | null,
): boolean | null {
  if (name === 'BatchNormalization') {
    const deviation = Math.sqrt((largest(4) ?? 0) + floatAttribute(node, 'epsilon', 1e-5));
    return (largest(3) ?? 0) > LARGEST_OF_UNIT_RANGE || deviation > LARGEST_OF_UNIT_RANGE;
  }
  if (other === null) return null;
  if (name === 'Add' || name === 'Sub') return other === 0 ? null : other > LARGEST_OF_UNIT_RANGE;
  if (name === 'Mul') return other === 1 ? null : other < SMALLEST_OF_UNIT_RANGE;
  if (name === 'Div') return other === 1 ? null : other > 1 / SMALLEST_OF_UNIT_RANGE;
  return null;
}

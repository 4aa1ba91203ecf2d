import { Problem } from '../../errors.ts';
import { type AttributeProto, type NodeProto, onnx, type TensorProto } from '../../models/onnx/proto.ts';
import type { Value } from './value.ts';
import type { Workspace } from './workspace.ts';

/** Computes a node's outputs; an input that is left out is null. */
export type Kernel = (inputs: readonly (Value | null)[], workspace: Workspace) => Value[];

/** Reads a node's attributes once; throws where they are of a kind that is not computed here. */
export type Operator = (node: GraphNode) => Kernel;

/** A node of an ONNX graph with its attributes by name. */
export class GraphNode {
  readonly operator: string;
  readonly name: string;
  /** Version of the standard operators. */
  readonly opset: number;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly #attributes: ReadonlyMap<string, AttributeProto>;

  constructor(proto: NodeProto, opset: number) {
    this.operator = proto.opType ?? '';
    this.inputs = proto.input ?? [];
    this.outputs = proto.output ?? [];
    this.name = proto.name || this.outputs[0] || '';
    this.opset = opset;
    this.#attributes = new Map((proto.attribute ?? []).map((attribute) => [attribute.name ?? '', attribute]));
  }

  has(attribute: string): boolean {
    return this.#attributes.has(attribute);
  }

  integer(attribute: string, fallback: number): number {
    const found = this.#attributes.get(attribute);
    return found ? Number(found.i ?? 0) : fallback;
  }

  float(attribute: string, fallback: number): number {
    const found = this.#attributes.get(attribute);
    return found ? (found.f ?? 0) : fallback;
  }

  text(attribute: string, fallback: string): string {
    const found = this.#attributes.get(attribute);
    return found ? new TextDecoder().decode(found.s ?? new Uint8Array()) : fallback;
  }

  integers(attribute: string): number[] | null {
    return this.#attributes.get(attribute)?.ints?.map(Number) ?? null;
  }

  floats(attribute: string): number[] | null {
    return this.#attributes.get(attribute)?.floats ?? null;
  }

  tensor(attribute: string): TensorProto | null {
    return this.#attributes.get(attribute)?.t ?? null;
  }

  /** Whether it has a graph inside, as If and Loop do. */
  hasGraph(): boolean {
    const { GRAPH, GRAPHS } = onnx.AttributeProto.AttributeType;
    return [...this.#attributes.values()].some(({ type }) => type === GRAPH || type === GRAPHS);
  }

  problem(message: string, options?: { cause?: unknown }): Problem {
    return new Problem('unreadable-model', `node '${this.name}' (${this.operator}) ${message}`, options);
  }
}

/** An input that the operator cannot do without. @throws Problem where it is left out */
export function required(node: GraphNode, inputs: readonly (Value | null)[], index: number): Value {
  const value = inputs[index];
  if (!value) throw node.problem(`should have an input ${index + 1}, found none`);
  return value;
}

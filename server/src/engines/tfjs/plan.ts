import { Problem } from '../../errors.ts';
import type { ModelProto, NodeProto } from '../../models/onnx/proto.ts';
import { constantValue } from './constants.ts';
import { foldNormalization } from './fold-normalization.ts';
import { GraphNode, type Kernel } from './node.ts';
import { OPERATORS } from './operators/table.ts';
import type { HostValue } from './value.ts';

/** What is run, in an order in which every node follows those that it takes from. */
export interface Plan {
  steps: Step[];
  constants: Map<string, HostValue>;
  outputs: string[];
}

export interface Step {
  node: GraphNode;
  kernel: Kernel;
  /** Tensors that no later step takes. */
  releases: string[];
}

/** The standard operators' domain has two names. */
const STANDARD = ['', 'ai.onnx'];

/**
 * Plans an ONNX model: what it needs for its outputs, and nothing else.
 *
 * @throws Problem `unreadable-model` naming the node that cannot be computed
 */
export function planGraph(model: ModelProto): Plan {
  const graph = model.graph ?? {};
  const opset = Number(model.opsetImport.find(({ domain }) => STANDARD.includes(domain ?? ''))?.version ?? 1);
  const constants = new Map((graph.initializer ?? []).map((tensor) => [tensor.name ?? '', constantValue(tensor)]));
  if (graph.sparseInitializer?.length)
    throw new Problem('unreadable-model', 'has sparse constants, which are not read');
  const outputs = (graph.output ?? []).map(({ name }) => name ?? '');
  if (outputs.length === 0) throw new Problem('unreadable-model', 'is no ONNX model: it has no outputs');
  const nodes = foldNormalization(graph.node ?? [], constants, new Set(outputs));
  const given = new Set([...constants.keys(), ...(graph.input ?? []).map(({ name }) => name ?? '')]);
  const steps = inOrder(nodes, outputs, given).map((proto) => {
    const node = new GraphNode(proto, opset);
    return { node, kernel: kernelOf(proto, node), releases: [] };
  });
  return { steps: withReleases(steps, new Set([...outputs, ...constants.keys()])), constants, outputs };
}

function kernelOf(proto: NodeProto, node: GraphNode): Kernel {
  const operator = STANDARD.includes(proto.domain ?? '') ? OPERATORS.get(node.operator) : undefined;
  if (operator && !node.hasGraph()) return operator(node);
  const name = proto.domain ? `${proto.domain}.${node.operator}` : node.operator;
  throw new Problem(
    'unreadable-model',
    `operator ${name} of node '${node.name}' is not among those of the engine tfjs-float32; onnxruntime-float32 runs it`,
  );
}

/** The nodes that the outputs depend on, each after those that it takes from. */
function inOrder(nodes: readonly NodeProto[], outputs: readonly string[], given: ReadonlySet<string>): NodeProto[] {
  const producers = new Map<string, NodeProto>();
  for (const node of nodes) for (const output of node.output ?? []) if (output) producers.set(output, node);
  const ordered: NodeProto[] = [];
  const state = new Map<NodeProto, 'begun' | 'done'>();
  // A stack of our own: a file may be deeper than the language's.
  const stack = outputs.map((tensor) => ({ tensor, taker: 'the output', leaving: false })).reverse();
  for (let top = stack.pop(); top; top = stack.pop()) {
    const { tensor, taker, leaving } = top;
    const node = producers.get(tensor);
    if (!node) {
      if (given.has(tensor)) continue;
      throw new Problem('unreadable-model', `${taker} takes the tensor '${tensor}', which nothing gives`);
    }
    if (leaving) {
      ordered.push(node);
      state.set(node, 'done');
    } else if (state.get(node) === 'begun') {
      throw new Problem('unreadable-model', `node '${node.name || tensor}' (${node.opType}) depends on its own result`);
    } else if (!state.has(node)) {
      state.set(node, 'begun');
      stack.push({ tensor, taker, leaving: true });
      const title = `node '${node.name || tensor}' (${node.opType})`;
      for (const input of node.input ?? []) if (input) stack.push({ tensor: input, taker: title, leaving: false });
    }
  }
  return ordered;
}

/** Tells each step what it is the last to take, or gives without anybody taking it. */
function withReleases(steps: readonly Step[], kept: ReadonlySet<string>): Step[] {
  const taken = new Set(kept);
  return [...steps]
    .reverse()
    .map((step) => {
      const names = new Set([...step.node.inputs, ...step.node.outputs].filter((name) => name !== ''));
      const releases = [...names].filter((name) => !taken.has(name));
      for (const name of names) taken.add(name);
      return { ...step, releases };
    })
    .reverse();
}

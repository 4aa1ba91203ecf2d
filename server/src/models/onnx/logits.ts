import type { Activation } from '../../../../shared/activation.ts';
import { Problem } from '../../errors.ts';
import { type GraphView, RESHAPING } from './graph-view.ts';
import { layerTitle, type NetworkGraph } from './network-graph.ts';
import { inputName, operator } from './node.ts';
import { integerAttribute, type NodeProto } from './proto.ts';
import { product } from './sizes.ts';

/** Where a network's scores are, whatever comes before them. */
export interface Logits {
  /** What the network ends with after the logits; null where it ends with them. */
  activation: Activation | null;
  /** The tensor of logits, [N, outputs] or with 1 x 1 cells behind. */
  logits: string;
}

const ACTIVATIONS: ReadonlyMap<string, Activation> = new Map<string, Activation>([
  ['Softmax', 'softmax'],
  ['LogSoftmax', 'softmax'],
  ['Sigmoid', 'sigmoid'],
]);

/**
 * The input of the activation at the network's end, or its output where there is none.
 *
 * @throws Problem where that is a softmax over something else than the classes
 */
export function findLogits(network: NetworkGraph, graph: GraphView): Logits {
  let tensor = network.output;
  let activation: Activation | null = null;
  let node = graph.producer(tensor);
  for (; node && (RESHAPING.has(operator(node)) || ACTIVATIONS.has(operator(node))); node = graph.producer(tensor)) {
    const found = ACTIVATIONS.get(operator(node));
    if (found && activation) break;
    // Logits begin at the activation's input; what only reshapes them before it stays part of them.
    if (found) {
      checkAxis(network, graph, node);
      activation = found;
    } else if (activation || !leadsToActivation(graph, tensor)) break;
    tensor = inputName(node, 0);
  }
  return { activation, logits: tensor };
}

/** Softmax along rows, say, of 1 x 1 cells would be 1 everywhere. */
function checkAxis(network: NetworkGraph, graph: GraphView, node: NodeProto): void {
  const sizes = graph.shape(inputName(node, 0))?.slice(1);
  if (operator(node) === 'Sigmoid' || !sizes) return;
  const opset = network.opsets.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version ?? 0;
  // Older versions go over all dimensions from the axis on.
  const isOld = opset < SOFTMAX_OF_ONE_AXIS;
  const given = integerAttribute(node, 'axis', isOld ? 1 : -1);
  const axis = given < 0 ? given + sizes.length : given - 1;
  const along = product(isOld ? sizes.slice(axis) : sizes.slice(axis, axis + 1));
  const all = product(sizes);
  if (axis >= 0 && (along === null || all === null || along === all)) return;
  throw new Problem(
    'unreadable-model',
    `${layerTitle(network, node)} runs along dimension ${given} of [N, ${sizes.map((size) => size ?? '?').join(', ')}], ` +
      'which is not the classes alone',
  );
}

const SOFTMAX_OF_ONE_AXIS = 13;

function leadsToActivation(graph: GraphView, start: string): boolean {
  let node = graph.producer(start);
  while (node && RESHAPING.has(operator(node))) node = graph.producer(inputName(node, 0));
  return node !== undefined && ACTIVATIONS.has(operator(node));
}

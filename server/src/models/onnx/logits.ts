import type { Activation } from '../../../../shared/activation.ts';
import { type GraphView, inputName, operator, RESHAPING } from './graph-view.ts';
import type { NetworkGraph } from './network-graph.ts';

/** Where a network's scores are, whatever comes before them. */
export interface Logits {
  /** What the network ends with after the logits; null where it ends with them. */
  activation: Activation | null;
  /** The tensor of logits, [N, outputs] or with 1 x 1 cells behind. */
  logits: string;
}

const ACTIVATIONS: Record<string, Activation> = { Softmax: 'softmax', LogSoftmax: 'softmax', Sigmoid: 'sigmoid' };

/** The input of the activation at the network's end, or its output where there is none. */
export function findLogits(network: NetworkGraph, graph: GraphView): Logits {
  let tensor = network.output;
  let activation: Activation | null = null;
  let node = graph.producer(tensor);
  for (; node && (RESHAPING.has(operator(node)) || operator(node) in ACTIVATIONS); node = graph.producer(tensor)) {
    const found = ACTIVATIONS[operator(node)];
    if (found && activation) break;
    // Logits begin at the activation's input; what only reshapes them before it stays part of them.
    if (found) activation = found;
    else if (activation || !leadsToActivation(graph, tensor)) break;
    tensor = inputName(node, 0);
  }
  return { activation, logits: tensor };
}

function leadsToActivation(graph: GraphView, start: string): boolean {
  let node = graph.producer(start);
  while (node && RESHAPING.has(operator(node))) node = graph.producer(inputName(node, 0));
  return node !== undefined && operator(node) in ACTIVATIONS;
}

import { Problem } from '../../errors.ts';
import type { GraphView } from './graph-view.ts';
import { findHead } from './head.ts';
import { type NetworkGraph, shown } from './network-graph.ts';
import { DATA_TYPE } from './proto.ts';

const FLOATING: readonly number[] = [DATA_TYPE.float, DATA_TYPE.float16, DATA_TYPE.double, DATA_TYPE.bfloat16];

/** More are no classifier's, and each is looked at. */
const MOST_OUTPUTS = 16;

/**
 * The output that is the logits or probabilities. Of several, those that are no floating-point tensors (a label, a map
 * from classes) do not count, nor those that another one is computed of (features, or logits beside probabilities). If
 * several are left, it is the only one with an exact class activation map.
 *
 * @throws Problem naming the outputs where that is not one
 */
export function chooseOutput(network: NetworkGraph, graph: GraphView): string {
  const outputs = network.proto.output ?? [];
  const all = outputs.map(({ name }) => name ?? '');
  if (all.length === 1) return all[0];
  const floating = outputs
    .filter(({ type }) => FLOATING.includes(type?.tensorType?.elemType ?? 0))
    .map(({ name }) => name ?? '');
  if (floating.length <= MOST_OUTPUTS) {
    const last = floating.filter((name) => !floating.some((other) => other !== name && dependsOn(graph, other, name)));
    if (last.length === 1) return last[0];
    const linear = last.filter((output) => hasHead({ ...network, output }, graph));
    if (linear.length === 1) return linear[0];
  }
  const names = all.slice(0, MOST_OUTPUTS).map((name) => `'${shown(name)}'`);
  throw new Problem(
    'unreadable-model',
    `should have 1 output, the logits or probabilities, found ${all.length}: ${names.join(', ')}`,
  );
}

function hasHead(network: NetworkGraph, graph: GraphView): boolean {
  try {
    findHead(network, undefined, graph);
    return true;
  } catch (error) {
    if (error instanceof Problem) return false;
    throw error;
  }
}

function dependsOn(graph: GraphView, tensor: string, other: string): boolean {
  const seen = new Set<string>();
  const open = [tensor];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    for (const input of graph.producer(name)?.input ?? []) {
      if (input === other) return true;
      if (!seen.has(input)) open.push(input);
      seen.add(input);
    }
  }
  return false;
}

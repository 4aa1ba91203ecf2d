import { Problem } from '../../errors.ts';
import { nodeTitle, shown } from './network-graph.ts';
import type { GraphProto, NodeProto } from './proto.ts';
import { checkSize, notFinite } from './tensor-values.ts';

/**
 * Checks that a graph can be read in the order of its nodes: each uses only what is there before it, and makes what
 * nobody else makes. So there is no cycle in it.
 *
 * @throws Problem naming the node
 */
export function checkOrder(graph: GraphProto): void {
  // '' stands for an optional input that is left out.
  const known = new Set(['', ...(graph.input ?? []).map(({ name }) => name ?? '')]);
  const constants = new Set<string>();
  for (const name of [...(graph.initializer ?? []), ...(graph.sparseInitializer ?? []).map(({ values }) => values)].map(
    (tensor) => tensor?.name ?? '',
  )) {
    if (constants.has(name)) throw new Problem('unreadable-model', `has two constants '${shown(name)}'`);
    constants.add(name);
    known.add(name);
  }
  const nodes = graph.node ?? [];
  for (const node of nodes) {
    checkNames(node);
    const missing = node.input?.find((name) => !known.has(name));
    if (missing !== undefined) {
      const isLater = nodes.some(({ output }) => output?.includes(missing));
      const reason = isLater ? 'which is only made after it' : 'which nothing makes';
      throw new Problem('unreadable-model', `${nodeTitle(node)} takes '${shown(missing)}', ${reason}`);
    }
    for (const output of node.output ?? []) {
      if (output !== '' && known.has(output)) {
        throw new Problem('unreadable-model', `${nodeTitle(node)} makes '${shown(output)}', which is there already`);
      }
      known.add(output);
    }
  }
  for (const { name } of graph.output ?? []) {
    if (!known.has(name ?? ''))
      throw new Problem('unreadable-model', `has an output '${shown(name)}' that nothing makes`);
  }
}

/** Names are shown, and runtimes put them into what they say. */
const LONGEST_NAME = 4096;

function checkNames({ name, opType, domain, input, output }: NodeProto): void {
  for (const text of [name, opType, domain, ...(input ?? []), ...(output ?? [])]) {
    if ((text?.length ?? 0) <= LONGEST_NAME) continue;
    throw new Problem('unreadable-model', `has a name of ${text?.length} characters, '${shown(text)}'`);
  }
}

/** Values of one tensor for one image: 4 GiB of them are more than any network of patches has. */
const MOST_VALUES = 2 ** 30;

/** @throws Problem where a node would make a tensor of absurd size, as far as sizes are known */
export function checkSizes(graph: GraphProto, shape: (tensor: string) => readonly (number | null)[] | null): void {
  for (const node of graph.node ?? []) {
    for (const output of node.output ?? []) {
      const sizes = shape(output) ?? [];
      const count = sizes.reduce<number>((product, size) => product * (size ?? 1), 1);
      if (count <= MOST_VALUES && sizes.every((size) => size === null || size >= 0)) continue;
      const shown = `[${sizes.map((size) => size ?? '?').join(', ')}]`;
      throw new Problem('unreadable-model', `${nodeTitle(node)} would make a tensor of shape ${shown}`);
    }
  }
}

/** @throws Problem where a constant is not whole, or holds NaN or infinity */
export function checkConstants(graph: GraphProto): void {
  for (const tensor of graph.initializer ?? []) {
    checkSize(tensor);
    const found = notFinite(tensor);
    if (!found) continue;
    const user = graph.node?.find(({ input }) => input?.includes(tensor.name ?? ''));
    const title = user ? nodeTitle(user) : 'the model';
    throw new Problem(
      'unreadable-model',
      `${title} has a weight '${shown(tensor.name)}' that is not finite: it holds ${found}`,
    );
  }
}

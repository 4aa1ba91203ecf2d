import type { NodeProto } from './proto.ts';

/** The nodes that some tensors depend on, in their order. */
export function liveNodes(nodes: readonly NodeProto[], tensors: readonly string[]): NodeProto[] {
  const wanted = new Set(tensors);
  const live: NodeProto[] = [];
  for (const node of [...nodes].reverse()) {
    if (!node.output?.some((output) => wanted.has(output))) continue;
    for (const input of node.input ?? []) wanted.add(input);
    for (const input of outerInputs(node)) wanted.add(input);
    live.push(node);
  }
  return live.reverse();
}

/** Tensors that a node's inner graphs (of If and Loop) take from around them; inner names among them do no harm. */
function outerInputs(node: NodeProto): string[] {
  return (node.attribute ?? []).flatMap(({ g }) =>
    (g?.node ?? []).flatMap((inner) => [...(inner.input ?? []), ...outerInputs(inner)]),
  );
}

import { RESHAPING } from './graph-view.ts';
import { inputName, operator } from './node.ts';
import type { GraphProto, NodeProto } from './proto.ts';

/**
 * The tensor that an If only reshapes, in whichever branch: PyTorch writes `x.squeeze()` so, where it does not know the
 * sizes. Null for any other node.
 */
export function reshapedBranches(node: NodeProto): string | null {
  if (operator(node) !== 'If' || node.output?.length !== 1) return null;
  const branches = (node.attribute ?? []).flatMap(({ g }) => (g ? [g] : []));
  const [first, ...others] = branches.map(reshapedTensor);
  return first !== undefined && others.every((tensor) => tensor === first) ? first : null;
}

/** What a graph with one output reshapes. */
function reshapedTensor({ node: nodes = [], output }: GraphProto): string | null {
  let tensor = output?.length === 1 ? (output[0].name ?? '') : '';
  for (const node of [...(nodes ?? [])].reverse()) {
    if (!node.output?.includes(tensor)) continue;
    if (!RESHAPING.has(operator(node))) return null;
    tensor = inputName(node, 0);
  }
  return tensor || null;
}

import type { NodeProto } from '../../models/onnx/proto.ts';
import { GraphNode } from './node.ts';
import { type HostValue, hostValue, sizeOf } from './value.ts';

/**
 * Merges a BatchNormalization into the convolution before it, where nothing else takes the convolution's result: one
 * pass over the map less, and less rounding.
 *
 * @param nodes in any order
 * @param constants by name; those of the merged convolutions are added
 * @param kept tensors that somebody outside the nodes takes
 */
export function foldNormalization(
  nodes: readonly NodeProto[],
  constants: Map<string, HostValue>,
  kept: ReadonlySet<string>,
): NodeProto[] {
  const takers = new Map<string, number>();
  for (const { input } of nodes) for (const name of input ?? []) takers.set(name, (takers.get(name) ?? 0) + 1);
  const normalizations = new Map<string, NodeProto>();
  for (const node of nodes) if (node.opType === 'BatchNormalization') normalizations.set(node.input?.[0] ?? '', node);
  const merged = new Set<NodeProto>();
  const result = nodes.map((node) => {
    const [output = ''] = node.output ?? [];
    const normalization = normalizations.get(output);
    if (node.opType !== 'Conv' || !normalization || takers.get(output) !== 1 || kept.has(output)) return node;
    const names = mergedConstants(node, normalization, constants);
    if (!names) return node;
    merged.add(normalization);
    return { ...node, input: [node.input?.[0] ?? '', ...names], output: [normalization.output?.[0] ?? ''] };
  });
  return result.filter((node) => !merged.has(node));
}

/** The names of a kernel and a bias that do both; null where anything about them is not the same at every run. */
function mergedConstants(
  convolution: NodeProto,
  normalization: NodeProto,
  constants: Map<string, HostValue>,
): [string, string] | null {
  const [, kernelName = '', biasName = ''] = convolution.input ?? [];
  const kernel = constants.get(kernelName);
  const bias = biasName === '' ? undefined : constants.get(biasName);
  const parameters = (normalization.input ?? []).slice(1, 5).map((name) => constants.get(name)?.read());
  const [gamma, beta, mean, variance] = parameters;
  if (!kernel || (biasName !== '' && !bias) || !gamma || !beta || !mean || !variance) return null;
  const outputs = kernel.shape[0];
  const described = new GraphNode(normalization, 0);
  if (gamma.length !== outputs || described.integer('training_mode', 0) !== 0) return null;
  const epsilon = described.float('epsilon', 1e-5);
  const factors = Array.from(gamma, (value, i) => value / Math.sqrt(variance[i] + epsilon));
  const each = sizeOf(kernel.shape) / outputs;
  const values = kernel.read().map((weight, i) => weight * factors[Math.floor(i / each)]);
  const offsets = bias?.read();
  const shifts = factors.map((factor, i) => ((offsets?.[i] ?? 0) - mean[i]) * factor + beta[i]);
  const names: [string, string] = [`${kernelName}, ${described.name}`, `${biasName}, ${described.name}, offset`];
  constants.set(names[0], hostValue('float32', kernel.shape, values));
  constants.set(names[1], hostValue('float32', [outputs], shifts));
  return names;
}

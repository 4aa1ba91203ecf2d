import type { GraphView } from './graph-view.ts';
import { operator } from './node.ts';
import { type GraphProto, makeTensor, type TensorProto } from './proto.ts';

/**
 * Where only weights are quantized, puts the weights as they are computed from in place of the nodes that compute them,
 * in place: every engine then runs the network. A network whose values are quantized too is left as it is, for a runtime
 * that computes in integers.
 */
export function dequantizeWeights(graph: GraphProto, view: GraphView): void {
  const nodes = graph.node ?? [];
  if (nodes.some((node) => operator(node) === 'QuantizeLinear')) return;
  const constants: TensorProto[] = [];
  graph.node = nodes.filter((node) => {
    const name = node.output?.[0] ?? '';
    const values = operator(node) === 'DequantizeLinear' ? view.constant(name) : null;
    if (values) constants.push(makeTensor(name, values.shape, values.values));
    return !values;
  });
  graph.initializer = [...(graph.initializer ?? []), ...constants];
}

import { booleanSetting, type LayerGraph, layerProblem, type NetworkTensor, numberSetting } from '../layer.ts';
import { unitVectors } from '../layers/statistics-normalization.ts';
import { arranged, featureAxes, storedAxes, storedAxis } from '../layout.ts';
import { type OperationCall, type OperationWriter, tensorOperand } from './operation.ts';

type Reduction = (x: string, axes: readonly number[], keepdims: number, graph: LayerGraph) => string;

const byAttribute =
  (operator: string): Reduction =>
  (x, axes, keepdims, graph) =>
    graph.node(operator, [x], { axes, keepdims });

const sum: Reduction = (x, axes, keepdims, graph) =>
  graph.node('ReduceSum', [x, graph.constant([axes.length], axes)], { keepdims });

const variance: Reduction = (x, axes, keepdims, graph) => {
  const centred = graph.node('Sub', [x, graph.node('ReduceMean', [x], { axes, keepdims: 1 })]);
  return graph.node('ReduceMean', [graph.node('Mul', [centred, centred])], { axes, keepdims });
};

/** By the names of Keras 3's classes. */
export const REDUCTION_OPERATIONS: Record<string, OperationWriter> = {
  Mean: reduced(byAttribute('ReduceMean')),
  Max: reduced(byAttribute('ReduceMax')),
  Amax: reduced(byAttribute('ReduceMax')),
  Min: reduced(byAttribute('ReduceMin')),
  Amin: reduced(byAttribute('ReduceMin')),
  Prod: reduced(byAttribute('ReduceProd')),
  Sum: reduced(sum),
  Var: reduced(variance),
  Std: reduced((x, axes, keepdims, graph) => graph.node('Sqrt', [variance(x, axes, keepdims, graph)])),
  Logsumexp: reduced(byAttribute('ReduceLogSumExp')),
  /** To unit length along the axes. */
  Normalize: (call, graph) => {
    const input = tensorOperand(call);
    if (numberSetting(call.layer, 'order', 2) !== 2) throw layerProblem(call.layer, 'has an order other than 2');
    const axes = reducedAxes(call, input, call.layer.config.axis ?? -1);
    return { name: unitVectors(input, axes, numberSetting(call.layer, 'epsilon', 1e-12), graph), shape: input.shape };
  },
};

function reducedAxes(call: OperationCall, input: NetworkTensor, axis: unknown): number[] {
  if (axis === undefined || axis === null) {
    throw layerProblem(call.layer, 'reduces the batch too, so one patch would change another');
  }
  return featureAxes(call.layer, axis, input.shape.length);
}

function reduced(write: Reduction): OperationWriter {
  return (call, graph) => {
    const input = tensorOperand(call);
    const rank = input.shape.length;
    const axes = reducedAxes(call, input, call.layer.config.axis);
    const stored = axes.map((axis) => storedAxis(rank, axis));
    if (booleanSetting(call.layer, 'keepdims', false)) {
      const shape = input.shape.map((size, i) => (axes.includes(i + 1) ? 1 : size));
      return { name: write(input.name, stored, 1, graph), shape };
    }
    const left = [...Array(rank + 1).keys()].filter((axis) => !axes.includes(axis));
    const held = storedAxes(rank)
      .filter((axis) => left.includes(axis))
      .map((axis) => left.indexOf(axis));
    const shape = input.shape.filter((_, i) => !axes.includes(i + 1));
    return arranged(write(input.name, stored, 0, graph), held, shape, graph);
  };
}

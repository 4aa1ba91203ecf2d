import { physicalAxis, shapeOf } from '../layout.ts';
import type { GraphNode, Operator } from '../node.ts';
import { required } from '../node.ts';
import { deviceValue, normalAxis, type Order, type Tensor, type Tf, type Value } from '../value.ts';
import type { Workspace } from '../workspace.ts';
import { reducedInWholePackets } from './packets.ts';

/** Keeps the axes, as 1. */
type Reduce = (tf: Tf, x: Tensor, axes: number[]) => Tensor;

const REDUCTIONS: Record<string, Reduce> = {
  ReduceMean: (tf, x, axes) => tf.mean(x, axes, true),
  ReduceSum: (tf, x, axes) => tf.sum(x, axes, true),
  ReduceMax: (tf, x, axes) => tf.max(x, axes, true),
  ReduceMin: (tf, x, axes) => tf.min(x, axes, true),
  ReduceProd: (tf, x, axes) => tf.prod(x, axes, true),
  ReduceL1: (tf, x, axes) => tf.sum(tf.abs(x), axes, true),
  ReduceL2: (tf, x, axes) => tf.sqrt(tf.sum(tf.square(x), axes, true)),
  ReduceSumSquare: (tf, x, axes) => tf.sum(tf.square(x), axes, true),
  ReduceLogSum: (tf, x, axes) => tf.log(tf.sum(x, axes, true)),
  ReduceLogSumExp: (tf, x, axes) => tf.logSumExp(x, axes, true),
};

function reduction(compute: Reduce): Operator {
  return (node) => {
    const keep = node.integer('keepdims', 1) !== 0;
    return (inputs, workspace) => {
      const x = required(node, inputs, 0);
      const axes = reducedAxes(node, x, inputs[1] ?? null, workspace);
      const { tf } = workspace;
      if (axes.length === 0) {
        const apart = tf.expandDims(workspace.logical(x), -1);
        return [deviceValue(tf.squeeze(compute(tf, apart, [apart.rank - 1]), [apart.rank - 1]))];
      }
      const order = keep ? orderOf(x) : orderWithout(x, axes);
      const physical = axes.map((axis) => physicalAxis(order, axis));
      const tensor = workspace.ordered(x, order);
      const result = reducedInWholePackets(tf, tensor, physical, (full) => compute(tf, full, physical));
      return [keep ? deviceValue(result, order) : deviceValue(tf.squeeze(result, physical))];
    };
  };
}

/** The attribute, until opset 12 to 17, or the input; all dimensions where neither names any. */
function reducedAxes(node: GraphNode, x: Value, input: Value | null, workspace: Workspace): number[] {
  const rank = shapeOf(x).length;
  const named = input ? Array.from(workspace.numbers(input)) : (node.integers('axes') ?? []);
  if (named.length > 0) return named.map((axis) => normalAxis(axis, rank));
  if (node.integer('noop_with_empty_axes', 0) !== 0) return [];
  return Array.from({ length: rank }, (_, axis) => axis);
}

/** The index of the largest or smallest number along a dimension; the first one of equals unless told otherwise. */
function extremum(find: (tf: Tf, x: Tensor, axis: number) => Tensor): Operator {
  return (node) => {
    const keep = node.integer('keepdims', 1) !== 0;
    const last = node.integer('select_last_index', 0) !== 0;
    return (inputs, workspace) => {
      const { tf } = workspace;
      const x = required(node, inputs, 0);
      const rank = shapeOf(x).length;
      const axis = normalAxis(node.integer('axis', 0), rank);
      const order = keep ? orderOf(x) : orderWithout(x, [axis]);
      const physical = physicalAxis(order, axis);
      const tensor = workspace.ordered(x, order);
      const found = last
        ? tf.sub(tensor.shape[physical] - 1, find(tf, tf.reverse(tensor, physical), physical))
        : find(tf, tensor, physical);
      const indices = tf.cast(found, 'int32');
      return [keep ? deviceValue(tf.expandDims(indices, physical), order) : deviceValue(indices)];
    };
  };
}

const cumulativeSum: Operator = (node) => (inputs, workspace) => {
  const x = required(node, inputs, 0);
  const axis = normalAxis(workspace.numbers(required(node, inputs, 1))[0], shapeOf(x).length);
  const [exclusive, reverse] = [node.integer('exclusive', 0) !== 0, node.integer('reverse', 0) !== 0];
  return [deviceValue(workspace.tf.cumsum(workspace.logical(x), axis, exclusive, reverse))];
};

export const REDUCTION: Record<string, Operator> = {
  ...Object.fromEntries(Object.entries(REDUCTIONS).map(([name, compute]) => [name, reduction(compute)])),
  ArgMax: extremum((tf, x, axis) => tf.argMax(x, axis)),
  ArgMin: extremum((tf, x, axis) => tf.argMin(x, axis)),
  CumSum: cumulativeSum,
};

function orderOf(x: Value): Order {
  return x.kind === 'device' ? x.order : 'logical';
}

/** The order in which what is left after removing dimensions is in the graph's: not with channels behind rows. */
function orderWithout(x: Value, removed: readonly number[]): Order {
  const space = [2, 3].some((axis) => !removed.includes(axis));
  return space && !removed.includes(1) ? 'logical' : orderOf(x);
}

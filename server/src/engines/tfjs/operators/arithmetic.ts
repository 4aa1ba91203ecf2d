import { shapeOf } from '../layout.ts';
import type { GraphNode, Operator } from '../node.ts';
import { required } from '../node.ts';
import { deviceValue, type Order, type Tensor, type Tf, type Value } from '../value.ts';
import type { Workspace } from '../workspace.ts';
import { inWholePackets } from './packets.ts';

type Binary = (tf: Tf, a: Tensor, b: Tensor, node: GraphNode) => Tensor;

const BINARY: Record<string, Binary> = {
  Add: (tf, a, b) => tf.add(a, b),
  Sub: (tf, a, b) => tf.sub(a, b),
  Mul: (tf, a, b) => tf.mul(a, b),
  Div: (tf, a, b) => tf.div(a, b),
  Mod: (tf, a, b, node) => {
    if (node.integer('fmod', 0) === 0) return tf.mod(a, b);
    const part = tf.mod(tf.abs(a), tf.abs(b));
    return tf.mul(tf.sign(a), part);
  },
  Equal: (tf, a, b) => tf.equal(a, b),
  Greater: (tf, a, b) => tf.greater(a, b),
  GreaterOrEqual: (tf, a, b) => tf.greaterEqual(a, b),
  Less: (tf, a, b) => tf.less(a, b),
  LessOrEqual: (tf, a, b) => tf.lessEqual(a, b),
  And: (tf, a, b) => tf.logicalAnd(a, b),
  Or: (tf, a, b) => tf.logicalOr(a, b),
  Xor: (tf, a, b) => tf.logicalXor(a, b),
};

/** Of any number of inputs, two at a time from the left. */
const VARIADIC: Record<string, Binary> = {
  Max: (tf, a, b) => tf.maximum(a, b),
  Min: (tf, a, b) => tf.minimum(a, b),
  Sum: (tf, a, b) => tf.add(a, b),
};

function binary(compute: Binary): Operator {
  return (node) => (inputs, workspace) => {
    const operands = [required(node, inputs, 0), required(node, inputs, 1)];
    const { tensors, order } = aligned(operands, workspace);
    return [deviceValue(compute(workspace.tf, tensors[0], tensors[1], node), order)];
  };
}

function variadic(compute: Binary): Operator {
  return (node) => (inputs, workspace) => {
    const { tensors, order } = aligned(present(node, inputs), workspace);
    return [
      deviceValue(
        tensors.reduce((left, right) => compute(workspace.tf, left, right, node)),
        order,
      ),
    ];
  };
}

const mean: Operator = (node) => (inputs, workspace) => {
  const { tensors, order } = aligned(present(node, inputs), workspace);
  const { tf } = workspace;
  const sum = tensors.reduce((left, right) => tf.add(left, right));
  return [deviceValue(tf.div(sum, tensors.length), order)];
};

/** The power has the type of the base. */
const power: Operator = (node) => (inputs, workspace) => {
  const { tf } = workspace;
  const [base, exponent] = [required(node, inputs, 0), required(node, inputs, 1)];
  const { tensors, order } = aligned([base, exponent], workspace);
  const [x, y] = tensors;
  const constant = workspace.isConstant(exponent) && y.size === 1 ? workspace.numbers(exponent)[0] : undefined;
  if (constant === 2) return [deviceValue(tf.square(x), order)];
  if (constant === 0.5) return [deviceValue(tf.sqrt(x), order)];
  if (constant !== undefined && x.dtype === 'float32') {
    return [deviceValue(inWholePackets((_, base) => tf.pow(base, constant))(tf, x), order)];
  }
  return [deviceValue(tf.cast(tf.pow(x, tf.cast(y, x.dtype)), x.dtype), order)];
};

/** x above 0, slope x below. */
const prelu: Operator = (node) => (inputs, workspace) => {
  const { tf } = workspace;
  const { tensors, order } = aligned([required(node, inputs, 0), required(node, inputs, 1)], workspace);
  const [x, slope] = tensors;
  return [deviceValue(tf.add(tf.relu(x), tf.mul(slope, tf.minimum(x, 0))), order)];
};

const where: Operator = (node) => (inputs, workspace) => {
  const operands = [0, 1, 2].map((i) => required(node, inputs, i));
  const { tensors, order } = aligned(operands, workspace);
  const [condition, a, b] = tensors;
  return [deviceValue(workspace.tf.where(workspace.tf.cast(condition, 'bool'), a, b), order)];
};

export const ARITHMETIC: Record<string, Operator> = {
  ...Object.fromEntries(Object.entries(BINARY).map(([name, compute]) => [name, binary(compute)])),
  ...Object.fromEntries(Object.entries(VARIADIC).map(([name, compute]) => [name, variadic(compute)])),
  Mean: mean,
  Pow: power,
  PRelu: prelu,
  Where: where,
};

/** Operands as tensors of one order, so that they broadcast as the graph means it. */
function aligned(operands: readonly Value[], workspace: Workspace): { tensors: Tensor[]; order: Order } {
  const order = commonOrder(operands);
  const tensors = operands.map((operand) => {
    // One number broadcasts in any order.
    const single = operand.kind === 'host' && operand.shape.length === 0;
    return single ? workspace.logical(operand) : workspace.ordered(operand, order);
  });
  return { tensors, order };
}

/** Channels-last as soon as one operand is so, for the others are mostly constants of a channel each. */
export function commonOrder(operands: readonly Value[]): Order {
  const fits = operands.every((operand) => shapeOf(operand).length <= 4);
  const some = operands.some((operand) => operand.kind === 'device' && operand.order === 'channels-last');
  return fits && some ? 'channels-last' : 'logical';
}

function present(node: GraphNode, inputs: readonly (Value | null)[]): Value[] {
  const values = inputs.filter((value) => value !== null);
  if (values.length === 0) throw node.problem('has no inputs');
  return values;
}

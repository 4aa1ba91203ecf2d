import { physicalAxis, shapeOf } from '../layout.ts';
import type { GraphNode, Kernel, Operator } from '../node.ts';
import { required } from '../node.ts';
import { deviceValue, normalAxis, sizeOf, type Tensor, type Tf, type Value } from '../value.ts';
import type { Workspace } from '../workspace.ts';
import { asRank1, asRank4 } from './ranks.ts';

/** In inference: scale (x - mean) / sqrt(variance + epsilon) + offset, per channel, the second dimension. */
const batchNormalization: Operator = (node) => {
  const epsilon = node.float('epsilon', 1e-5);
  if (node.integer('training_mode', 0) !== 0) throw node.problem('is in training mode');
  return (inputs, workspace) => {
    const { tf } = workspace;
    const x = required(node, inputs, 0);
    const rank = shapeOf(x).length;
    const [scale, offset, mean, variance] = [1, 2, 3, 4].map((i) =>
      asRank1(workspace.logical(required(node, inputs, i))),
    );
    if (rank === 4) {
      const image = asRank4(workspace.channelsLast(x));
      return [deviceValue(tf.batchNorm4d(image, mean, variance, offset, scale, epsilon), 'channels-last')];
    }
    const ones = new Array<number>(Math.max(rank - 2, 0)).fill(1);
    const channelwise = (tensor: Tensor) => tf.reshape(tensor, [tensor.size, ...ones]);
    const factor = tf.div(scale, tf.sqrt(tf.add(variance, epsilon)));
    const centred = tf.sub(workspace.logical(x), channelwise(mean));
    return [deviceValue(tf.add(tf.mul(centred, channelwise(factor)), channelwise(offset)))];
  };
};

/** Over all dimensions from `axis` on. */
const layerNormalization: Operator = (node) => {
  const epsilon = node.float('epsilon', 1e-5);
  if (node.outputs.slice(1).some((output) => output !== '')) throw node.problem('gives more than one output');
  return (inputs, workspace) => {
    const { tf } = workspace;
    const x = workspace.logical(required(node, inputs, 0));
    const first = normalAxis(node.integer('axis', -1), x.rank);
    const axes = Array.from({ length: x.rank - first }, (_, i) => first + i);
    const scaled = tf.mul(standardised(tf, x, axes, epsilon), workspace.logical(required(node, inputs, 1)));
    return [deviceValue(inputs[2] ? tf.add(scaled, workspace.logical(inputs[2])) : scaled)];
  };
};

/** Every channel of every image by its own mean and variance. */
const instanceNormalization: Operator = (node) => (inputs, workspace) => {
  const { tf } = workspace;
  const x = workspace.logical(required(node, inputs, 0));
  const axes = Array.from({ length: x.rank - 2 }, (_, i) => i + 2);
  const normal = standardised(tf, x, axes, node.float('epsilon', 1e-5));
  return [deviceValue(perChannel(node, tf, normal, inputs, workspace))];
};

/** Groups of channels; scale and offset are of groups until opset 20, of channels since. */
const groupNormalization: Operator = (node) => {
  const groups = node.integer('num_groups', 1);
  return (inputs, workspace) => {
    const { tf } = workspace;
    const x = workspace.logical(required(node, inputs, 0));
    const [batch, channels] = x.shape;
    const split = tf.reshape(x, [batch, groups, x.size / (batch * groups)]);
    const epsilon = node.float('epsilon', 1e-5);
    const normal = standardised(tf, split, [2], epsilon);
    if (sizeOf(shapeOf(required(node, inputs, 1))) === groups && groups !== channels) {
      const scaled = perChannel(node, tf, normal, inputs, workspace);
      return [deviceValue(tf.reshape(scaled, x.shape))];
    }
    return [deviceValue(perChannel(node, tf, tf.reshape(normal, x.shape), inputs, workspace))];
  };
};

/** x times input 1 plus input 2, each a number for every entry of the second dimension. */
function perChannel(
  node: GraphNode,
  tf: Tf,
  x: Tensor,
  inputs: readonly (Value | null)[],
  workspace: Workspace,
): Tensor {
  const [scale, offset] = [1, 2].map((i) => {
    const tensor = workspace.logical(required(node, inputs, i));
    return tf.reshape(tensor, [tensor.size, ...new Array<number>(x.rank - 2).fill(1)]);
  });
  return tf.add(tf.mul(x, scale), offset);
}

/** (x - mean) / sqrt(variance + epsilon) along some dimensions. */
function standardised(tf: Tf, x: Tensor, axes: number[], epsilon: number): Tensor {
  const centred = tf.sub(x, tf.mean(x, axes, true));
  const variance = tf.mean(tf.square(centred), axes, true);
  return tf.div(centred, tf.sqrt(tf.add(variance, epsilon)));
}

/** x / its norm along one dimension. */
const normNormalization: Operator = (node) => {
  const p = node.integer('p', 2);
  if (p !== 1 && p !== 2) throw node.problem(`takes the norm of order ${p}; 1 and 2 are computed`);
  return (inputs, workspace) => {
    const { tf } = workspace;
    const x = workspace.logical(required(node, inputs, 0));
    const axis = normalAxis(node.integer('axis', -1), x.rank);
    const norm = p === 1 ? tf.sum(tf.abs(x), axis, true) : tf.sqrt(tf.sum(tf.square(x), axis, true));
    return [deviceValue(tf.divNoNan(x, norm))];
  };
};

/** By the squares of neighbouring channels (Krizhevsky et al. 2012), an odd number of them. */
const localResponseNormalization: Operator = (node) => {
  const size = node.integer('size', 1);
  if (size % 2 !== 1) throw node.problem(`is over ${size} channels; an odd number is computed`);
  const reach = (size - 1) / 2;
  const [alpha, beta, bias] = [node.float('alpha', 1e-4), node.float('beta', 0.75), node.float('bias', 1)];
  return (inputs, workspace) => {
    const { tf } = workspace;
    const x = required(node, inputs, 0);
    const square = tf.square(workspace.channelsLast(x));
    const [, , , channels] = square.shape;
    const around = tf.pad(square, [
      [0, 0],
      [0, 0],
      [0, 0],
      [reach, reach],
    ]);
    const shifted = Array.from({ length: size }, (_, i) =>
      tf.slice(around, [0, 0, 0, i], [...square.shape.slice(0, 3), channels]),
    );
    const divisor = tf.pow(tf.add(tf.mul(tf.addN(shifted), alpha / size), bias), beta);
    return [deviceValue(tf.div(workspace.channelsLast(x), divisor), 'channels-last')];
  };
};

/** Since opset 13 along one dimension; before, over all from `axis` on. */
function softmax(compute: (tf: Tf, x: Tensor) => Tensor): Operator {
  return (node): Kernel =>
    (inputs, workspace) => {
      const { tf } = workspace;
      const x = required(node, inputs, 0);
      const shape = shapeOf(x);
      const axis = normalAxis(node.integer('axis', node.opset >= 13 ? -1 : 1), shape.length);
      if (node.opset < 13) {
        const flat = tf.reshape(workspace.logical(x), [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))]);
        return [deviceValue(tf.reshape(compute(tf, flat), [...shape]))];
      }
      const order = x.kind === 'device' ? x.order : 'logical';
      const physical = physicalAxis(order, axis);
      const tensor = workspace.ordered(x, order);
      const last = tensor.rank - 1;
      if (physical === last) return [deviceValue(compute(tf, tensor), order)];
      const swapped = tensor.shape.map((_, i) => (i === physical ? last : i === last ? physical : i));
      return [deviceValue(tf.transpose(compute(tf, tf.transpose(tensor, swapped)), swapped), order)];
    };
}

export const NORMALIZATION: Record<string, Operator> = {
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  InstanceNormalization: instanceNormalization,
  GroupNormalization: groupNormalization,
  LpNormalization: normNormalization,
  LRN: localResponseNormalization,
  Softmax: softmax((tf, x) => tf.softmax(x)),
  LogSoftmax: softmax((tf, x) => tf.logSoftmax(x)),
};

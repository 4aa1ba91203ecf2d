import type { GraphNode, Kernel, Operator } from '../node.ts';
import { required } from '../node.ts';
import { deviceValue, type Tensor, type Tf } from '../value.ts';
import { inWholePackets } from './packets.ts';

/** A function of each number alone. */
type Elementwise = (tf: Tf, x: Tensor) => Tensor;

/** Reads a node's attributes and gives the function. */
type WithAttributes = (node: GraphNode) => Elementwise;

/** Of SELU, Klambauer et al. 2017, as the ONNX specification rounds them. */
const SELU_ALPHA = 1.6732632423543772;
const SELU_GAMMA = 1.0507009873554805;

const PLAIN: Record<string, Elementwise> = {
  Identity: (_, x) => x,
  Relu: (tf, x) => tf.relu(x),
  Sigmoid: (tf, x) => tf.sigmoid(x),
  Tanh: (tf, x) => tf.tanh(x),
  Exp: (tf, x) => tf.exp(x),
  Log: (tf, x) => tf.log(x),
  Sqrt: (tf, x) => tf.sqrt(x),
  Reciprocal: (tf, x) => tf.reciprocal(x),
  Neg: (tf, x) => tf.neg(x),
  Abs: (tf, x) => tf.abs(x),
  Sign: (tf, x) => tf.sign(x),
  Floor: (tf, x) => tf.floor(x),
  Ceil: (tf, x) => tf.ceil(x),
  // Both round half to even.
  Round: (tf, x) => tf.round(x),
  Erf: (tf, x) => tf.erf(x),
  Sin: (tf, x) => tf.sin(x),
  Cos: (tf, x) => tf.cos(x),
  Tan: (tf, x) => tf.tan(x),
  Sinh: (tf, x) => tf.sinh(x),
  Cosh: (tf, x) => tf.cosh(x),
  Atan: (tf, x) => tf.atan(x),
  Softplus: (tf, x) => tf.softplus(x),
  Softsign: (tf, x) => tf.div(x, tf.add(tf.abs(x), 1)),
  HardSwish: (tf, x) => tf.mul(x, clamped(tf, tf.add(tf.mul(x, 1 / 6), 0.5), 0, 1)),
  Mish: (tf, x) => tf.mul(x, tf.tanh(tf.softplus(x))),
  Not: (tf, x) => tf.logicalNot(x),
  IsNaN: (tf, x) => tf.isNaN(x),
};

const WITH_ATTRIBUTES: Record<string, WithAttributes> = {
  Elu: (node) => exponentialUnit(node.float('alpha', 1), 1),
  Selu: (node) => exponentialUnit(node.float('alpha', SELU_ALPHA), node.float('gamma', SELU_GAMMA)),
  Celu: (node) => {
    const alpha = node.float('alpha', 1);
    return (tf, x) => tf.add(tf.relu(x), tf.mul(tf.expm1(tf.div(tf.minimum(x, 0), alpha)), alpha));
  },
  LeakyRelu: (node) => {
    const alpha = node.float('alpha', 0.01);
    return (tf, x) => tf.leakyRelu(x, alpha);
  },
  ThresholdedRelu: (node) => {
    const alpha = node.float('alpha', 1);
    return (tf, x) => tf.where(tf.greater(x, alpha), x, tf.zerosLike(x));
  },
  HardSigmoid: (node) => {
    const [alpha, beta] = [node.float('alpha', 0.2), node.float('beta', 0.5)];
    return (tf, x) => clamped(tf, tf.add(tf.mul(x, alpha), beta), 0, 1);
  },
  Gelu: (node) => (node.text('approximate', 'none') === 'tanh' ? tanhGelu : exactGelu),
  Swish: (node) => {
    const alpha = node.float('alpha', 1);
    return (tf, x) => tf.mul(x, tf.sigmoid(alpha === 1 ? x : tf.mul(x, alpha)));
  },
  Shrink: (node) => {
    const [bias, limit] = [node.float('bias', 0), node.float('lambd', 0.5)];
    return (tf, x) => {
      const shrunk = tf.sub(x, tf.mul(tf.sign(x), bias));
      return tf.where(tf.greater(tf.abs(x), limit), shrunk, tf.zerosLike(x));
    };
  },
};

/** Numbers between two bounds; an infinite one does not count. */
export function clamped(tf: Tf, x: Tensor, low: number, high: number): Tensor {
  if (low === 0) {
    if (high === Number.POSITIVE_INFINITY) return tf.relu(x);
    if (high === 6) return tf.relu6(x);
  }
  const bounded = low === Number.NEGATIVE_INFINITY ? x : tf.maximum(x, tf.scalar(low, boundType(x)));
  return high === Number.POSITIVE_INFINITY ? bounded : tf.minimum(bounded, tf.scalar(high, boundType(x)));
}

function boundType(x: Tensor): 'int32' | 'float32' {
  return x.dtype === 'int32' ? 'int32' : 'float32';
}

/** Clip with its bounds as attributes, up to opset 10, or as inputs. */
const clip: Operator = (node) => (inputs, workspace) => {
  const x = required(node, inputs, 0);
  const bound = (index: number, attribute: string, none: number) => {
    const value = inputs[index];
    const found = value ? workspace.numbers(value)[0] : node.float(attribute, none);
    // What float32 cannot exceed is no bound.
    return Math.abs(found) >= 3.4028234e38 ? Math.sign(found) * Number.POSITIVE_INFINITY : found;
  };
  const [low, high] = [bound(1, 'min', Number.NEGATIVE_INFINITY), bound(2, 'max', Number.POSITIVE_INFINITY)];
  const order = x.kind === 'device' ? x.order : 'logical';
  return [deviceValue(clamped(workspace.tf, workspace.ordered(x, order), low, high), order)];
};

/** In inference it does nothing; its mask, which some files name, is all true. */
const dropout: Operator = (node) => (inputs, workspace) => {
  const x = required(node, inputs, 0);
  if (!node.outputs[1]) return [x];
  const { tf } = workspace;
  return [x, deviceValue(tf.onesLike(tf.cast(workspace.logical(x), 'bool')))];
};

export const ELEMENTWISE: Record<string, Operator> = {
  ...Object.fromEntries(Object.entries(PLAIN).map(([name, compute]) => [name, () => kernel(name, compute)])),
  ...Object.fromEntries(
    Object.entries(WITH_ATTRIBUTES).map(([name, read]) => [name, (node: GraphNode) => kernel(name, read(node))]),
  ),
  Clip: clip,
  Dropout: dropout,
};

/**
 * Functions that the native backend approximates in one way for whole packets of numbers and in another for what is
 * left over at the end of a tensor. A patch must give the same bits alone as in a batch.
 */
const APPROXIMATED: ReadonlySet<string> = new Set([
  ...['Sigmoid', 'Tanh', 'Exp', 'Log', 'Reciprocal', 'Erf', 'Softplus', 'Mish', 'Elu', 'Selu', 'Celu', 'Gelu', 'Swish'],
  ...['Sin', 'Cos', 'Tan', 'Sinh', 'Cosh', 'Atan'],
]);

/** A kernel that leaves its input in the order in which it comes. */
function kernel(name: string, elementwise: Elementwise): Kernel {
  const compute = APPROXIMATED.has(name) ? inWholePackets(elementwise) : elementwise;
  return ([x], workspace) => {
    if (!x) throw new RangeError(`${name} has no input`);
    const order = x.kind === 'device' ? x.order : 'logical';
    return [deviceValue(compute(workspace.tf, workspace.ordered(x, order)), order)];
  };
}

/** gamma x above 0, gamma alpha (exp(x) - 1) below. */
function exponentialUnit(alpha: number, gamma: number): Elementwise {
  return (tf, x) => {
    const unit = tf.add(tf.relu(x), tf.mul(tf.expm1(tf.minimum(x, 0)), alpha));
    return gamma === 1 ? unit : tf.mul(unit, gamma);
  };
}

/** 0.5 x (1 + erf(x / sqrt 2)). */
function exactGelu(tf: Tf, x: Tensor): Tensor {
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
}

/** Hendrycks and Gimpel's approximation, arXiv 1606.08415. */
function tanhGelu(tf: Tf, x: Tensor): Tensor {
  const inner = tf.mul(tf.add(x, tf.mul(tf.mul(tf.square(x), x), 0.044715)), Math.sqrt(2 / Math.PI));
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1));
}

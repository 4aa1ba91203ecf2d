import { inputName } from '../../node.ts';
import { floatAttribute, stringAttribute } from '../../proto.ts';
import { type GradientRule, type GradientStep, outputName, Unsupported, unbroadcast } from '../gradient-rule.ts';
import type { GradientWriter } from '../gradient-writer.ts';

/** Writes the derivative of an element-wise function from its input x and its result y. */
type Derivative = (write: GradientWriter, x: string, y: string, step: GradientStep) => string;

const SELU_ALPHA = 1.6732632;
const SELU_GAMMA = 1.050701;

const DERIVATIVES: Record<string, Derivative> = {
  // At 0 the derivative is TensorFlow's, which is that of the side below.
  Relu: (write, x) => write.greater(x, write.scalar(0)),
  LeakyRelu: (write, x, _, { node }) => slopes(write, x, write.scalar(floatAttribute(node, 'alpha', 0.01))),
  ThresholdedRelu: (write, x, _, { node }) => write.greater(x, write.scalar(floatAttribute(node, 'alpha', 1))),
  Elu: (write, x, y, { node }) => slopes(write, x, write.add(y, write.scalar(floatAttribute(node, 'alpha', 1)))),
  Selu: (write, x, y, { node }) => {
    const gamma = floatAttribute(node, 'gamma', SELU_GAMMA);
    const below = write.less(x, write.scalar(0));
    const curved = write.add(y, write.scalar(gamma * floatAttribute(node, 'alpha', SELU_ALPHA)));
    return choose(write, below, curved, write.scalar(gamma));
  },
  // Below 0, y = alpha (e^(x / alpha) - 1): from y, for e^x is infinite where it does not count.
  Celu: (write, x, y, { node }) =>
    slopes(write, x, write.add(write.divide(y, write.scalar(floatAttribute(node, 'alpha', 1))), write.scalar(1))),
  Sigmoid: (write, _, y) => write.multiply(y, write.oneMinus(y)),
  HardSigmoid: (write, _, y, { node }) =>
    write.multiply(
      write.scalar(floatAttribute(node, 'alpha', 0.2)),
      within(write, y, write.scalar(0), write.scalar(1)),
    ),
  HardSwish: (write, x) => {
    const gate = write.node('HardSigmoid', [x], { alpha: { float: 1 / 6 }, beta: { float: 0.5 } });
    const slope = write.multiply(write.scalar(1 / 6), within(write, gate, write.scalar(0), write.scalar(1)));
    return write.add(gate, write.multiply(x, slope));
  },
  Swish: (write, x, _, { node }) => {
    const alpha = write.scalar(floatAttribute(node, 'alpha', 1));
    const gate = write.node('Sigmoid', [write.multiply(alpha, x)]);
    const bend = write.multiply(write.multiply(alpha, x), write.multiply(gate, write.oneMinus(gate)));
    return write.add(gate, bend);
  },
  Tanh: (write, _, y) => write.oneMinus(write.multiply(y, y)),
  Softplus: (write, x) => write.node('Sigmoid', [x]),
  Softsign: (write, x) => {
    const size = write.add(write.scalar(1), write.node('Abs', [x]));
    return write.node('Reciprocal', [write.multiply(size, size)]);
  },
  Mish: (write, x) => {
    const gate = write.node('Tanh', [write.node('Softplus', [x])]);
    const bend = write.multiply(write.node('Sigmoid', [x]), write.oneMinus(write.multiply(gate, gate)));
    return write.add(gate, write.multiply(x, bend));
  },
  Gelu: (write, x, _, { node }) => {
    if (stringAttribute(node, 'approximate') === 'tanh') return tanhGelu(write, x);
    const half = write.scalar(0.5);
    const scaled = write.multiply(x, write.scalar(Math.SQRT1_2));
    const share = write.multiply(half, write.add(write.scalar(1), write.node('Erf', [scaled])));
    return write.add(share, write.multiply(x, bell(write, scaled, 1 / Math.sqrt(2 * Math.PI))));
  },
  Exp: (_write, _x, y) => y,
  Log: (write, x) => write.node('Reciprocal', [x]),
  Sqrt: (write, _, y) => write.divide(write.scalar(0.5), y),
  Reciprocal: (write, _, y) => write.node('Neg', [write.multiply(y, y)]),
  Neg: (write) => write.scalar(-1),
  Abs: (write, x) => write.subtract(write.greater(x, write.scalar(0)), write.less(x, write.scalar(0))),
  Erf: (write, x) => bell(write, x, 2 / Math.sqrt(Math.PI)),
  Clip: (write, x, _, step) => {
    const bound = (index: number, attribute: string, otherwise: number) =>
      inputName(step.node, index) === ''
        ? write.scalar(floatAttribute(step.node, attribute, otherwise))
        : step.value(inputName(step.node, index));
    return within(write, x, bound(1, 'min', -LARGEST), bound(2, 'max', LARGEST));
  },
  PRelu: (write, x, _, step) => {
    if (step.depends(1)) throw new Unsupported('has slopes that depend on the image');
    const zero = write.scalar(0);
    const slope = write.multiply(write.less(x, zero), step.value(inputName(step.node, 1)));
    return write.add(write.greater(x, zero), slope);
  },
  Pow: (write, x, _, step) => {
    const { values } = step.constant(1);
    if (values.length !== 1) throw new Unsupported('has more than one exponent');
    const [exponent] = values;
    if (exponent === 1) return write.scalar(1);
    if (exponent === 2) return write.multiply(x, write.scalar(2));
    return write.multiply(write.scalar(exponent), write.node('Pow', [x, write.scalar(exponent - 1)]));
  },
};

/** Largest float32. */
const LARGEST = 3.4028234663852886e38;

/** Functions of one tensor, value by value: the gradient is multiplied by the derivative. */
export const ELEMENTWISE_RULES: Record<string, GradientRule> = Object.fromEntries(
  Object.entries(DERIVATIVES).map(([operator, derivative]): [string, GradientRule] => [
    operator,
    (step) => {
      const x = step.value(inputName(step.node, 0));
      const y = step.value(outputName(step));
      const gradient = step.writer.multiply(step.gradient, derivative(step.writer, x, y, step));
      return [step.depends(0) ? unbroadcast(step, gradient, 0) : null];
    },
  ]),
);

/** 1 where x > 0, `below` elsewhere. */
function slopes(write: GradientWriter, x: string, below: string): string {
  return choose(write, write.greater(x, write.scalar(0)), write.scalar(1), below);
}

/** `yes` where the mask is 1, `no` where it is 0. */
function choose(write: GradientWriter, mask: string, yes: string, no: string): string {
  return write.add(write.multiply(mask, yes), write.multiply(write.oneMinus(mask), no));
}

/** 1 where low < x < high: at the bounds 0, as TensorFlow has it for relu6. */
function within(write: GradientWriter, x: string, low: string, high: string): string {
  return write.multiply(write.greater(x, low), write.less(x, high));
}

/** height e^(-x^2). */
function bell(write: GradientWriter, x: string, height: number): string {
  return write.multiply(write.scalar(height), write.node('Exp', [write.node('Neg', [write.multiply(x, x)])]));
}

/** Of 0.5 x (1 + tanh(a (x + b x^3))). */
function tanhGelu(write: GradientWriter, x: string): string {
  const a = Math.sqrt(2 / Math.PI);
  const b = 0.044715;
  const square = write.multiply(x, x);
  const inner = write.multiply(x, write.add(write.scalar(a), write.multiply(write.scalar(a * b), square)));
  const tanh = write.node('Tanh', [inner]);
  const slope = write.add(write.scalar(a), write.multiply(write.scalar(3 * a * b), square));
  const bend = write.multiply(write.multiply(x, write.oneMinus(write.multiply(tanh, tanh))), slope);
  return write.multiply(write.scalar(0.5), write.add(write.add(write.scalar(1), tanh), bend));
}

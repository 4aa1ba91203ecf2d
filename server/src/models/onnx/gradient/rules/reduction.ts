import { inputName } from '../../node.ts';
import { integerAttribute } from '../../proto.ts';
import { axesOf, type GradientRule, type GradientStep, imageAxis, outputName, Unsupported } from '../gradient-rule.ts';

/** What was reduced over: axes of one image's tensor, and the shape that the result has with them kept as 1. */
interface Reduction {
  axes: number[];
  kept: number[];
  /** Values behind each result. */
  count: number;
}

/** Writes the gradient before a reduction from that behind it, which broadcasts against the input. */
type ReductionRule = (step: GradientStep, gradient: string, reduction: Reduction) => string;

const evenly =
  (share: (count: number) => number): ReductionRule =>
  (step, gradient, { axes, count }) => {
    const sizes = step.shape(0).map((size, axis) => (axes.includes(axis) ? size : 1));
    return step.writer.multiply(gradient, step.writer.filled(sizes, share(count)));
  };

/** Equal largest, or smallest, values share the gradient evenly, as in TensorFlow's reductions. */
const extreme =
  (comparison: 'less' | 'greater'): ReductionRule =>
  (step, gradient, reduction) => {
    const { writer } = step;
    const mask = writer.oneMinus(writer[comparison](input(step), result(step, reduction)));
    const count = writer.sum(
      mask,
      reduction.axes.map((axis) => axis + 1),
    );
    return writer.multiply(gradient, writer.divide(mask, count));
  };

const sum = evenly(() => 1);
const mean = evenly((count) => 1 / count);
const maximum = extreme('less');

const sumOfSquares: ReductionRule = (step, gradient) =>
  step.writer.multiply(gradient, step.writer.multiply(input(step), step.writer.scalar(2)));

/** sqrt(sum x^2). */
const length: ReductionRule = (step, gradient, reduction) => {
  const { writer } = step;
  // Of a vector of zeros the gradient is 0, not 0 / 0.
  const size = writer.node('Max', [result(step, reduction), writer.scalar(SMALLEST_LENGTH)]);
  return writer.multiply(gradient, writer.divide(input(step), size));
};

/** Below every length that float32 keeps its digits for. */
const SMALLEST_LENGTH = 1e-30;

const logSumExp: ReductionRule = (step, gradient, reduction) => {
  const { writer } = step;
  return writer.multiply(gradient, writer.node('Exp', [writer.subtract(input(step), result(step, reduction))]));
};

/** Softmax y: y (g - sum of g y). */
const softmax: GradientRule = (step) => {
  const { writer, gradient } = step;
  const y = step.value(outputName(step));
  const total = writer.sum(writer.multiply(gradient, y), softmaxAxes(step));
  return [writer.multiply(y, writer.subtract(gradient, total))];
};

/** Logarithm of softmax: g - softmax times the sum of g. */
const logSoftmax: GradientRule = (step) => {
  const { writer, gradient } = step;
  const share = writer.node('Exp', [step.value(outputName(step))]);
  return [writer.subtract(gradient, writer.multiply(share, writer.sum(gradient, softmaxAxes(step))))];
};

/** Operators whose results each come from many values. */
export const REDUCTION_RULES: Record<string, GradientRule> = {
  ReduceSum: along(sum),
  ReduceMean: along(mean),
  ReduceMax: along(maximum),
  ReduceMin: along(extreme('greater')),
  ReduceSumSquare: along(sumOfSquares),
  ReduceL2: along(length),
  ReduceLogSumExp: along(logSumExp),
  GlobalAveragePool: overMap(mean),
  GlobalMaxPool: overMap(maximum),
  Softmax: softmax,
  LogSoftmax: logSoftmax,
};

function along(rule: ReductionRule): GradientRule {
  return (step) => {
    const axes = axesOf(step);
    // Without axes a reduction is over everything, the images too, unless it is told to do nothing.
    if (!axes || axes.length === 0) {
      if (integerAttribute(step.node, 'noop_with_empty_axes', 0) !== 0) return [step.gradient];
      throw new Unsupported('mixes the images of a batch');
    }
    const dimensions = step.shape(0).length;
    return [reduced(step, rule, [...new Set(axes.map((axis) => imageAxis(axis, dimensions)))])];
  };
}

function overMap(rule: ReductionRule): GradientRule {
  return (step) => [
    reduced(
      step,
      rule,
      step
        .shape(0)
        .map((_, axis) => axis)
        .slice(1),
    ),
  ];
}

function reduced(step: GradientStep, rule: ReductionRule, axes: number[]): string {
  const shape = step.shape(0);
  const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const count = axes.reduce((total, axis) => total * shape[axis], 1);
  return rule(step, step.writer.reshapeGradient(step.gradient, kept), { axes, kept, count });
}

function input(step: GradientStep): string {
  return step.value(inputName(step.node, 0));
}

function result(step: GradientStep, { kept }: Reduction): string {
  return step.writer.reshape(step.value(outputName(step)), [-1, ...kept]);
}

/** Axes of the gradient along which a softmax adds up to 1. */
function softmaxAxes(step: GradientStep): number[] {
  const dimensions = step.shape(0).length;
  if (step.writer.opset >= 13) return [imageAxis(integerAttribute(step.node, 'axis', -1), dimensions) + 2];
  // Before, all dimensions from the axis on were taken as one.
  const first = imageAxis(integerAttribute(step.node, 'axis', 1), dimensions);
  return Array.from({ length: dimensions - first }, (_, i) => first + i + 2);
}

import { inputName } from '../../node.ts';
import { integerAttribute } from '../../proto.ts';
import { type GradientRule, type GradientStep, imageAxis, outputName, unbroadcast } from '../gradient-rule.ts';

const add: GradientRule = (step) => eachInput(step, () => step.gradient);

const mean: GradientRule = (step) => {
  const share = step.writer.multiply(step.gradient, step.writer.scalar(1 / (step.node.input?.length ?? 1)));
  return eachInput(step, () => share);
};

const subtract: GradientRule = (step) =>
  eachInput(step, (index) => (index === 0 ? step.gradient : step.writer.node('Neg', [step.gradient])));

const multiply: GradientRule = (step) =>
  eachInput(step, (index) => step.writer.multiply(step.gradient, step.value(inputName(step.node, 1 - index))));

const divide: GradientRule = (step) => {
  const { writer, gradient } = step;
  const quotient = writer.divide(gradient, step.value(inputName(step.node, 1)));
  return eachInput(step, (index) =>
    index === 0 ? quotient : writer.node('Neg', [writer.multiply(quotient, step.value(outputName(step)))]),
  );
};

/** The largest, or smallest, of several takes the whole gradient; the first of equal ones, as in TensorFlow. */
function extreme(comparison: 'less' | 'greater'): GradientRule {
  return (step) => {
    const { writer, node } = step;
    const result = step.value(outputName(step));
    let left: string | undefined;
    return eachInput(step, (index) => {
      const is = writer.oneMinus(writer[comparison](step.value(inputName(node, index)), result));
      const mask = left === undefined ? is : writer.multiply(is, left);
      left = left === undefined ? writer.oneMinus(is) : writer.multiply(left, writer.oneMinus(is));
      return writer.multiply(step.gradient, mask);
    });
  };
}

/** Which of two values is taken depends on a condition, by which there is no gradient. */
const where: GradientRule = (step) => {
  const { writer, gradient, node } = step;
  const mask = writer.toFloat(inputName(node, 0));
  const parts = eachInput(step, (index) =>
    index === 0 ? null : writer.multiply(gradient, index === 1 ? mask : writer.oneMinus(mask)),
  );
  return [null, ...parts.slice(1)];
};

const concat: GradientRule = (step) => {
  const axis = imageAxis(integerAttribute(step.node, 'axis', 1), step.shape(outputName(step)).length);
  let start = 0;
  return (step.node.input ?? []).map((_, index) => {
    const size = step.shape(index)[step.depends(index) ? axis : axis + 1];
    const positions = Array.from({ length: size }, (__, i) => start + i);
    start += size;
    return step.depends(index) ? step.writer.take(step.gradient, axis + 2, positions) : null;
  });
};

/** Operators that make one tensor of several. */
export const MERGING_RULES: Record<string, GradientRule> = {
  Add: add,
  Sum: add,
  Mean: mean,
  Sub: subtract,
  Mul: multiply,
  Div: divide,
  Max: extreme('less'),
  Min: extreme('greater'),
  Where: where,
  Concat: concat,
};

/** Asked for every input in order; only those that depend on the image are answered. */
function eachInput(step: GradientStep, gradientOf: (index: number) => string | null): (string | null)[] {
  return (step.node.input ?? []).map((_, index) => {
    const gradient = gradientOf(index);
    if (gradient === null || !step.depends(index)) return null;
    return unbroadcast(step, gradient, index);
  });
}

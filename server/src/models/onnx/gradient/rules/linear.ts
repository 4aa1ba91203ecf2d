import { inputName } from '../../node.ts';
import { floatAttribute, integerAttribute } from '../../proto.ts';
import { type GradientRule, type GradientStep, outputName, Unsupported, unbroadcast } from '../gradient-rule.ts';
import { groupOf, spreadWindows, windowSides } from '../windows.ts';

/** y = alpha x B + beta c, B as it is or transposed. */
const gemm: GradientRule = (step) => {
  const { node, writer } = step;
  if (integerAttribute(node, 'transA', 0) !== 0 || step.depends(1)) {
    throw new Unsupported('multiplies by something that depends on the image');
  }
  const transposed = integerAttribute(node, 'transB', 0) !== 0;
  const alpha = floatAttribute(node, 'alpha', 1);
  const beta = floatAttribute(node, 'beta', 1);
  const offset = () => (beta === 1 ? step.gradient : writer.multiply(step.gradient, writer.scalar(beta)));
  return [
    step.depends(0) ? throughMatrix(step, inputName(node, 1), transposed, alpha) : null,
    null,
    inputName(node, 2) !== '' && step.depends(2) ? unbroadcast(step, offset(), 2) : null,
  ];
};

const matMul: GradientRule = (step) => {
  const { node, writer, gradient } = step;
  if (step.depends(0) && !step.depends(1) && step.shape(1).length === 2) {
    return [throughMatrix(step, inputName(node, 1), false, 1), null];
  }
  const dimensions = step.shape(outputName(step)).length;
  const alike = [0, 1].every((index) => !step.depends(index) || step.shape(index).length === dimensions);
  if (!alike || dimensions < 2) throw new Unsupported('multiplies tensors of different numbers of dimensions');
  return [
    step.depends(0) ? unbroadcast(step, writer.node('MatMul', [gradient, turned(step, 1)]), 0) : null,
    step.depends(1) ? unbroadcast(step, writer.node('MatMul', [turned(step, 0), gradient]), 1) : null,
  ];
};

/** Gradient through x B: the matrix stays the one constant, used the other way round. */
function throughMatrix(step: GradientStep, matrix: string, transposed: boolean, alpha: number): string {
  const { writer } = step;
  const value = step.value(matrix);
  const shape = step.shape(0);
  if (step.isIdentity) {
    const rows = transposed ? value : writer.transpose(value, [1, 0]);
    const scaled = alpha === 1 ? rows : writer.multiply(rows, writer.scalar(alpha));
    return writer.reshapeGradient(scaled, shape);
  }
  const output = step.shape(outputName(step));
  const flat = writer.asBatch(step.gradient, output.slice(-1));
  // Before version 11 the third input was not optional.
  const operands = writer.opset < 11 ? [flat, value, writer.scalar(0)] : [flat, value];
  const back = writer.node('Gemm', operands, { alpha: { float: alpha }, transB: transposed ? 0 : 1 });
  return writer.reshapeGradient(back, shape);
}

/** An operand of a product with its last two dimensions exchanged. */
function turned(step: GradientStep, index: number): string {
  const tensor = inputName(step.node, index);
  const dimensions = step.shape(index).length + (step.depends(index) ? 1 : 0);
  if (dimensions < 2) throw new Unsupported('multiplies by a vector');
  const perm = Array.from({ length: dimensions }, (_, axis) => axis);
  perm.splice(-2, 2, dimensions - 1, dimensions - 2);
  return step.writer.transpose(step.value(tensor), perm);
}

const convolution: GradientRule = (step) => {
  const { node, writer } = step;
  if (step.depends(1)) throw new Unsupported('has filters that depend on the image');
  const shape = step.shape(0);
  const output = step.shape(outputName(step));
  const sides = windowSides(node, shape.slice(1), output.slice(1), step.shape(1).slice(2));
  const values = writer.asBatch(step.gradient, output);
  const back = spreadWindows(writer, values, step.value(inputName(node, 1)), sides, groupOf(node));
  return [writer.reshapeGradient(back, shape)];
};

/** The other way round than a convolution: its gradient is one. */
const transposedConvolution: GradientRule = (step) => {
  const { node, writer } = step;
  if (step.depends(1)) throw new Unsupported('has filters that depend on the image');
  const shape = step.shape(0);
  const output = step.shape(outputName(step));
  const kernel = step.shape(1).slice(2);
  const sides = windowSides(node, output.slice(1), shape.slice(1), kernel);
  if (node.attribute?.some(({ name }) => name === 'output_shape' || name === 'auto_pad')) {
    throw new Unsupported('says its padding by the size of its output');
  }
  const back = writer.node('Conv', [writer.asBatch(step.gradient, output), step.value(inputName(node, 1))], {
    kernel_shape: kernel,
    strides: sides.map(({ stride }) => stride),
    dilations: sides.map(({ dilation }) => dilation),
    pads: [...sides.map(({ before }) => before), ...sides.map(({ after }) => after)],
    group: groupOf(node),
  });
  return [writer.reshapeGradient(back, shape)];
};

/** In inference a scale for each channel: gamma / sqrt(variance + epsilon). */
const batchNormalization: GradientRule = (step) => {
  const { node, writer } = step;
  const gamma = step.constant(1).values;
  const variance = step.constant(4).values;
  const epsilon = floatAttribute(node, 'epsilon', 1e-5);
  const scale = gamma.map((value, i) => value / Math.sqrt(variance[i] + epsilon));
  const behind = step.shape(0).length - 1;
  return [writer.multiply(step.gradient, writer.constant([scale.length, ...new Array(behind).fill(1)], scale))];
};

/** y = scale (x - mean) / sqrt(variance + epsilon) + bias, mean and variance over the last dimensions. */
const layerNormalization: GradientRule = (step) => {
  const { node, writer } = step;
  if (step.depends(1)) throw new Unsupported('has a scale that depends on the image');
  const shape = step.shape(0);
  const axis = integerAttribute(node, 'axis', -1);
  const first = axis < 0 ? axis + shape.length + 1 : axis;
  if (first < 1) throw new Unsupported('mixes the images of a batch');
  const axes = shape.flatMap((_, i) => (i + 1 >= first ? [i + 1] : []));
  const share = writer.scalar(1 / axes.reduce((count, i) => count * shape[i - 1], 1));
  const meanOf = (tensor: string, along: readonly number[]) => writer.multiply(writer.sum(tensor, along), share);
  const x = step.value(inputName(node, 0));
  const centred = writer.subtract(x, meanOf(x, axes));
  const variance = meanOf(writer.multiply(centred, centred), axes);
  const epsilon = writer.scalar(floatAttribute(node, 'epsilon', 1e-5));
  const deviation = writer.node('Sqrt', [writer.add(variance, epsilon)]);
  const normed = writer.divide(centred, deviation);
  const inner = writer.multiply(step.gradient, step.value(inputName(node, 1)));
  const behind = axes.map((i) => i + 1);
  const level = meanOf(inner, behind);
  const slope = writer.multiply(normed, meanOf(writer.multiply(inner, normed), behind));
  return [writer.divide(writer.subtract(writer.subtract(inner, level), slope), deviation)];
};

/** Operators that multiply by weights. */
export const LINEAR_RULES: Record<string, GradientRule> = {
  Gemm: gemm,
  MatMul: matMul,
  Conv: convolution,
  ConvTranspose: transposedConvolution,
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
};

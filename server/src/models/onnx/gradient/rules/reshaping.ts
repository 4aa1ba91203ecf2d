import { inputName } from '../../node.ts';
import { DATA_TYPE, integerAttribute, integersAttribute, stringAttribute } from '../../proto.ts';
import { type GradientRule, imageAxis, outputName, Unsupported, unbroadcast } from '../gradient-rule.ts';

const FLOATS: readonly number[] = [DATA_TYPE.float, DATA_TYPE.float16, DATA_TYPE.double];

const same: GradientRule = (step) => [step.gradient];

/** The same numbers in the same order. */
const reshape: GradientRule = (step) => [step.writer.reshapeGradient(step.gradient, step.shape(0))];

const cast: GradientRule = (step) => {
  if (!FLOATS.includes(integerAttribute(step.node, 'to', 0))) throw new Unsupported('rounds to integers');
  return [step.gradient];
};

const transpose: GradientRule = (step) => {
  const dimensions = step.shape(0).length + 1;
  const perm = integersAttribute(step.node, 'perm') ?? Array.from({ length: dimensions }, (_, i) => dimensions - 1 - i);
  if (perm[0] !== 0) throw new Unsupported('moves the images of a batch to another dimension');
  const inverse = perm.map((_, axis) => perm.indexOf(axis) + 1);
  return [step.writer.transpose(step.gradient, [0, ...inverse])];
};

const expand: GradientRule = (step) => [unbroadcast(step, step.gradient, 0)];

/** Parts of a tensor along one axis, at constant places. */
const gather: GradientRule = (step) => {
  if (step.depends(1)) throw new Unsupported('takes values at places that depend on the image');
  const { shape, values } = step.constant(1);
  const dimensions = step.shape(0).length;
  const axis = imageAxis(integerAttribute(step.node, 'axis', 0), dimensions);
  const size = step.shape(0)[axis];
  const positions = Array.from(values, (position) => (position < 0 ? position + size : position));
  if (new Set(positions).size < positions.length || shape.length > 1) {
    throw new Unsupported('takes values more than once');
  }
  const kept = step.shape(0).map((length, i) => (i === axis ? positions.length : length));
  const parts = step.writer.reshapeGradient(step.gradient, kept);
  return [step.writer.place(parts, axis + 2, positions, size)];
};

const slice: GradientRule = (step) => {
  const { node } = step;
  const numbers = (index: number, attribute: string): number[] | null => {
    if (inputName(node, index) !== '') return Array.from(step.constant(index).values);
    return integersAttribute(node, attribute);
  };
  const starts = numbers(1, 'starts') ?? [];
  const ends = numbers(2, 'ends') ?? [];
  const axes = numbers(3, 'axes') ?? starts.map((_, i) => i);
  const steps = numbers(4, 'steps') ?? starts.map(() => 1);
  const shape = step.shape(0);
  let gradient = step.gradient;
  for (const [i, axis] of axes.entries()) {
    const along = imageAxis(axis, shape.length);
    const positions = slicePositions(shape[along], starts[i], ends[i], steps[i]);
    if (positions.length < shape[along]) gradient = step.writer.place(gradient, along + 2, positions, shape[along]);
  }
  return [gradient];
};

/** As Python's range(length)[start:end:step]. */
function slicePositions(length: number, start: number, end: number, step: number): number[] {
  if (step < 1) throw new Unsupported('takes values backwards');
  const bound = (value: number) => Math.min(length, Math.max(0, value < 0 ? value + length : value));
  const positions: number[] = [];
  for (let position = bound(start); position < bound(end); position += step) positions.push(position);
  return positions;
}

/** The gradient by one part; the other parts give theirs apart. */
const split: GradientRule = (step) => {
  const shape = step.shape(0);
  const axis = imageAxis(integerAttribute(step.node, 'axis', 0), shape.length);
  const sizes = (step.node.output ?? []).map((name) => step.shape(name)[axis]);
  const start = sizes.slice(0, step.output).reduce((sum, size) => sum + size, 0);
  const positions = Array.from({ length: sizes[step.output] }, (_, i) => start + i);
  return [step.writer.place(step.gradient, axis + 2, positions, shape[axis])];
};

/** What was added around the values has no gradient. */
const pad: GradientRule = (step) => {
  const mode = stringAttribute(step.node, 'mode') ?? '';
  if (mode !== '' && mode !== 'constant') throw new Unsupported(`pads by '${mode}'`);
  const pads = integersAttribute(step.node, 'pads') ?? Array.from(step.constant(1).values);
  if (inputName(step.node, 3) !== '') throw new Unsupported('pads along axes that an input names');
  const shape = step.shape(0);
  const output = step.shape(outputName(step));
  let gradient = step.gradient;
  for (const [axis, size] of shape.entries()) {
    if (output[axis] === size) continue;
    const before = pads[axis + 1];
    if (before < 0 || before + size > output[axis]) throw new Unsupported('pads by less than nothing');
    gradient = step.writer.take(
      gradient,
      axis + 2,
      Array.from({ length: size }, (_, i) => before + i),
    );
  }
  return [gradient];
};

/** Operators that move values about without changing them. */
export const RESHAPING_RULES: Record<string, GradientRule> = {
  Identity: same,
  Dropout: same,
  Cast: cast,
  Flatten: reshape,
  Reshape: reshape,
  Squeeze: reshape,
  Unsqueeze: reshape,
  Transpose: transpose,
  Expand: expand,
  Gather: gather,
  Slice: slice,
  Split: split,
  Pad: pad,
};

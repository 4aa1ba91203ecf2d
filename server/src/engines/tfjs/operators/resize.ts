import { physicalAxis, shapeOf } from '../layout.ts';
import type { GraphNode, Kernel, Operator } from '../node.ts';
import { required } from '../node.ts';
import { deviceValue, normalAxis, type Tensor, type Tf, type Value } from '../value.ts';
import type { Workspace } from '../workspace.ts';

/** For each number of the output along a dimension, the numbers of the input it is made of, and their weights. */
interface Taps {
  /** One list for each tap, of as many places as the output has. */
  places: number[][];
  weights: number[][];
}

/** Where a number of the output lies in the input. */
type Coordinates = (place: number, scale: number, input: number, output: number) => number;

const COORDINATES: Record<string, Coordinates> = {
  half_pixel: (place, scale) => float(float(place + 0.5) / scale) - 0.5,
  pytorch_half_pixel: (place, scale, _, output) => (output > 1 ? float(float(place + 0.5) / scale) - 0.5 : 0),
  half_pixel_symmetric: (place, scale, input, output) => {
    const adjustment = output / (scale * input);
    const offset = (input / 2) * (1 - adjustment);
    return offset + (place + 0.5) / scale - 0.5;
  },
  align_corners: (place, _, input, output) => (output > 1 ? float(place * (input - 1)) / (output - 1) : 0),
  asymmetric: (place, scale) => float(place / scale),
};

const NEAREST: Record<string, (x: number) => number> = {
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

/** Resize since opset 11, and as it was in opset 10; Upsample before. */
const resize: Operator = (node) => {
  const modern = node.operator === 'Resize' && node.opset >= 11;
  const mode = node.text('mode', 'nearest');
  const named = modern ? node.text('coordinate_transformation_mode', 'half_pixel') : 'asymmetric';
  const coordinates = COORDINATES[named];
  const rounding = NEAREST[modern ? node.text('nearest_mode', 'round_prefer_floor') : 'floor'];
  if (!coordinates || !rounding) throw node.problem(`has the unknown coordinate_transformation_mode '${named}'`);
  if (!['nearest', 'linear', 'bilinear', 'cubic'].includes(mode)) throw node.problem(`has mode '${mode}'`);
  if (node.integer('antialias', 0) !== 0) throw node.problem('has antialias, which is not computed');
  const policy = node.text('keep_aspect_ratio_policy', 'stretch');
  if (policy !== 'stretch') throw node.problem(`has keep_aspect_ratio_policy '${policy}'; stretch is computed`);
  return resizing(node, (output, input, scale) => {
    const at = Array.from({ length: output }, (_, place) => float(coordinates(place, scale, input, output)));
    if (mode === 'nearest') return { places: [at.map((x) => inside(rounding(x), input))], weights: [at.map(() => 1)] };
    return mode === 'cubic' ? cubicTaps(node, at, input) : linearTaps(at, input);
  });
};

function resizing(node: GraphNode, taps: (output: number, input: number, scale: number) => Taps): Kernel {
  return (inputs, workspace) => {
    const x = required(node, inputs, 0);
    const shape = shapeOf(x);
    const order = x.kind === 'device' ? x.order : 'logical';
    return [
      deviceValue(
        sizes(node, shape, inputs, workspace).reduce(
          (tensor, { output, scale }, axis) =>
            output === shape[axis] && scale === 1
              ? tensor
              : resizedAlong(workspace.tf, tensor, physicalAxis(order, axis), taps(output, shape[axis], scale)),
          workspace.ordered(x, order),
        ),
        order,
      ),
    ];
  };
}

/** What a file says: scales or sizes, of all dimensions or of those in `axes`. */
function sizes(
  node: GraphNode,
  shape: readonly number[],
  inputs: readonly (Value | null)[],
  workspace: Workspace,
): { output: number; scale: number }[] {
  const numbers = (value: Value | null | undefined) => (value ? Array.from(workspace.numbers(value)) : []);
  const modern = node.operator === 'Resize' && node.opset >= 11;
  const scales = modern ? numbers(inputs[2]) : inputs[1] ? numbers(inputs[1]) : (node.floats('scales') ?? []);
  const lengths = modern ? numbers(inputs[3]) : [];
  const axes = node.has('axes') ? (node.integers('axes') ?? []) : shape.map((_, axis) => axis);
  const result = shape.map((length) => ({ output: length, scale: 1 }));
  const given = lengths.length > 0 ? lengths : scales;
  if (given.length !== axes.length) throw node.problem(`has ${given.length} sizes for ${axes.length} dimensions`);
  for (const [i, named] of axes.entries()) {
    const axis = normalAxis(named, shape.length);
    const output = lengths.length > 0 ? lengths[i] : Math.floor(float(shape[axis] * scales[i]));
    if (!(output >= 1 && output <= 2 ** 16)) throw node.problem(`resizes ${shape[axis]} to ${output}`);
    result[axis] = { output, scale: lengths.length > 0 ? float(output / shape[axis]) : scales[i] };
  }
  return result;
}

function linearTaps(at: readonly number[], input: number): Taps {
  const clamped = at.map((x) => Math.min(Math.max(x, 0), input - 1));
  const low = clamped.map(Math.floor);
  const part = clamped.map((x, i) => x - low[i]);
  return {
    places: [low, low.map((place) => inside(place + 1, input))],
    weights: [part.map((weight) => 1 - weight), part],
  };
}

/** Keys 1981, with the coefficient of the file. */
function cubicTaps(node: GraphNode, at: readonly number[], input: number): Taps {
  const a = node.float('cubic_coeff_a', -0.75);
  const exclude = node.integer('exclude_outside', 0) !== 0;
  const places = [-1, 0, 1, 2].map((offset) => at.map((x) => Math.floor(x) + offset));
  const weights = places.map((list) => list.map((place, i) => cubic(Math.abs(at[i] - place), a)));
  if (exclude) {
    for (let i = 0; i < at.length; i++) {
      const within = places.map((list) => list[i] >= 0 && list[i] < input);
      const sum = weights.reduce((total, list, tap) => total + (within[tap] ? list[i] : 0), 0);
      for (const [tap, list] of weights.entries()) list[i] = within[tap] ? list[i] / sum : 0;
    }
  }
  return { places: places.map((list) => list.map((place) => inside(place, input))), weights };
}

function cubic(x: number, a: number): number {
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

function resizedAlong(tf: Tf, x: Tensor, axis: number, { places, weights }: Taps): Tensor {
  const parts = places.map((list, tap) => {
    const taken = tf.gather(x, tf.tensor1d(list, 'int32'), axis);
    if (places.length === 1) return taken;
    const shape = x.shape.map((_, i) => (i === axis ? list.length : 1));
    return tf.mul(taken, tf.tensor(weights[tap], shape));
  });
  return parts.reduce((sum, part) => tf.add(sum, part));
}

function inside(place: number, length: number): number {
  return Math.min(Math.max(place, 0), length - 1);
}

/** The runtimes that a file was made for compute coordinates in float32, which decides what lies on the border. */
function float(value: number): number {
  return Math.fround(value);
}

export const RESIZE: Record<string, Operator> = { Resize: resize, Upsample: resize };

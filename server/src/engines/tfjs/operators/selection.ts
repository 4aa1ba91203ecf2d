import { physicalAxis, physicalOrder, shapeOf } from '../layout.ts';
import type { Operator } from '../node.ts';
import { required } from '../node.ts';
import { DEVICE_TYPE, deviceValue, normalAxis, type Order, type Tensor, type Tf, type Value } from '../value.ts';
import type { Workspace } from '../workspace.ts';
import { commonOrder } from './arithmetic.ts';

const gather: Operator = (node) => (inputs, workspace) => {
  const { tf } = workspace;
  const [x, indices] = [required(node, inputs, 0), required(node, inputs, 1)];
  const shape = shapeOf(x);
  const axis = normalAxis(node.integer('axis', 0), shape.length);
  // Only a list of indices leaves as many dimensions as there were.
  const order = shapeOf(indices).length === 1 ? orderOf(x) : 'logical';
  const from = tf.cast(workspace.logical(indices), 'int32');
  const wrapped = tf.where(tf.less(from, 0), tf.add(from, tf.scalar(shape[axis], 'int32')), from);
  return [deviceValue(tf.gather(workspace.ordered(x, order), wrapped, physicalAxis(order, axis)), order)];
};

/** Bounds as attributes until opset 9, as inputs since. */
const slice: Operator = (node) => (inputs, workspace) => {
  const x = required(node, inputs, 0);
  const shape = shapeOf(x);
  const numbers = (index: number, attribute: string) => {
    const input = inputs[index];
    return input ? Array.from(workspace.numbers(input)) : node.has(attribute) ? node.integers(attribute) : null;
  };
  const [starts, ends] = [numbers(1, 'starts'), numbers(2, 'ends')];
  if (!starts || starts.length !== ends?.length) throw node.problem('has not as many starts as ends');
  const axes = (numbers(3, 'axes') ?? starts.map((_, i) => i)).map((axis) => normalAxis(axis, shape.length));
  const steps = numbers(4, 'steps') ?? starts.map(() => 1);
  const parts = shape.map((length) => ({ start: 0, count: length, step: 1 }));
  for (const [i, axis] of axes.entries()) parts[axis] = slicePart(shape[axis], starts[i], ends[i], steps[i]);
  const order = orderOf(x);
  return [deviceValue(sliced(workspace.tf, workspace.ordered(x, order), physicalOrder(order, parts)), order)];
};

/** What a slice takes of a dimension: `count` numbers from `start`, `step` apart. */
interface SlicePart {
  start: number;
  count: number;
  step: number;
}

/** Bounds count from the end where they are negative, and are clamped to the dimension. */
export function slicePart(length: number, start: number, end: number, step: number): SlicePart {
  const wrap = (bound: number) => (bound < 0 ? bound + length : bound);
  if (step === 0) throw new RangeError('a slice with step 0');
  if (step > 0) {
    const [first, last] = [wrap(start), wrap(end)].map((bound) => Math.min(Math.max(bound, 0), length));
    return { start: first, count: Math.max(Math.ceil((last - first) / step), 0), step };
  }
  const first = Math.min(Math.max(wrap(start), 0), length - 1);
  const last = Math.min(Math.max(wrap(end), -1), length - 1);
  return { start: first, count: Math.max(Math.ceil((last - first) / step), 0), step };
}

function sliced(tf: Tf, x: Tensor, parts: readonly SlicePart[]): Tensor {
  const backwards = parts.flatMap(({ step }, axis) => (step < 0 ? [axis] : []));
  const turned = backwards.length > 0 ? tf.reverse(x, backwards) : x;
  const begin = parts.map(({ start, step }, axis) => (step < 0 ? x.shape[axis] - 1 - start : start));
  const counts = parts.map(({ count }) => count);
  const steps = parts.map(({ step }) => Math.abs(step));
  if (steps.every((step) => step === 1) || counts.some((count) => count === 0)) {
    return tf.slice(turned, counts.some((count) => count === 0) ? counts.map(() => 0) : begin, counts);
  }
  const end = begin.map((start, axis) => start + (counts[axis] - 1) * steps[axis] + 1);
  return tf.stridedSlice(turned, begin, end, steps);
}

const concat: Operator = (node) => (inputs, workspace) => {
  const values = inputs.filter((value) => value !== null);
  if (values.length === 0) throw node.problem('has no inputs');
  const axis = normalAxis(node.integer('axis', 1), shapeOf(values[0]).length);
  const order = shapeOf(values[0]).length === 4 ? commonOrder(values) : 'logical';
  const tensors = values.map((value) => workspace.ordered(value, order));
  return [deviceValue(workspace.tf.concat(tensors, physicalAxis(order, axis)), order)];
};

/** Sizes as an attribute until opset 12, as an input since; equal ones where there are none. */
const split: Operator = (node) => (inputs, workspace) => {
  const x = required(node, inputs, 0);
  const shape = shapeOf(x);
  const axis = normalAxis(node.integer('axis', 0), shape.length);
  const said = inputs[1] ? Array.from(workspace.numbers(inputs[1])) : node.integers('split');
  const parts = node.outputs.length;
  const each = Math.ceil(shape[axis] / parts);
  const equal = Array.from({ length: parts }, (_, i) => (i < parts - 1 ? each : shape[axis] - each * (parts - 1)));
  const sizes = said && said.length > 0 ? said : equal;
  const order = orderOf(x);
  const tensors = workspace.tf.split(workspace.ordered(x, order), sizes, physicalAxis(order, axis));
  return tensors.map((tensor) => deviceValue(tensor, order));
};

/** Pads as an attribute until opset 10, as an input since; negative ones cut off. */
const pad: Operator = (node) => {
  const mode = node.text('mode', 'constant');
  if (!['constant', 'reflect', 'edge', 'wrap'].includes(mode)) throw node.problem(`has mode '${mode}'`);
  return (inputs, workspace) => {
    const x = required(node, inputs, 0);
    const rank = shapeOf(x).length;
    const all = inputs[1] ? Array.from(workspace.numbers(inputs[1])) : (node.integers('pads') ?? []);
    const axes = inputs[3] ? Array.from(workspace.numbers(inputs[3])) : Array.from({ length: rank }, (_, i) => i);
    if (all.length !== 2 * axes.length) throw node.problem(`has ${all.length} pads for ${axes.length} dimensions`);
    const sides: [number, number][] = Array.from({ length: rank }, () => [0, 0]);
    for (const [i, axis] of axes.entries()) sides[normalAxis(axis, rank)] = [all[i], all[i + axes.length]];
    const value = inputs[2] ? workspace.numbers(inputs[2])[0] : node.float('value', 0);
    const order = orderOf(x);
    const tensor = workspace.ordered(x, order);
    return [deviceValue(padded(workspace.tf, tensor, physicalOrder(order, sides), mode, value), order)];
  };
};

function padded(tf: Tf, x: Tensor, sides: [number, number][], mode: string, value: number): Tensor {
  if (mode !== 'constant') {
    return sides.reduce((tensor, [before, after], axis) => {
      if (before === 0 && after === 0) return tensor;
      const length = tensor.shape[axis];
      const places = Array.from({ length: before + length + after }, (_, i) => sourceOf(i - before, length, mode));
      return tf.gather(tensor, tf.tensor1d(places, 'int32'), axis);
    }, x);
  }
  const cut = sides.some(([before, after]) => before < 0 || after < 0);
  const begin = sides.map(([before]) => Math.max(-before, 0));
  const counts = sides.map(([, after], axis) => x.shape[axis] - begin[axis] - Math.max(-after, 0));
  const added = sides.map(([before, after]): [number, number] => [Math.max(before, 0), Math.max(after, 0)]);
  return tf.pad(cut ? tf.slice(x, begin, counts) : x, added, value);
}

/** Which number stands at a place before, in or after a dimension. */
function sourceOf(place: number, length: number, mode: string): number {
  if (mode === 'edge') return Math.min(Math.max(place, 0), length - 1);
  if (mode === 'wrap') return ((place % length) + length) % length;
  const period = Math.max(2 * (length - 1), 1);
  const folded = ((place % period) + period) % period;
  return folded < length ? folded : period - folded;
}

const oneHot: Operator = (node) => (inputs, workspace) => {
  const { tf } = workspace;
  const [indices, depth, values] = [0, 1, 2].map((i) => required(node, inputs, i));
  const count = workspace.numbers(depth)[0];
  const from = tf.cast(workspace.logical(indices), 'int32');
  const wrapped = tf.where(tf.less(from, 0), tf.add(from, tf.scalar(count, 'int32')), from);
  const [off, on] = workspace.numbers(values);
  const last = tf.oneHot(wrapped, count, on, off, typeOf(values, workspace));
  const axis = normalAxis(node.integer('axis', -1), last.rank);
  const order = Array.from({ length: last.rank - 1 }, (_, i) => i);
  order.splice(axis, 0, last.rank - 1);
  return [deviceValue(tf.transpose(last, order))];
};

function typeOf(value: Value, workspace: Workspace): 'float32' | 'int32' {
  const type = value.kind === 'host' ? DEVICE_TYPE[value.type] : workspace.logical(value).dtype;
  return type === 'int32' ? 'int32' : 'float32';
}

export const SELECTION: Record<string, Operator> = {
  Gather: gather,
  Slice: slice,
  Concat: concat,
  Split: split,
  Pad: pad,
  OneHot: oneHot,
};

function orderOf(x: Value): Order {
  return x.kind === 'device' ? x.order : 'logical';
}

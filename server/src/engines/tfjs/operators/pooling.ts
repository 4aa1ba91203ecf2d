import { physicalAxis, shapeOf } from '../layout.ts';
import type { GraphNode, Kernel, Operator } from '../node.ts';
import { required } from '../node.ts';
import { deviceValue, type Order, type Tensor, type Tensor4D, type Tf, type Value } from '../value.ts';
import { reducedInWholePackets } from './packets.ts';
import { asRank4, liftedShape, withoutRows } from './ranks.ts';
import { isSame, isUnpadded, overhang, type Pair, pairAttribute, placeWindows, type Windows } from './windows.ts';

type Pool = (tf: Tf, image: Tensor4D, windows: Windows, node: GraphNode) => Tensor;

export const POOLING: Record<string, Operator> = {
  MaxPool: pool(maximum),
  AveragePool: pool(average),
  GlobalAveragePool: globalPool((tf, x, axes) => tf.mean(x, axes, true)),
  GlobalMaxPool: globalPool((tf, x, axes) => tf.max(x, axes, true)),
};

function pool(compute: Pool): Operator {
  return (node) => {
    if (node.outputs[1]) throw node.problem('gives the places of its maxima, which are not computed');
    if (!node.has('kernel_shape')) throw node.problem('has no kernel_shape');
    const size = pairAttribute(node, 'kernel_shape', [1, 1]);
    return (inputs, workspace) => {
      const x = required(node, inputs, 0);
      const [, , rows, columns] = liftedShape(node, shapeOf(x));
      const windows = placeWindows(node, [rows, columns], size);
      const image = asRank4(workspace.channelsLast(withoutRows(node, x, workspace)));
      const output = deviceValue(compute(workspace.tf, image, windows, node), 'channels-last');
      return [shapeOf(x).length === 4 ? output : deviceValue(workspace.tf.squeeze(workspace.logical(output), [2]))];
    };
  };
}

/** The largest number under each window; padding is none. */
function maximum(tf: Tf, image: Tensor4D, windows: Windows): Tensor {
  const input = sizeOf(image);
  const { size, strides } = windows;
  if (isPlain(windows)) {
    if (isSame(windows, input)) return tf.maxPool(image, [...size], [...strides], 'same');
    return tf.maxPool(padded(tf, image, windows, Number.NEGATIVE_INFINITY), [...size], [...strides], 'valid');
  }
  return overTaps(tf, padded(tf, image, windows, Number.NEGATIVE_INFINITY), windows, (a, b) => tf.maximum(a, b));
}

/** The mean under each window: of the numbers, or of the zeros padded too where count_include_pad says so. */
function average(tf: Tf, image: Tensor4D, windows: Windows, node: GraphNode): Tensor {
  const input = sizeOf(image);
  const { size, strides } = windows;
  const withPadding = node.integer('count_include_pad', 0) === 1;
  if (isPlain(windows) && overhang(windows, input).every((length) => length === 0)) {
    if (isUnpadded(windows)) return tf.avgPool(image, [...size], [...strides], 'valid');
    // TensorFlow's own padding never counts.
    if (!withPadding && isSame(windows, input)) return tf.avgPool(image, [...size], [...strides], 'same');
    if (withPadding) return tf.avgPool(padded(tf, image, windows, 0), [...size], [...strides], 'valid');
  }
  const sums = isPlain(windows)
    ? tf.mul(tf.avgPool(padded(tf, image, windows, 0), [...size], [...strides], 'valid'), size[0] * size[1])
    : overTaps(tf, padded(tf, image, windows, 0), windows, (a, b) => tf.add(a, b));
  const [rows, columns] = [covered(windows, input, 0, withPadding), covered(windows, input, 1, withPadding)];
  const counts = rows.flatMap((row) => columns.map((column) => row * column));
  return tf.div(sums, tf.tensor4d(counts, [1, rows.length, columns.length, 1]));
}

/** How many numbers that count each window covers along one side. */
function covered(windows: Windows, input: Pair, i: 0 | 1, withPadding: boolean): number[] {
  const { size, strides, dilations, pads, count } = windows;
  const first = withPadding ? -pads[i] : 0;
  const end = withPadding ? input[i] + pads[i + 2] : input[i];
  return Array.from({ length: count[i] }, (_, window) => {
    const start = window * strides[i] - pads[i];
    const places = Array.from({ length: size[i] }, (_, tap) => start + tap * dilations[i]);
    return places.filter((place) => place >= first && place < end).length;
  });
}

function isPlain({ dilations }: Windows): boolean {
  return dilations.every((step) => step === 1);
}

/** The image with its padding around it, and as far as the last windows reach. */
function padded(tf: Tf, image: Tensor4D, windows: Windows, value: number): Tensor4D {
  const beyond = overhang(windows, sizeOf(image));
  const [top, left, bottom, right] = windows.pads;
  if (isUnpadded(windows) && beyond.every((length) => length === 0)) return image;
  const sides: [number, number][] = [
    [0, 0],
    [top, bottom + beyond[0]],
    [left, right + beyond[1]],
    [0, 0],
  ];
  return asRank4(tf.pad(image, sides, value));
}

/** Combines what lies under each place of the window, which may lie apart, shifted upon one another. */
function overTaps(
  tf: Tf,
  image: Tensor4D,
  { size, strides, dilations, count }: Windows,
  combine: (a: Tensor, b: Tensor) => Tensor,
): Tensor {
  const [batch, , , channels] = image.shape;
  let result: Tensor | undefined;
  for (let row = 0; row < size[0]; row++) {
    for (let column = 0; column < size[1]; column++) {
      const [top, left] = [row * dilations[0], column * dilations[1]];
      const [bottom, right] = [top + (count[0] - 1) * strides[0] + 1, left + (count[1] - 1) * strides[1] + 1];
      const tap = tf.stridedSlice(image, [0, top, left, 0], [batch, bottom, right, channels], [1, ...strides, 1]);
      result = result ? combine(result, tap) : tap;
    }
  }
  if (!result) throw new RangeError('a window of no numbers');
  return result;
}

function sizeOf({ shape: [, rows, columns] }: Tensor4D): Pair {
  return [rows, columns];
}

/** Over all dimensions after the channels, which stay as 1. */
function globalPool(compute: (tf: Tf, x: Tensor, axes: number[]) => Tensor): Operator {
  return (node): Kernel =>
    (inputs, workspace) => {
      const x: Value = required(node, inputs, 0);
      const order: Order = x.kind === 'device' ? x.order : 'logical';
      const axes = shapeOf(x).map((_, axis) => axis);
      const physical = axes.slice(2).map((axis) => physicalAxis(order, axis));
      const { tf } = workspace;
      const tensor = workspace.ordered(x, order);
      return [
        deviceValue(
          reducedInWholePackets(tf, tensor, physical, (full) => compute(tf, full, physical)),
          order,
        ),
      ];
    };
}

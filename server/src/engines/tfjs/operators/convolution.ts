import { shapeOf } from '../layout.ts';
import type { Operator } from '../node.ts';
import { required } from '../node.ts';
import { deviceValue, type Tensor, type Tensor4D, type Tf, type Value } from '../value.ts';
import type { Workspace } from '../workspace.ts';
import { asRank4, liftedShape, withoutRows } from './ranks.ts';
import { extent, isSame, type Pair, placeWindows, type Windows } from './windows.ts';

/** How TensorFlow is told of padding: by name, or for each side of each dimension of [N, H, W, C]. */
type Padding = 'same' | [[number, number], [number, number], [number, number], [number, number]];

/** Conv over rows and columns, or over one dimension, in groups or not. */
const convolution: Operator = (node) => {
  const groups = node.integer('group', 1);
  return (inputs, workspace) => {
    const { tf } = workspace;
    const [x, kernel] = [required(node, inputs, 0), required(node, inputs, 1)];
    const [outputs, perGroup, ...size] = liftedShape(node, shapeOf(kernel));
    const [, channels, rows, columns] = liftedShape(node, shapeOf(x));
    if (perGroup * groups !== channels || outputs % groups !== 0) {
      const found = `${channels} channels, ${groups} groups and a kernel of ${outputs} x ${perGroup}`;
      throw node.problem(`cannot combine ${found}`);
    }
    const windows = placeWindows(node, [rows, columns], [size[0], size[1]]);
    const image = asRank4(workspace.channelsLast(withoutRows(node, x, workspace)));
    const result =
      groups > 1 && perGroup === 1
        ? depthwise(workspace, image, kernel, channels, windows)
        : grouped(workspace, image, kernel, groups, windows);
    const biased = inputs[2] ? tf.add(result, workspace.logical(inputs[2])) : result;
    const output = deviceValue(biased, 'channels-last');
    if (shapeOf(x).length === 4) return [output];
    return [deviceValue(tf.squeeze(workspace.logical(output), [2]))];
  };
};

export const CONVOLUTION: Record<string, Operator> = { Conv: convolution };

/** A convolution for each group, side by side; TensorFlow.js has none with groups. */
function grouped(workspace: Workspace, image: Tensor4D, kernel: Value, groups: number, windows: Windows): Tensor {
  const { tf } = workspace;
  const dense = (tensor: Tensor) => tf.transpose(liftedKernel(tf, tensor), [2, 3, 1, 0]);
  if (groups === 1) return dilated(workspace, image, kernel, 'kernel', dense, windows);
  const images = tf.split(image, groups, 3);
  const results = images.map((part, group) =>
    dilated(
      workspace,
      asRank4(part),
      kernel,
      `kernel of group ${group}`,
      (tensor) => dense(tf.split(tensor, groups, 0)[group]),
      windows,
    ),
  );
  return tf.concat(results, 3);
}

/**
 * TensorFlow steps or dilates, not both. Where a kernel does both, it is filled up with zeros.
 *
 * @param make the kernel [rows, columns, inputs, outputs]
 */
function dilated(
  workspace: Workspace,
  image: Tensor4D,
  kernel: Value,
  purpose: string,
  make: (tensor: Tensor) => Tensor,
  windows: Windows,
): Tensor {
  const { tf } = workspace;
  const { strides, dilations } = windows;
  const both = !isOne(strides) && !isOne(dilations);
  const filter = workspace.prepared(kernel, `${purpose}, ${both ? dilations : 1}`, (tensor) =>
    both ? spreadOut(tf, make(tensor), dilations) : make(tensor),
  );
  const padding = paddingOf(windows, image);
  return tf.conv2d(image, asRank4(filter), [...strides], padding, 'NHWC', both ? 1 : [...dilations]);
}

/** One kernel, or several, for each channel; the native backend dilates none and steps equally both ways only. */
function depthwise(workspace: Workspace, image: Tensor4D, kernel: Value, channels: number, windows: Windows): Tensor {
  const { tf } = workspace;
  const { strides, dilations } = windows;
  const filter = workspace.prepared(kernel, `depthwise kernel, ${dilations}`, (tensor) => {
    const [outputs, , rows, columns] = liftedKernel(tf, tensor).shape;
    const perChannel = tf.reshape(tensor, [channels, outputs / channels, rows, columns]);
    const made = tf.transpose(perChannel, [2, 3, 0, 1]);
    return isOne(dilations) ? made : spreadOut(tf, made, dilations);
  });
  const even = strides[0] === strides[1];
  if (even) return tf.depthwiseConv2d(image, asRank4(filter), [...strides], paddingOf(windows, image));
  const everywhere = tf.depthwiseConv2d(image, asRank4(filter), 1, explicitPadding(windows));
  const [batch, rows, columns, outputs] = everywhere.shape;
  return tf.stridedSlice(everywhere, [0, 0, 0, 0], [batch, rows, columns, outputs], [1, ...strides, 1]);
}

/** A kernel [rows, columns, ...] with zeros between its numbers. */
export function spreadOut(tf: Tf, kernel: Tensor, dilations: Pair): Tensor {
  const [rows, columns, ...rest] = kernel.shape;
  const each = rest.reduce((product, size) => product * size, 1);
  const apart = tf.pad(tf.reshape(kernel, [rows, 1, columns, 1, each]), [
    [0, 0],
    [0, dilations[0] - 1],
    [0, 0],
    [0, dilations[1] - 1],
    [0, 0],
  ]);
  const whole = tf.reshape(apart, [rows * dilations[0], columns * dilations[1], ...rest]);
  const size = [extent(rows, dilations[0]), extent(columns, dilations[1]), ...rest];
  return tf.slice(whole, [0, 0, ...rest.map(() => 0)], size);
}

function paddingOf(windows: Windows, image: Tensor4D): Padding {
  const [, rows, columns] = image.shape;
  return isSame(windows, [rows, columns]) ? 'same' : explicitPadding(windows);
}

function explicitPadding({ pads: [top, left, bottom, right] }: Windows): Padding {
  return [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
}

/** A kernel over one dimension is one of a single row. */
function liftedKernel(tf: Tf, kernel: Tensor): Tensor4D {
  const [outputs, inputs, ...size] = kernel.shape;
  const [rows, columns] = size.length === 1 ? [1, size[0]] : size;
  return tf.reshape(kernel, [outputs, inputs, rows, columns]);
}

function isOne([rows, columns]: Pair): boolean {
  return rows === 1 && columns === 1;
}

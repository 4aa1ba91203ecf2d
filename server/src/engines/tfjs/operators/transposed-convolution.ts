import { shapeOf } from '../layout.ts';
import type { GraphNode, Operator } from '../node.ts';
import { required } from '../node.ts';
import { deviceValue, type Tensor } from '../value.ts';
import { spreadOut } from './convolution.ts';
import { asRank4 } from './ranks.ts';
import { extent, type Pair, pairAttribute } from './windows.ts';

/**
 * ConvTranspose over rows and columns: every number spreads the kernel over the output, then the pads are cut off
 * (ONNX specification, ConvTranspose).
 */
const transposedConvolution: Operator = (node) => {
  const groups = node.integer('group', 1);
  const strides = pairAttribute(node, 'strides', [1, 1]);
  const dilations = pairAttribute(node, 'dilations', [1, 1]);
  const extra = pairAttribute(node, 'output_padding', [0, 0]);
  return (inputs, workspace) => {
    const { tf } = workspace;
    const [x, kernel] = [required(node, inputs, 0), required(node, inputs, 1)];
    const kernelShape = shapeOf(kernel);
    if (shapeOf(x).length !== 4 || kernelShape.length !== 4) throw node.problem('is not over rows and columns');
    const filters = kernelShape[1];
    const image = asRank4(workspace.channelsLast(x));
    const [batch, rows, columns, channels] = image.shape;
    if (kernelShape[0] !== channels || channels % groups !== 0) {
      throw node.problem(`cannot combine ${channels} channels and a kernel of ${kernelShape[0]} x ${filters}`);
    }
    const sides = [0, 1].map((i) => {
      const length = extent(kernelShape[i + 2], dilations[i]);
      return side(node, i, [rows, columns][i], length, strides[i], extra[i]);
    });
    const whole: Pair = [sides[0].whole, sides[1].whole];
    const results = tf.split(image, groups, 3).map((part, group) => {
      const filter = workspace.prepared(kernel, `transposed kernel of group ${group}`, (tensor) => {
        const made = tf.transpose(tf.split(tensor, groups, 0)[group], [2, 3, 1, 0]);
        return dilations.every((step) => step === 1) ? made : spreadOut(tf, made, dilations);
      });
      const shape: [number, number, number, number] = [batch, whole[0], whole[1], filters];
      return tf.conv2dTranspose(asRank4(part), asRank4(filter), shape, [...strides], 'valid');
    });
    const spread: Tensor = results.length === 1 ? results[0] : tf.concat(results, 3);
    const padded = tf.pad(spread, [
      [0, 0],
      [0, sides[0].missing],
      [0, sides[1].missing],
      [0, 0],
    ]);
    const begin = [0, sides[0].before, sides[1].before, 0];
    const cut = tf.slice(padded, begin, [batch, sides[0].count, sides[1].count, filters * groups]);
    const biased = inputs[2] ? tf.add(cut, workspace.logical(inputs[2])) : cut;
    return [deviceValue(biased, 'channels-last')];
  };
};

export const TRANSPOSED_CONVOLUTION: Record<string, Operator> = { ConvTranspose: transposedConvolution };

interface Side {
  /** Numbers over which the kernels spread. */
  whole: number;
  /** Zeros that the output has beyond them. */
  missing: number;
  /** Numbers cut off before the output. */
  before: number;
  /** Numbers of the output. */
  count: number;
}

function side(node: GraphNode, i: number, input: number, length: number, stride: number, extra: number): Side {
  const whole = stride * (input - 1) + length;
  const auto = node.text('auto_pad', 'NOTSET');
  const same = auto === 'SAME_UPPER' || auto === 'SAME_LOWER';
  const pads = node.integers('pads') ?? [0, 0, 0, 0];
  const said = node.integers('output_shape')?.slice(-2)[i];
  const wanted = said ?? (same ? input * stride : undefined);
  const [before, after] = wanted === undefined ? [pads[i], pads[i + 2]] : halves(whole + extra - wanted, auto);
  const count = whole + extra - before - after;
  if (before < 0 || after < 0 || count < 1) throw node.problem(`has an output of ${count} rows or columns`);
  return { whole, missing: Math.max(before + count - whole, 0), before, count };
}

/** What is cut off before and after; an odd one is cut off at the end for SAME_UPPER only. */
function halves(total: number, auto: string): Pair {
  const less = Math.floor(total / 2);
  return auto === 'SAME_UPPER' ? [less, total - less] : [total - less, less];
}

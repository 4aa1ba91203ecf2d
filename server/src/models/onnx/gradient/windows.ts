import { integerAttribute, integersAttribute, type NodeProto, stringAttribute } from '../proto.ts';
import { Unsupported } from './gradient-rule.ts';
import type { GradientWriter } from './gradient-writer.ts';

/** Windows along one side: output o covers inputs o * stride - before + i * dilation, i from 0 to size - 1. */
export interface WindowSide {
  input: number;
  output: number;
  size: number;
  stride: number;
  dilation: number;
  before: number;
  /** Cells of padding that the node itself names at the end. */
  after: number;
}

/**
 * The windows of a convolution or a pool over rows and columns.
 *
 * @param input sizes [rows, columns] of what the windows lie over
 * @param output how many windows there are along each
 */
export function windowSides(
  node: NodeProto,
  input: readonly number[],
  output: readonly number[],
  kernel: readonly number[],
): WindowSide[] {
  if (input.length !== 2) throw new Unsupported('works on something else than rows and columns');
  const strides = integersAttribute(node, 'strides') ?? [1, 1];
  const dilations = integersAttribute(node, 'dilations') ?? [1, 1];
  const pads = integersAttribute(node, 'pads') ?? [0, 0, 0, 0];
  const automatic = stringAttribute(node, 'auto_pad') ?? '';
  return [0, 1].map((side) => {
    const [stride, dilation] = [strides[side], dilations[side]];
    const plain = { input: input[side], output: output[side], size: kernel[side], stride, dilation };
    if (!automatic.startsWith('SAME')) {
      const isValid = automatic === 'VALID';
      return { ...plain, before: isValid ? 0 : pads[side], after: isValid ? 0 : pads[side + 2] };
    }
    const total = Math.max((output[side] - 1) * stride + (kernel[side] - 1) * dilation + 1 - input[side], 0);
    const small = Math.floor(total / 2);
    const before = automatic === 'SAME_UPPER' ? small : total - small;
    return { ...plain, before, after: total - before };
  });
}

/**
 * Carries values from the windows back to the cells under them.
 *
 * @param values [batch, channels of the windows, windows down, windows across]
 * @param kernel [channels of the windows, channels of the cells / groups, rows, columns]
 * @returns [batch, channels of the cells, rows, columns]
 */
export function spreadWindows(
  writer: GradientWriter,
  values: string,
  kernel: string,
  sides: readonly WindowSide[],
  group = 1,
): string {
  // What the windows cover beyond the last cell; where they leave cells over, these are added as output padding.
  const beyond = sides.map(
    ({ input, output, size, stride, dilation, before }) =>
      (output - 1) * stride + (size - 1) * dilation + 1 - before - input,
  );
  const attributes = {
    kernel_shape: sides.map(({ size }) => size),
    strides: sides.map(({ stride }) => stride),
    dilations: sides.map(({ dilation }) => dilation),
    pads: [...sides.map(({ before }) => before), ...beyond.map((cells) => Math.max(0, cells))],
    group,
  };
  const rest = beyond.map((cells) => Math.max(0, -cells));
  // Cells after the last window, which none covers, may be more than output padding is allowed to add.
  const covered = rest.every((cells, i) => cells < sides[i].stride);
  if (!covered) throw new Unsupported('leaves more cells uncovered than one stride');
  const optional: Record<string, readonly number[]> = rest.some((cells) => cells > 0) ? { output_padding: rest } : {};
  return writer.node('ConvTranspose', [values, kernel], { ...attributes, ...optional });
}

export function groupOf(node: NodeProto): number {
  return integerAttribute(node, 'group', 1);
}

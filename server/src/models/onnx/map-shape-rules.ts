import type { ShapeRule } from './infer-shapes.ts';
import { inputName, operator } from './node.ts';
import { integerAttribute, integersAttribute, stringAttribute } from './proto.ts';
import { product, sum } from './sizes.ts';

/** Rows and columns after a window, as Conv and the pools define it. */
export const windowed: ShapeRule = ({ node, of }) => {
  const input = of(0);
  const kernel = operator(node) === 'Conv' ? of(1) : null;
  const window = integersAttribute(node, 'kernel_shape') ?? kernel?.slice(2);
  if (input?.length !== 4 || window?.length !== 2) return null;
  const strides = integersAttribute(node, 'strides') ?? [1, 1];
  const dilations = integersAttribute(node, 'dilations') ?? [1, 1];
  const pads = integersAttribute(node, 'pads') ?? [0, 0, 0, 0];
  const autoPad = stringAttribute(node, 'auto_pad') ?? 'NOTSET';
  const round = integerAttribute(node, 'ceil_mode', 0) ? Math.ceil : Math.floor;
  const spatial = [0, 1].map((axis) => {
    const size = input[2 + axis];
    const side = window[axis];
    if (size === null || side === null) return null;
    if (autoPad.startsWith('SAME')) return Math.ceil(size / strides[axis]);
    const padded = autoPad === 'VALID' ? size : size + pads[axis] + pads[2 + axis];
    const count = round((padded - dilations[axis] * (side - 1) - 1) / strides[axis]) + 1;
    // A window may not begin in the padding behind.
    const last = (count - 1) * strides[axis] >= size + pads[axis] && round === Math.ceil;
    return last ? count - 1 : count;
  });
  return [input[0], kernel ? kernel[0] : input[1], ...spatial];
};

export const globalPool: ShapeRule = ({ of }) => of(0)?.map((size, i) => (i < 2 ? size : 1)) ?? null;

export const padded: ShapeRule = ({ of, list, node }) => {
  const input = of(0);
  const pads = list(1, 'pads');
  if (!input || pads?.length !== 2 * input.length || inputName(node, 3) !== '') return null;
  return input.map((size, i) => sum([size, pads[i], pads[i + input.length]]));
};

export const convTranspose: ShapeRule = ({ node, of }) => {
  const [input, kernel] = [of(0), of(1)];
  if (input?.length !== 4 || kernel?.length !== 4) return null;
  const group = integerAttribute(node, 'group', 1);
  // Rows and columns depend on more attributes than are worth following.
  return [input[0], kernel[1] === null ? null : kernel[1] * group, null, null];
};

export const resize: ShapeRule = ({ node, of, list }) => {
  const input = of(0);
  const isOld = (node.input?.length ?? 0) <= 2;
  const sizes = list(3, 'sizes');
  if (input && sizes?.length === input.length) return sizes;
  const scales = list(isOld ? 1 : 2, 'scales');
  if (!input || scales?.length !== input.length) return null;
  return input.map((size, i) => {
    const scaled = product([size, scales[i]]);
    return scaled === null ? null : Math.floor(scaled);
  });
};

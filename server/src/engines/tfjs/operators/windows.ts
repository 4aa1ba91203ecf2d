import type { GraphNode } from '../node.ts';

/** A window that slides over rows and columns, with everything that places it settled. */
export interface Windows {
  size: Pair;
  strides: Pair;
  dilations: Pair;
  /** Numbers padded at the top, left, bottom and right, as the file says or its auto_pad amounts to. */
  pads: readonly [number, number, number, number];
  /** Windows that fit, rows and columns. */
  count: Pair;
}

export type Pair = readonly [number, number];

/** Reads an attribute of two integers. @throws Problem for another number of them: only rows and columns are computed */
export function pairAttribute(node: GraphNode, attribute: string, fallback: Pair): Pair {
  const found = node.integers(attribute);
  if (!found) return fallback;
  if (found.length === 2) return [found[0], found[1]];
  if (found.length === 1) return [1, found[0]];
  throw node.problem(`has ${attribute} [${found.join(', ')}] for ${found.length} dimensions; at most 2 are computed`);
}

/**
 * Places windows as the ONNX specification says (Conv, MaxPool, AveragePool).
 *
 * @param input rows and columns
 * @param size of the window, rows and columns
 */
export function placeWindows(node: GraphNode, input: Pair, size: Pair): Windows {
  const strides = pairAttribute(node, 'strides', [1, 1]);
  const dilations = pairAttribute(node, 'dilations', [1, 1]);
  const written = pads(node);
  const ceil = node.integer('ceil_mode', 0) === 1;
  const auto = node.text('auto_pad', 'NOTSET');
  const [rows, columns] = [0, 1].map((i) => {
    const given: Pair = [written[i], written[i + 2]];
    return placeAlong(input[i], extent(size[i], dilations[i]), strides[i], given, auto, ceil);
  });
  if (rows.count < 1 || columns.count < 1) {
    throw node.problem(`has a window larger than its input of ${input[0]} x ${input[1]}`);
  }
  return {
    size,
    strides,
    dilations,
    pads: [rows.before, columns.before, rows.after, columns.after],
    count: [rows.count, columns.count],
  };
}

/** What a window spans when its numbers lie `dilation` apart. */
export function extent(size: number, dilation: number): number {
  return (size - 1) * dilation + 1;
}

/** Whether the pads are those that TensorFlow adds by itself for 'same'. */
export function isSame(windows: Windows, input: Pair): boolean {
  return [0, 1].every((i) => {
    const length = extent(windows.size[i], windows.dilations[i]);
    const total = Math.max((Math.ceil(input[i] / windows.strides[i]) - 1) * windows.strides[i] + length - input[i], 0);
    const before = Math.floor(total / 2);
    return windows.pads[i] === before && windows.pads[i + 2] === total - before;
  });
}

export function isUnpadded({ pads: all }: Windows): boolean {
  return all.every((pad) => pad === 0);
}

/**
 * How many numbers beyond the written padding the last windows reach, at the bottom and the right: ceil_mode counts
 * windows that are not wholly covered.
 */
export function overhang({ size, strides, dilations, pads: all, count }: Windows, input: Pair): Pair {
  const along = (i: 0 | 1) =>
    Math.max((count[i] - 1) * strides[i] + extent(size[i], dilations[i]) - (all[i] + input[i] + all[i + 2]), 0);
  return [along(0), along(1)];
}

/** [top, left, bottom, right] of the attribute; one dimension is a row. */
function pads(node: GraphNode): [number, number, number, number] {
  const found = node.integers('pads') ?? [];
  if (found.some((pad) => pad < 0)) throw node.problem(`has negative pads [${found.join(', ')}]`);
  if (found.length === 4) return [found[0], found[1], found[2], found[3]];
  if (found.length === 2) return [0, found[0], 0, found[1]];
  if (found.length === 0) return [0, 0, 0, 0];
  throw node.problem(`has pads [${found.join(', ')}]; those of rows and columns are expected`);
}

function placeAlong(
  input: number,
  length: number,
  stride: number,
  [before, after]: Pair,
  auto: string,
  ceil: boolean,
): { before: number; after: number; count: number } {
  if (auto === 'SAME_UPPER' || auto === 'SAME_LOWER') {
    const count = Math.ceil(input / stride);
    const total = Math.max((count - 1) * stride + length - input, 0);
    const less = Math.floor(total / 2);
    const [first, last] = auto === 'SAME_UPPER' ? [less, total - less] : [total - less, less];
    return { before: first, after: last, count };
  }
  const [start, end] = auto === 'VALID' ? [0, 0] : [before, after];
  const steps = (input + start + end - length) / stride;
  let count = (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
  // A window that begins in the padding at the end does not count.
  if (ceil && (count - 1) * stride >= input + start) count--;
  return { before: start, after: end, count };
}

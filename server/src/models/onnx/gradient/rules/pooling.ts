import { inputName } from '../../node.ts';
import { integerAttribute, integersAttribute } from '../../proto.ts';
import { type GradientRule, type GradientStep, outputName, product, Unsupported } from '../gradient-rule.ts';
import type { GradientWriter } from '../gradient-writer.ts';
import { spreadWindows, type WindowSide, windowSides } from '../windows.ts';

const averagePool: GradientRule = (step) => {
  const { node, writer } = step;
  const sides = sidesOf(step);
  const padded = integerAttribute(node, 'count_include_pad', 0) !== 0;
  const [down, across] = sides.map((side) => cellCounts(side, padded));
  const shares = down.flatMap((rows) => across.map((columns) => 1 / Math.max(1, rows * columns)));
  const each = writer.multiply(step.gradient, writer.constant([down.length, across.length], Float32Array.from(shares)));
  return [spreadMaps(step, each, sides)];
};

/** The largest of a window takes the whole gradient; the first, row by row, of equal ones, as in TensorFlow. */
const maxPool: GradientRule = (step) => {
  const { writer } = step;
  if (step.output !== 0 || integerAttribute(step.node, 'storage_order', 0) !== 0) {
    throw new Unsupported('gives places of maxima, by which there is no gradient');
  }
  const sides = sidesOf(step);
  if (sides.every(tiles))
    return [writer.multiply(spreadTiles(step, step.gradient, sides), largestOfTiles(step, sides))];
  const shape = step.shape(0);
  const output = step.shape(outputName(step));
  const cells = sides[0].size * sides[1].size;
  const kernel = writer.constant([cells, 1, sides[0].size, sides[1].size], identity(cells));
  const mask = largestOfWindows(step, sides, kernel);
  const channels = shape[0];
  const spread = writer.reshapeGradient(step.gradient, [channels, 1, ...output.slice(1)]);
  const chosen = writer.multiply(spread, writer.reshape(mask, [-1, channels, cells, ...output.slice(1)]));
  const windows = writer.asBatch(chosen, [cells, ...output.slice(1)]);
  return [writer.reshapeGradient(spreadWindows(writer, windows, kernel, sides), shape)];
};

/** Pools of windows over rows and columns. */
export const POOLING_RULES: Record<string, GradientRule> = { AveragePool: averagePool, MaxPool: maxPool };

function sidesOf(step: GradientStep): WindowSide[] {
  const kernel = integersAttribute(step.node, 'kernel_shape') ?? [];
  return windowSides(step.node, step.shape(0).slice(1), step.shape(outputName(step)).slice(1), kernel);
}

/** Whether the windows lie side by side and cover every cell once. */
function tiles({ input, output, size, stride, dilation, before }: WindowSide): boolean {
  return before === 0 && size === stride && input === output * size && (dilation === 1 || size === 1);
}

/** Values of windows, each given to all the cells that it covers. */
function spreadMaps(step: GradientStep, values: string, sides: readonly WindowSide[]): string {
  if (sides.every(tiles)) return spreadTiles(step, values, sides);
  const { writer } = step;
  const maps = writer.asBatch(values, [1, ...step.shape(outputName(step)).slice(1)]);
  const kernel = writer.filled([1, 1, sides[0].size, sides[1].size], 1);
  return writer.reshapeGradient(spreadWindows(writer, maps, kernel, sides), step.shape(0));
}

function spreadTiles(step: GradientStep, values: string, [down, across]: readonly WindowSide[]): string {
  const { writer } = step;
  const apart = writer.reshape(values, [-1, down.output, 1, across.output, 1]);
  const repeated = writer.multiply(apart, writer.filled([down.size, 1, across.size], 1));
  return writer.reshapeGradient(repeated, step.shape(0));
}

/** 1 at the first largest cell of each window, else 0; the input's shape, with its images. */
function largestOfTiles(step: GradientStep, [down, across]: readonly WindowSide[]): string {
  const { writer } = step;
  const x = step.value(inputName(step.node, 0));
  const apart = writer.reshape(x, [-1, down.output, down.size, across.output, across.size]);
  const cells = down.size * across.size;
  const windows = writer.transpose(apart, [0, 1, 3, 2, 4]);
  const flat = writer.reshape(windows, [-1, down.output, across.output, cells]);
  const mask = firstLargest(writer, flat, 3, [cells]);
  const unfolded = writer.reshape(mask, [-1, down.output, across.output, down.size, across.size]);
  return writer.reshape(writer.transpose(unfolded, [0, 1, 3, 2, 4]), [-1, ...step.shape(0)]);
}

/** As `largestOfTiles` for windows of any kind: [images * channels, cells of a window, windows down, windows across]. */
function largestOfWindows(step: GradientStep, sides: readonly WindowSide[], kernel: string): string {
  const { writer } = step;
  const cells = sides[0].size * sides[1].size;
  const beyond = sides.map(({ input, output, size, stride, dilation, before }) =>
    Math.max(0, (output - 1) * stride + (size - 1) * dilation + 1 - before - input),
  );
  const maps = writer.reshape(step.value(inputName(step.node, 0)), [-1, 1, ...step.shape(0).slice(1)]);
  const windows = writer.node('Conv', [maps, kernel], {
    kernel_shape: sides.map(({ size }) => size),
    strides: sides.map(({ stride }) => stride),
    dilations: sides.map(({ dilation }) => dilation),
    pads: [...sides.map(({ before }) => before), ...beyond],
  });
  const padding = paddingOf(sides);
  const valid = padding.some((value) => value !== 0)
    ? writer.add(windows, writer.constant([cells, sides[0].output, sides[1].output], padding))
    : windows;
  return firstLargest(writer, valid, 1, [cells, 1, 1]);
}

/** 1 at the first of the largest along an axis, else 0. @param places shape that the numbers of the places have */
function firstLargest(writer: GradientWriter, tensor: string, axis: number, places: readonly number[]): string {
  const first = writer.node('ArgMax', [tensor], { axis, keepdims: 1 });
  const numbers = Array.from({ length: product(places) }, (_, i) => i);
  return writer.toFloat(writer.node('Equal', [first, writer.constant(places, numbers)]));
}

/** What keeps padding from being the largest: 0 for cells, else so low that no sum of it with a value is larger. */
function paddingOf([down, across]: readonly WindowSide[]): Float32Array {
  const values = new Float32Array(down.size * across.size * down.output * across.output);
  const LOW = -1e38;
  let at = 0;
  for (let row = 0; row < down.size; row++) {
    for (let column = 0; column < across.size; column++) {
      for (let y = 0; y < down.output; y++) {
        for (let x = 0; x < across.output; x++) {
          values[at++] = covers(down, y, row) && covers(across, x, column) ? 0 : LOW;
        }
      }
    }
  }
  return values;
}

function covers({ input, stride, dilation, before }: WindowSide, window: number, place: number): boolean {
  const cell = window * stride - before + place * dilation;
  return cell >= 0 && cell < input;
}

/** Cells under each window along one side, with those of the padding or without. */
function cellCounts({ input, output, size, stride, dilation, before, after }: WindowSide, padded: boolean): number[] {
  const [low, high] = padded ? [-before, input + after] : [0, input];
  return Array.from({ length: output }, (_, window) => {
    let count = 0;
    for (let place = 0; place < size; place++) {
      const cell = window * stride - before + place * dilation;
      if (cell >= low && cell < high) count++;
    }
    return count;
  });
}

/** [size, size], row-major: as a kernel, filter i takes the cell i of the window. */
function identity(size: number): Float32Array {
  return Float32Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0));
}

import { inputName, operator } from './graph-view.ts';
import type { RuleContext, Shape, ShapeRule } from './infer-shapes.ts';
import { integerAttribute, integersAttribute, stringAttribute } from './proto.ts';

const same: ShapeRule = ({ of }) => of(0);

const broadcast: ShapeRule = ({ node, of }) => broadcastShapes((node.input ?? []).map((_, i) => of(i)));

function broadcastShapes(shapes: readonly (Shape | null)[]): Shape | null {
  let result: Shape = [];
  for (const shape of shapes) {
    if (!shape) return null;
    const rank = Math.max(shape.length, result.length);
    const size = (of: Shape, i: number) => (i < rank - of.length ? 1 : of[i - rank + of.length]);
    const before = result;
    result = Array.from({ length: rank }, (_, i) => {
      const [a, b] = [size(before, i), size(shape, i)];
      if (a === 1) return b;
      // An unknown size beside one above 1 can only be that, or 1 to be broadcast.
      return b === 1 || b === null ? a : b;
    });
  }
  return result;
}

/** Rows and columns after a window, as Conv and the pools define it. */
const windowed: ShapeRule = ({ node, of }) => {
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

const globalPool: ShapeRule = ({ of }) => of(0)?.map((size, i) => (i < 2 ? size : 1)) ?? null;

const reduced: ShapeRule = ({ node, of, list }) => {
  const input = of(0);
  if (!input) return null;
  const given = list(1, 'axes');
  if (!given && inputName(node, 1) !== '') return null;
  const axes = (given ?? []).map((axis) => fromFront(axis, input.length));
  const isReduced = (i: number) =>
    axes.length > 0 ? axes.includes(i) : integerAttribute(node, 'noop_with_empty_axes', 0) === 0;
  if (integerAttribute(node, 'keepdims', 1)) return input.map((size, i) => (isReduced(i) ? 1 : size));
  return input.filter((_, i) => !isReduced(i));
};

const matMul: ShapeRule = ({ of }) => {
  const [a, b] = [of(0), of(1)];
  if (!a || !b || a.length < 2 || b.length < 2) return null;
  const longer = a.length >= b.length ? a : b;
  return [...longer.slice(0, -2), a[a.length - 2], b[b.length - 1]];
};

const gemm: ShapeRule = ({ node, of }) => {
  const [a, b] = [of(0), of(1)];
  if (a?.length !== 2 || b?.length !== 2) return null;
  return [a[integerAttribute(node, 'transA', 0) ? 1 : 0], b[integerAttribute(node, 'transB', 0) ? 0 : 1]];
};

const flatten: ShapeRule = ({ node, of }) => {
  const input = of(0);
  if (!input) return null;
  const axis = integerAttribute(node, 'axis', 1);
  const cut = axis < 0 ? axis + input.length : axis;
  return [product(input.slice(0, cut)), product(input.slice(cut))];
};

const reshape: ShapeRule = ({ node, of, list }) => {
  const input = of(0);
  const wanted = list(1, 'shape');
  if (!wanted) return null;
  const copies = integerAttribute(node, 'allowzero', 0) === 0;
  const sizes = wanted.map((size, i) => (size === 0 && copies ? (input?.[i] ?? null) : size));
  const rest = sizes.indexOf(-1);
  if (rest < 0) return sizes;
  const others = sizes.filter((_, i) => i !== rest);
  const knownBefore = product((input ?? [null]).filter((size) => size !== null));
  const knownAfter = product(others.filter((size) => size !== null));
  const unknown = (input ?? []).filter((size) => size === null).length - others.filter((size) => size === null).length;
  // The batch passes through, or it is what -1 stands for.
  const size = input && unknown === 0 && knownBefore !== null && knownAfter ? knownBefore / knownAfter : null;
  return sizes.map((value, i) => (i === rest ? size : value));
};

const squeeze: ShapeRule = ({ node, of, list }) => {
  const input = of(0);
  if (!input) return null;
  const axes = list(1, 'axes')?.map((axis) => fromFront(axis, input.length));
  if (!axes && (inputName(node, 1) !== '' || input.includes(null))) return null;
  return input.filter((size, i) => (axes ? !axes.includes(i) : size !== 1));
};

const unsqueeze: ShapeRule = ({ of, list }) => {
  const input = of(0);
  const axes = list(1, 'axes');
  if (!input || !axes) return null;
  const rank = input.length + axes.length;
  const added = axes.map((axis) => fromFront(axis, rank));
  const rest = [...input];
  return Array.from({ length: rank }, (_, i) => (added.includes(i) ? 1 : (rest.shift() ?? null)));
};

const transpose: ShapeRule = ({ node, of }) => {
  const input = of(0);
  const order = integersAttribute(node, 'perm') ?? input?.map((_, i) => i).reverse();
  return input && order ? order.map((axis) => input[axis] ?? null) : null;
};

const concat: ShapeRule = ({ node, of }) => {
  const shapes = (node.input ?? []).map((_, i) => of(i));
  const [first] = shapes;
  if (!first) return null;
  const along = fromFront(integerAttribute(node, 'axis', 0), first.length);
  const sizes = shapes.map((shape) => shape?.[along] ?? null);
  return first.map((size, i) => (i === along ? sum(sizes) : size));
};

const slice: ShapeRule = ({ of, list, node }) => {
  const input = of(0);
  const [starts, ends] = [list(1, 'starts'), list(2, 'ends')];
  const plain = (list(4, 'steps') ?? [1]).every((step) => step === 1);
  if (!input || !starts || !ends || starts.length !== ends.length || !plain) return null;
  const axes = list(3, 'axes') ?? (inputName(node, 3) === '' ? starts.map((_, i) => i) : null);
  return (
    axes &&
    input.map((size, i) => {
      const at = axes.findIndex((axis) => fromFront(axis, input.length) === i);
      if (at < 0 || size === null) return size;
      const [start, end] = [starts[at], ends[at]];
      if (start === null || end === null) return null;
      const inside = (position: number) => Math.min(size, Math.max(0, position < 0 ? position + size : position));
      return Math.max(0, inside(end) - inside(start));
    })
  );
};

const gather: ShapeRule = ({ node, of }) => {
  const [input, indices] = [of(0), of(1)];
  if (!input || !indices) return null;
  const along = fromFront(integerAttribute(node, 'axis', 0), input.length);
  return [...input.slice(0, along), ...indices, ...input.slice(along + 1)];
};

const expand: ShapeRule = ({ of, list }) => {
  const wanted = list(1, 'shape');
  return wanted && broadcastShapes([of(0), wanted]);
};

const tile: ShapeRule = ({ of, list }) => {
  const repeats = list(1, 'repeats');
  return of(0)?.map((size, i) => product([size, repeats?.[i] ?? null])) ?? null;
};

const resize: ShapeRule = ({ node, of, list }) => {
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

/** The first part; the others are as large, or as the file says. */
const split: ShapeRule = ({ node, of, list }) => {
  const input = of(0);
  if (!input) return null;
  const along = fromFront(integerAttribute(node, 'axis', 0), input.length);
  const parts = list(1, 'split');
  const count = node.output?.length ?? 1;
  if (parts?.some((size) => size !== parts[0])) return null;
  const size = input[along] ?? null;
  return input.map((whole, i) => (i === along ? (parts ? parts[0] : size === null ? null : size / count) : whole));
};

const padded: ShapeRule = ({ of, list, node }) => {
  const input = of(0);
  const pads = list(1, 'pads');
  if (!input || pads?.length !== 2 * input.length || inputName(node, 3) !== '') return null;
  return input.map((size, i) => sum([size, pads[i], pads[i + input.length]]));
};

const convTranspose: ShapeRule = ({ node, of }) => {
  const [input, kernel] = [of(0), of(1)];
  if (input?.length !== 4 || kernel?.length !== 4) return null;
  const group = integerAttribute(node, 'group', 1);
  // Rows and columns depend on more attributes than are worth following.
  return [input[0], kernel[1] === null ? null : kernel[1] * group, null, null];
};

function constantNode({ node }: RuleContext): Shape | null {
  for (const { name, t, floats, ints } of node.attribute ?? []) {
    if (name === 'value' && t) return (t.dims ?? []).map(Number);
    if (name === 'value_float' || name === 'value_int') return [];
    if (name === 'value_floats') return [floats?.length ?? 0];
    if (name === 'value_ints') return [ints?.length ?? 0];
  }
  return null;
}

/** An axis counted from the front. */
export function fromFront(axis: number | null, rank: number): number {
  return axis === null ? Number.NaN : axis < 0 ? axis + rank : axis;
}

/** Null where a factor is not known. */
export function product(sizes: Shape): number | null {
  return sizes.reduce<number | null>((result, size) => (result === null || size === null ? null : result * size), 1);
}

function sum(sizes: Shape): number | null {
  return sizes.reduce<number | null>((result, size) => (result === null || size === null ? null : result + size), 0);
}

const UNARY =
  'Identity Dropout Cast CastLike Relu LeakyRelu PRelu Elu Selu Celu Gelu Mish Swish Softplus Softsign ThresholdedRelu ' +
  'Sigmoid HardSigmoid HardSwish Tanh Erf Exp Log Sqrt Neg Abs Clip Reciprocal Floor Ceil Round Softmax LogSoftmax ' +
  'BatchNormalization InstanceNormalization GroupNormalization LayerNormalization LpNormalization LRN ' +
  'QuantizeLinear DequantizeLinear Not Sign';
const BINARY = 'Add Sub Mul Div Mod Pow Min Max Sum Mean Where Equal Less Greater LessOrEqual GreaterOrEqual And Or';
const REDUCING =
  'ReduceMean ReduceSum ReduceMax ReduceMin ReduceL1 ReduceL2 ReduceProd ReduceSumSquare ReduceLogSumExp';

/** Shape of a node's first output. */
export const SHAPE_RULES: ReadonlyMap<string, ShapeRule> = new Map<string, ShapeRule>([
  ...UNARY.split(' ').map((name) => [name, same] as const),
  ...BINARY.split(' ').map((name) => [name, broadcast] as const),
  ...REDUCING.split(' ').map((name) => [name, reduced] as const),
  ...['Conv', 'MaxPool', 'AveragePool', 'LpPool'].map((name) => [name, windowed] as const),
  ...['GlobalAveragePool', 'GlobalMaxPool', 'GlobalLpPool'].map((name) => [name, globalPool] as const),
  ['ConvTranspose', convTranspose],
  ['MatMul', matMul],
  ['Gemm', gemm],
  ['Flatten', flatten],
  ['Reshape', reshape],
  ['Squeeze', squeeze],
  ['Unsqueeze', unsqueeze],
  ['Transpose', transpose],
  ['Concat', concat],
  ['Pad', padded],
  ['Slice', slice],
  ['Gather', gather],
  ['Expand', expand],
  ['Tile', tile],
  ['Resize', resize],
  ['Upsample', resize],
  ['ConstantOfShape', ({ list }) => list(0, 'shape')],
  ['Split', split],
  [
    'Shape',
    ({ node, of }) => [
      of(0)?.slice(integerAttribute(node, 'start', 0), integerAttribute(node, 'end', Number.MAX_SAFE_INTEGER)).length ??
        null,
    ],
  ],
  ['Constant', constantNode],
]);

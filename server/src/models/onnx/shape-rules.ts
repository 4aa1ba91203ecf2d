import type { RuleContext, Shape, ShapeRule } from './infer-shapes.ts';
import { convTranspose, globalPool, padded, resize, windowed } from './map-shape-rules.ts';
import { inputName } from './node.ts';
import { integerAttribute, integersAttribute } from './proto.ts';
import { fromFront, product, sum } from './sizes.ts';

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

function constantNode({ node }: RuleContext): Shape | null {
  for (const { name, t, floats, ints } of node.attribute ?? []) {
    if (name === 'value' && t) return (t.dims ?? []).map(Number);
    if (name === 'value_float' || name === 'value_int') return [];
    if (name === 'value_floats') return [floats?.length ?? 0];
    if (name === 'value_ints') return [ints?.length ?? 0];
  }
  return null;
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

import type { Shape } from './infer-shapes.ts';
import { DATA_TYPE, integerAttribute, integersAttribute, type NodeProto } from './proto.ts';
import { type TensorValues, tensorValues } from './tensor-values.ts';

type Lookup = (tensor: string) => TensorValues | null;

/** Larger constants are not made; no linear layer has as many weights. */
const MOST_VALUES = 1 << 27;

const FLOATING: readonly number[] = [DATA_TYPE.float, DATA_TYPE.float16, DATA_TYPE.double, DATA_TYPE.bfloat16];

/**
 * What a node makes of constants: null where it takes others, or is of an operator that is not followed. These are the
 * ways in which exporters keep a layer's weights.
 */
export function foldedConstant(
  node: NodeProto,
  constant: Lookup,
  shape: (tensor: string) => Shape | null,
): TensorValues | null {
  const operand = (index: number) => constant(node.input?.[index] ?? '');
  const operator = node.opType ?? '';
  switch (operator) {
    case 'Constant':
      return constantNode(node);
    case 'ConstantOfShape':
      return filled(node, operand(0));
    case 'Identity':
      return operand(0);
    case 'Cast':
      return FLOATING.includes(integerAttribute(node, 'to', 0)) ? operand(0) : null;
    case 'Reshape':
    case 'Flatten':
    case 'Squeeze':
    case 'Unsqueeze': {
      const values = operand(0)?.values;
      const sizes = shape(node.output?.[0] ?? '')?.filter((size) => size !== null);
      return values && sizes?.reduce((product, size) => product * size, 1) === values.length
        ? { shape: sizes, values }
        : null;
    }
    case 'Transpose': {
      const tensor = operand(0);
      return tensor && transposed(tensor, integersAttribute(node, 'perm'));
    }
    case 'DequantizeLinear':
      return dequantized(node, operand(0), operand(1), node.input?.[2] ? operand(2) : undefined);
    case 'Add':
    case 'Sub':
    case 'Mul':
    case 'Div':
      return combined(operator, operand(0), operand(1));
    default:
      return null;
  }
}

function constantNode(node: NodeProto): TensorValues | null {
  for (const { name, t, f, i, floats, ints } of node.attribute ?? []) {
    if (name === 'value' && t) return tensorValues(t);
    if (name === 'value_float') return { shape: [], values: Float32Array.of(f ?? 0) };
    if (name === 'value_int') return { shape: [], values: Float32Array.of(Number(i ?? 0)) };
    if (name === 'value_floats') return { shape: [floats?.length ?? 0], values: Float32Array.from(floats ?? []) };
    if (name === 'value_ints') return { shape: [ints?.length ?? 0], values: Float32Array.from(ints ?? [], Number) };
  }
  return null;
}

function filled(node: NodeProto, sizes: TensorValues | null): TensorValues | null {
  if (!sizes) return null;
  const shape = Array.from(sizes.values);
  const count = shape.reduce((product, size) => product * size, 1);
  if (!(count >= 0 && count <= MOST_VALUES)) return null;
  const value = node.attribute?.find(({ name }) => name === 'value')?.t;
  return { shape, values: new Float32Array(count).fill(value ? (tensorValues(value)?.values[0] ?? 0) : 0) };
}

function transposed({ shape, values }: TensorValues, perm: readonly number[] | null): TensorValues | null {
  const order = perm ?? shape.map((_, axis) => shape.length - 1 - axis);
  if (order.length !== shape.length || new Set(order).size !== order.length) return null;
  if (order.some((axis) => !(axis in shape))) return null;
  const strides = stridesOf(shape);
  const sizes = order.map((axis) => shape[axis]);
  const steps = order.map((axis) => strides[axis]);
  return { shape: sizes, values: strided(values, sizes, steps) };
}

/** Values taken in row-major order of `sizes`, each axis moving by its step through the source. */
function strided(source: Float32Array, sizes: readonly number[], steps: readonly number[]): Float32Array {
  const result = new Float32Array(sizes.reduce((product, size) => product * size, 1));
  const position = sizes.map(() => 0);
  let from = 0;
  for (let i = 0; i < result.length; i++) {
    result[i] = source[from];
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      from += steps[axis];
      if (++position[axis] < sizes[axis]) break;
      from -= steps[axis] * sizes[axis];
      position[axis] = 0;
    }
  }
  return result;
}

function stridesOf(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1] * shape[axis + 1];
  return strides;
}

/** Quantised weights: (x - zero point) * scale, of the whole tensor or along one axis. */
function dequantized(
  node: NodeProto,
  tensor: TensorValues | null,
  scale: TensorValues | null,
  zeroPoint: TensorValues | null | undefined,
): TensorValues | null {
  if (!tensor || !scale || zeroPoint === null || integerAttribute(node, 'block_size', 0) !== 0) return null;
  const { shape, values } = tensor;
  const given = integerAttribute(node, 'axis', 1);
  const axis = given < 0 ? given + shape.length : given;
  const count = scale.values.length;
  const perAxis = count > 1;
  if ((perAxis && shape[axis] !== count) || (zeroPoint && zeroPoint.values.length !== count)) return null;
  const inner = perAxis ? shape.slice(axis + 1).reduce((product, size) => product * size, 1) : values.length;
  const result = new Float32Array(values.length);
  for (let i = 0; i < result.length; i++) {
    const at = Math.floor(i / inner) % count;
    result[i] = (values[i] - (zeroPoint?.values[at] ?? 0)) * scale.values[at];
  }
  return { shape, values: result };
}

function combined(operator: 'Add' | 'Sub' | 'Mul' | 'Div', a: TensorValues | null, b: TensorValues | null) {
  if (!a || !b) return null;
  const rank = Math.max(a.shape.length, b.shape.length);
  const aligned = (shape: readonly number[]) => [...new Array<number>(rank - shape.length).fill(1), ...shape];
  const [left, right] = [aligned(a.shape), aligned(b.shape)];
  if (left.some((size, i) => size !== right[i] && size !== 1 && right[i] !== 1)) return null;
  const shape = left.map((size, i) => (size === 1 ? right[i] : size));
  if (shape.reduce((product, size) => product * size, 1) > MOST_VALUES) return null;
  const spread = (values: Float32Array, own: readonly number[]) => {
    const strides = stridesOf(own);
    const steps = own.map((size, axis) => (size === 1 ? 0 : strides[axis]));
    return strided(values, shape, steps);
  };
  const values = spread(a.values, left);
  const others = spread(b.values, right);
  for (let i = 0; i < values.length; i++) {
    if (operator === 'Add') values[i] += others[i];
    else if (operator === 'Sub') values[i] -= others[i];
    else if (operator === 'Mul') values[i] *= others[i];
    else values[i] /= others[i];
  }
  return { shape, values };
}

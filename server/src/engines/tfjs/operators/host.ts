import { hostType } from '../constants.ts';
import type { GraphNode } from '../node.ts';
import { type HostType, type HostValue, hostValue, normalAxis, sizeOf } from '../value.ts';
import { slicePart } from './selection.ts';
import { newShape } from './shape.ts';

/** What is computed in JavaScript at most: shapes, and the arithmetic on them. */
const LARGEST = 4096;

/** Null where the case is left to the backend. */
type HostOperator = (node: GraphNode, inputs: readonly HostValue[]) => HostValue[] | null;

type Combine = (...numbers: number[]) => number;

const ARITHMETIC: Record<string, Combine> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Mod: (a, b) => a - b * Math.floor(a / b),
  Max: Math.max,
  Min: Math.min,
  Neg: (a) => -a,
  Abs: Math.abs,
  Floor: Math.floor,
  Ceil: Math.ceil,
  Sqrt: Math.sqrt,
};

const LOGIC: Record<string, Combine> = {
  Equal: (a, b) => Number(a === b),
  Greater: (a, b) => Number(a > b),
  GreaterOrEqual: (a, b) => Number(a >= b),
  Less: (a, b) => Number(a < b),
  LessOrEqual: (a, b) => Number(a <= b),
  And: (a, b) => Number(a !== 0 && b !== 0),
  Or: (a, b) => Number(a !== 0 || b !== 0),
  Not: (a) => Number(a === 0),
};

const REDUCTIONS: Record<string, (a: number, b: number) => number> = {
  ReduceSum: (a, b) => a + b,
  ReduceProd: (a, b) => a * b,
  ReduceMax: Math.max,
  ReduceMin: Math.min,
};

const HOST_OPERATORS: Record<string, HostOperator> = {
  ...Object.fromEntries(
    Object.entries(ARITHMETIC).map(([name, f]): [string, HostOperator] => [
      name,
      (node, inputs) => (node.integer('fmod', 0) ? null : [elementwise(inputs[0].type, inputs, f)]),
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(LOGIC).map(([name, f]): [string, HostOperator] => [
      name,
      (_, inputs) => [elementwise('bool', inputs, f)],
    ]),
  ),
  ...Object.fromEntries(Object.entries(REDUCTIONS).map(([name, f]) => [name, ofAll(f)])),
  Div: (_, inputs) => {
    const whole = inputs[0].type === 'int64';
    return [elementwise(inputs[0].type, inputs, (a, b) => (whole ? Math.trunc(a / b) : a / b))];
  },
  Where: (_, inputs) => [elementwise(inputs[1].type, inputs, (condition, a, b) => (condition ? a : b))],
  Identity: (_, inputs) => [...inputs],
  Cast: (node, [x]) => {
    const type = hostType(node.integer('to', 1));
    if (!type) return null;
    const convert = { float32: (a: number) => a, int64: Math.trunc, bool: (a: number) => Number(a !== 0) }[type];
    return [elementwise(type, [x], convert)];
  },
  Reshape: (node, [x, wanted]) => [{ ...x, shape: newShape(node, x.shape, Array.from(wanted.read())) }],
  Squeeze: (node, [x, input]) => {
    const axes = named(node, input)?.map((axis) => normalAxis(axis, x.shape.length));
    return [{ ...x, shape: x.shape.filter((length, axis) => (axes ? !axes.includes(axis) : length !== 1)) }];
  },
  // More than one dimension is rare in the arithmetic of shapes.
  Unsqueeze: (node, [x, input]) => (x.shape.length === 0 && named(node, input)?.length === 1 ? [listOf(x)] : null),
  Concat: (_, inputs) => {
    if (inputs.some(({ shape }) => shape.length !== 1)) return null;
    const all = inputs.flatMap((input) => Array.from(input.read()));
    return [hostValue(inputs[0].type, [all.length], all)];
  },
  Gather: (_, [x, indices]) => {
    if (x.shape.length !== 1) return null;
    const numbers = x.read();
    const taken = Array.from(indices.read(), (i) => numbers[i < 0 ? i + numbers.length : i]);
    if (taken.some((value) => value === undefined)) throw new RangeError(`an index beyond ${numbers.length} numbers`);
    return [hostValue(x.type, indices.shape, taken)];
  },
  Slice: (node, [x, ...bounds]) => {
    if (x.shape.length !== 1) return null;
    const first = (input: HostValue | undefined, attribute: string, fallback: number) =>
      input?.read()[0] ?? node.integers(attribute)?.[0] ?? fallback;
    const { start, count, step } = slicePart(
      x.shape[0],
      first(bounds[0], 'starts', 0),
      first(bounds[1], 'ends', x.shape[0]),
      first(bounds[3], 'steps', 1),
    );
    const numbers = x.read();
    const taken = Array.from({ length: count }, (_, i) => numbers[start + i * step]);
    return [hostValue(x.type, [count], taken)];
  },
};

/**
 * Computes a node in JavaScript where all its inputs are numbers there, and few.
 *
 * @param inputs only those that the node has: a left-out one in between is left to the backend
 * @returns null where it is left to the backend
 */
export function computeOnHost(node: GraphNode, inputs: readonly (HostValue | null)[]): HostValue[] | null {
  const compute = Object.hasOwn(HOST_OPERATORS, node.operator) ? HOST_OPERATORS[node.operator] : undefined;
  const given = inputs.filter((input) => input !== null);
  if (!compute || given.length === 0 || given.length !== inputs.length) return null;
  return given.every(({ shape }) => sizeOf(shape) <= LARGEST) ? compute(node, given) : null;
}

/** Broadcast as NumPy does; float32 numbers are rounded to float32 by their array. */
function elementwise(type: HostType, inputs: readonly HostValue[], combine: Combine): HostValue {
  const rank = Math.max(...inputs.map(({ shape }) => shape.length));
  const shapes = inputs.map(({ shape }) => [...new Array<number>(rank - shape.length).fill(1), ...shape]);
  const shape = Array.from({ length: rank }, (_, axis) => {
    const lengths = shapes.map((each) => each[axis]);
    return lengths.includes(0) ? 0 : Math.max(...lengths);
  });
  const numbers = inputs.map((input) => input.read());
  const result = Array.from({ length: sizeOf(shape) }, (_, place) =>
    combine(...numbers.map((list, i) => list[placeIn(shapes[i], shape, place)])),
  );
  return hostValue(type, shape, result);
}

/** Where a place of a broadcast shape lies in one of the shapes that it came of. */
function placeIn(own: readonly number[], shape: readonly number[], place: number): number {
  let result = 0;
  let stride = 1;
  let rest = place;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const position = rest % shape[axis];
    rest = Math.floor(rest / shape[axis]);
    if (own[axis] !== 1) result += position * stride;
    stride *= own[axis];
  }
  return result;
}

/** Of all dimensions of a list. */
function ofAll(combine: (a: number, b: number) => number): HostOperator {
  return (node, [x]) => {
    const numbers = Array.from(x.read());
    if (x.shape.length !== 1 || numbers.length === 0) return null;
    return [hostValue(x.type, node.integer('keepdims', 1) ? [1] : [], [numbers.reduce(combine)])];
  };
}

function named(node: GraphNode, input: HostValue | undefined): number[] | null {
  return input ? Array.from(input.read()) : node.integers('axes');
}

function listOf(x: HostValue): HostValue {
  return { ...x, shape: [1] };
}

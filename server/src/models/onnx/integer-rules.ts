import type { Shape, ShapeRule } from './infer-shapes.ts';
import { inputName } from './node.ts';
import { integerAttribute } from './proto.ts';
import { fromFront, product } from './sizes.ts';

const passed: ShapeRule = ({ node, integers }) => integers(inputName(node, 0));

/** Elements of a node's first output, for the integers that networks compute shapes with. */
export const INTEGER_RULES: ReadonlyMap<string, ShapeRule> = new Map<string, ShapeRule>([
  ...['Identity', 'Cast', 'Squeeze', 'Unsqueeze', 'Reshape'].map((name) => [name, passed] as const),
  [
    'Shape',
    ({ node, of }) =>
      of(0)?.slice(integerAttribute(node, 'start', 0), integerAttribute(node, 'end', Number.MAX_SAFE_INTEGER)) ?? null,
  ],
  [
    'Gather',
    ({ node, integers }) => {
      const from = integers(inputName(node, 0));
      return from && (integers(inputName(node, 1))?.map((i) => from[fromFront(i, from.length)] ?? null) ?? null);
    },
  ],
  [
    'Concat',
    ({ node, integers }) => {
      const parts = (node.input ?? []).map(integers);
      return parts.some((part) => part === null) ? null : parts.flatMap((part) => part ?? []);
    },
  ],
  [
    'Slice',
    ({ node, integers, list }) => {
      const isPlain = (list(4, 'steps') ?? [1]).every((step) => step === 1);
      return isPlain ? sliced(integers(inputName(node, 0)), list(1, 'starts'), list(2, 'ends')) : null;
    },
  ],
  ['Mul', arithmetic((a, b) => a * b)],
  ['Add', arithmetic((a, b) => a + b)],
  ['Sub', arithmetic((a, b) => a - b)],
  ['Div', arithmetic((a, b) => Math.trunc(a / b))],
  [
    'ReduceProd',
    ({ node, integers }) => {
      const factors = integers(inputName(node, 0));
      return factors && [product(factors)];
    },
  ],
]);

function sliced(from: Shape | null, starts: Shape | null, ends: Shape | null): Shape | null {
  if (!from || starts?.length !== 1 || ends?.length !== 1) return null;
  const [[start], [end]] = [starts, ends];
  return start === null || end === null ? null : from.slice(start, end);
}

function arithmetic(apply: (a: number, b: number) => number): ShapeRule {
  return ({ node, integers }) => {
    const [a, b] = [integers(inputName(node, 0)), integers(inputName(node, 1))];
    if (!a || !b || (a.length !== b.length && a.length !== 1 && b.length !== 1)) return null;
    return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => {
      const [x, y] = [a[a.length === 1 ? 0 : i], b[b.length === 1 ? 0 : i]];
      return x === null || y === null ? null : apply(x, y);
    });
  };
}

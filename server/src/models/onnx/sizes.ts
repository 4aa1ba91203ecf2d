import type { Shape } from './infer-shapes.ts';

/** An axis counted from the front. */
export function fromFront(axis: number | null, rank: number): number {
  return axis === null ? Number.NaN : axis < 0 ? axis + rank : axis;
}

/** Null where a factor is not known. */
export function product(sizes: Shape): number | null {
  return sizes.reduce<number | null>((result, size) => (result === null || size === null ? null : result * size), 1);
}

/** Null where a term is not known. */
export function sum(sizes: Shape): number | null {
  return sizes.reduce<number | null>((result, size) => (result === null || size === null ? null : result + size), 0);
}

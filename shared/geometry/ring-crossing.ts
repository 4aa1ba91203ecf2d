import type { Ring } from './polygon-coverage.ts';

/**
 * Two edges of a closed ring that cross each other, or undefined where none do. Edges that only touch, as those of a ring that
 * comes back to a corner of its own, do not cross.
 * @returns numbers of the edges, each from the position of that number to the next
 */
export function crossingEdges(ring: Ring): readonly [number, number] | undefined {
  const edges = Array.from({ length: ring.length - 1 }, (_, i) => i);
  const left = (edge: number) => Math.min(ring[edge][0], ring[edge + 1][0]);
  const right = (edge: number) => Math.max(ring[edge][0], ring[edge + 1][0]);
  edges.sort((a, b) => left(a) - left(b));
  /** Those that reach as far as the present one begins. */
  let open: number[] = [];
  for (const edge of edges) {
    const start = left(edge);
    open = open.filter((other) => right(other) >= start);
    for (const other of open) {
      if (cross(ring[edge], ring[edge + 1], ring[other], ring[other + 1])) {
        return edge < other ? [edge, other] : [other, edge];
      }
    }
    open.push(edge);
  }
  return undefined;
}

type Position = Ring[number];

/** Whether each line segment has an end strictly on either side of the other. */
function cross(a: Position, b: Position, c: Position, d: Position): boolean {
  return side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;
}

/** -1, 0 or 1: on which side of the line from a to b a point lies. */
function side(a: Position, b: Position, point: Position): number {
  return Math.sign((b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0]));
}

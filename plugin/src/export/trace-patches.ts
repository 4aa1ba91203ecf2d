/** A polygon of a raster: its outline and its holes, closed, in corners of values from the top-left one. */
export type TracedPolygon = [x: number, y: number][][];

/** Directions along the edges of values: right, down, left, up. */
const STEPS = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const;

/**
 * The areas of a mask as polygons. Values that touch at a corner alone belong to areas of their own.
 * @param mask `rows x columns`, 0 outside
 */
export function tracePatches(mask: Uint8Array, rows: number, columns: number): TracedPolygon[] {
  const at = (x: number, y: number) => x >= 0 && y >= 0 && x < columns && y < rows && mask[y * columns + x] !== 0;
  /** Whether the edge that leaves a corner in a direction has the area on its right and none on its left. */
  const isEdge = (x: number, y: number, direction: number) => {
    const right = [at(x, y), at(x - 1, y), at(x - 1, y - 1), at(x, y - 1)];
    return right[direction] && !right[(direction + 3) % 4];
  };
  const seen = new Uint8Array((rows + 1) * (columns + 1));
  const outlines: TracedPolygon[] = [];
  const holes: [number, number][][] = [];

  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      for (const first of [0, 2]) {
        // An area has an edge to the right at its top, a hole one to the left.
        const startX = first === 0 ? x : x + 1;
        if (!isEdge(startX, y, first) || (seen[y * (columns + 1) + startX] & (1 << first)) !== 0) continue;
        const ring: [number, number][] = [];
        let [px, py, direction] = [startX, y, first];
        do {
          seen[py * (columns + 1) + px] |= 1 << direction;
          const before = direction;
          px += STEPS[direction][0];
          py += STEPS[direction][1];
          // To the right first, so that areas that meet at a corner stay apart.
          direction = [1, 0, 3].map((turn) => (before + turn) % 4).find((next) => isEdge(px, py, next)) ?? before;
          if (direction !== before) ring.push([px, py]);
        } while (px !== startX || py !== y || direction !== first);
        ring.push(ring[0]);
        if (signedArea(ring) > 0) outlines.push([ring]);
        else holes.push(ring);
      }
    }
  }
  for (const hole of holes) smallestAround(outlines, hole)?.push(hole);
  return outlines;
}

/** Positive for a ring that goes clockwise on screen, where y grows downwards. */
function signedArea(ring: readonly (readonly [number, number])[]): number {
  let sum = 0;
  for (let i = 1; i < ring.length; i++) sum += ring[i - 1][0] * ring[i][1] - ring[i][0] * ring[i - 1][1];
  return sum / 2;
}

function smallestAround(outlines: readonly TracedPolygon[], hole: [number, number][]): TracedPolygon | undefined {
  // A point just outside the hole, in the area around it: of its top edge, which goes from right to left.
  const top = Math.min(...hole.map(([, y]) => y));
  const corner = hole.filter(([, y]) => y === top).sort((a, b) => a[0] - b[0])[0];
  const [x, y] = [corner[0] + 0.5, top - 0.5];
  return outlines
    .filter(([ring]) => contains(ring, x, y))
    .sort(([a], [b]) => signedArea(a) - signedArea(b))
    .at(0);
}

function contains(ring: readonly (readonly [number, number])[], x: number, y: number): boolean {
  let inside = false;
  for (let i = 1; i < ring.length; i++) {
    const [[x0, y0], [, y1]] = [ring[i - 1], ring[i]];
    if (y0 > y !== y1 > y && x < x0) inside = !inside;
  }
  return inside;
}

import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';
import { crossingEdges } from '../../../shared/geometry/ring-crossing.ts';

/** Slide pixels. */
export type Position = readonly [x: number, y: number];
/** A closed line: its last position is its first. */
export type Ring = readonly Position[];

/** GeoJSON (RFC 7946) with slide pixels for coordinates. */
export type RegionGeometry =
  | { readonly type: 'Polygon'; readonly coordinates: readonly Ring[] }
  | { readonly type: 'MultiPolygon'; readonly coordinates: readonly (readonly Ring[])[] };

/** As many as the server takes. */
const MOST_POSITIONS = 20_000;

/**
 * The geometry of a Polygon, a MultiPolygon, a Feature or a FeatureCollection of them; null stays.
 * @throws TypeError that says what was expected
 */
export function checkedRegion(value: unknown): RegionGeometry | null {
  if (value === null) return null;
  const polygons = polygonsIn(value);
  const rings = polygons.flat();
  const count = rings.reduce((sum, ring) => sum + ring.length, 0);
  if (count > MOST_POSITIONS)
    throw new TypeError(`region: expected at most ${MOST_POSITIONS} positions, found ${count}`);
  return polygons.length === 1
    ? { type: 'Polygon', coordinates: polygons[0] }
    : { type: 'MultiPolygon', coordinates: polygons };
}

function polygonsIn(value: unknown): Ring[][] {
  const { type, geometry, features, coordinates }: Record<string, unknown> = Object(value);
  if (type === 'Feature') return polygonsIn(geometry);
  if (type === 'FeatureCollection' && Array.isArray(features) && features.length > 0)
    return features.flatMap(polygonsIn);
  const polygons = type === 'Polygon' ? [coordinates] : type === 'MultiPolygon' ? coordinates : undefined;
  if (!Array.isArray(polygons) || polygons.length === 0) {
    throw new TypeError('region: expected a GeoJSON Polygon or MultiPolygon, or Features of them, or null');
  }
  return polygons.map((rings) => {
    if (!Array.isArray(rings) || rings.length === 0) throw new TypeError('region: expected a list of rings');
    return rings.map(checkedRing);
  });
}

function checkedRing(ring: unknown): Ring {
  const positions: unknown[] = Array.isArray(ring) ? ring : [];
  const checked = positions.map((position): Position => {
    const [x, y]: unknown[] = Array.isArray(position) ? position : [];
    if (!isFiniteNumber(x) || !isFiniteNumber(y))
      throw new TypeError('region: expected positions [x, y] in slide pixels');
    return [x, y];
  });
  const [first, last] = [checked.at(0), checked.at(-1)];
  if (checked.length < 4 || first?.[0] !== last?.[0] || first?.[1] !== last?.[1]) {
    throw new TypeError('region: expected rings of at least 4 positions, the last the same as the first');
  }
  const crossing = crossingEdges(checked);
  if (crossing) {
    const [one, other] = crossing.map((edge) => checked[edge].join());
    throw new TypeError(`region: expected lines that do not cross, found those from ${one} and from ${other} crossing`);
  }
  return checked;
}

function isFiniteNumber(value: unknown): value is number {
  return Number.isFinite(value);
}

export function polygonRegion(corners: readonly Position[]): RegionGeometry {
  return { type: 'Polygon', coordinates: [[...corners, corners[0]]] };
}

export function ringsOf({ type, coordinates }: RegionGeometry): Ring[] {
  return type === 'Polygon' ? [...coordinates] : coordinates.flat();
}

/** The smallest rectangle around it. */
export function boundsOf(region: RegionGeometry): Rectangle {
  const positions = ringsOf(region).flat();
  const [xs, ys] = [0, 1].map((axis) => positions.map((position) => position[axis]));
  const least = (values: number[]) => values.reduce((a, b) => Math.min(a, b));
  const most = (values: number[]) => values.reduce((a, b) => Math.max(a, b));
  const [x, y] = [least(xs), least(ys)];
  return { x, y, width: most(xs) - x, height: most(ys) - y };
}

/** Whether a point lies inside, by the even-odd rule, so that holes are outside. */
export function isInside(region: RegionGeometry, x: number, y: number): boolean {
  let inside = false;
  for (const ring of ringsOf(region)) {
    for (let i = 1; i < ring.length; i++) {
      const [[x0, y0], [x1, y1]] = [ring[i - 1], ring[i]];
      if (y0 > y !== y1 > y && x < x0 + ((y - y0) * (x1 - x0)) / (y1 - y0)) inside = !inside;
    }
  }
  return inside;
}

/** Of SVG and of `Path2D`, in slide pixels. */
export function pathOf(region: RegionGeometry): string {
  return ringsOf(region)
    .map(
      (ring) =>
        `M${ring
          .slice(0, -1)
          .map((position) => position.join(' '))
          .join('L')}Z`,
    )
    .join('');
}

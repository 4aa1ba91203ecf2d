import { z } from 'zod';
import { type Polygon, type Ring, signedArea } from '../../../shared/geometry/polygon-coverage.ts';
import { crossingEdges } from '../../../shared/geometry/ring-crossing.ts';
import { Problem } from '../errors.ts';
import { LARGEST_COORDINATE } from './query.ts';

/** Of all rings together: more than anybody draws, and what is computed in well under a second. */
const MAX_POSITIONS = 20_000;

const POSITION = `expected a position [x, y] of finite slide pixels within ${LARGEST_COORDINATE} of 0`;
const RING = 'expected a ring of at least 4 positions, the last the same as the first';
const GEOMETRY = 'expected a Polygon or a MultiPolygon';

const coordinate = z
  .number({ error: POSITION })
  .min(-LARGEST_COORDINATE, { error: POSITION })
  .max(LARGEST_COORDINATE, { error: POSITION });

// A third number, the altitude of RFC 7946, is allowed and ignored.
const position = z
  .array(coordinate, { error: POSITION })
  .min(2, { error: POSITION })
  .max(3, { error: POSITION })
  .transform(([x, y]) => [x, y] as const);

const ring = z.array(position, { error: RING }).min(4, { error: RING }).refine(isClosed, { error: RING });

const rings = z.array(ring, { error: 'expected a list of rings' }).min(1, { error: 'expected at least one ring' });

const polygon = z
  .object({ type: z.literal('Polygon'), coordinates: rings })
  .transform(({ coordinates }) => [coordinates]);

const multiPolygon = z
  .object({
    type: z.literal('MultiPolygon'),
    coordinates: z
      .array(rings, { error: 'expected a list of polygons' })
      .min(1, { error: 'expected at least one polygon' }),
  })
  .transform(({ coordinates }) => coordinates);

const feature = z
  .object({
    type: z.literal('Feature', { error: 'expected a Feature' }),
    geometry: z.discriminatedUnion('type', [polygon, multiPolygon], { error: GEOMETRY }),
  })
  .transform(({ geometry }) => geometry);

const featureCollection = z
  .object({
    type: z.literal('FeatureCollection'),
    features: z
      .array(feature, { error: 'expected a list of Features' })
      .min(1, { error: 'expected at least one Feature' }),
  })
  .transform(({ features }) => features.flat());

/** A region as GeoJSON (RFC 7946) with slide pixels for coordinates; becomes its polygons. Other members are ignored. */
const regionBody = z.discriminatedUnion('type', [polygon, multiPolygon, feature, featureCollection], {
  error: 'expected GeoJSON of type Polygon, MultiPolygon, Feature or FeatureCollection',
});

/**
 * The polygons of a region that a client sends. Polygons of one body that overlap, and holes that do, are not
 * looked for: `polygonCoverage` says what it counts of them.
 * @param body parsed JSON: a Polygon, MultiPolygon, Feature with one of them, or FeatureCollection of those
 * @returns at least one polygon; each has an outer ring and then its holes, all closed
 * @throws Problem `bad-parameter` that names the place in the body, what was expected and what was found
 */
export function parseRegion(body: unknown): Polygon[] {
  const positions = countPositions(body);
  if (positions > MAX_POSITIONS) throw wrong([], `expected at most ${MAX_POSITIONS} positions`, `${positions}`);
  const parsed = regionBody.safeParse(body);
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues;
    throw wrong(path, message, describe(at(body, path)));
  }
  for (const ring of parsed.data.flat()) {
    const crossing = crossingEdges(ring);
    if (crossing) {
      const corner = (edge: number) => JSON.stringify(ring[edge]);
      const found = `the edges from ${crossing.map(corner).join(' and from ')} crossing`;
      throw wrong([], 'expected rings that do not cross themselves', found);
    }
  }
  if (parsed.data.every(([outer]) => signedArea(outer) === 0)) {
    throw wrong([], 'expected a region with an area', '0 square pixels within its outer rings');
  }
  return parsed.data;
}

function wrong(path: readonly PropertyKey[], expected: string, found: string): Problem {
  return new Problem('bad-parameter', `${['body', ...path].join('.')}: ${expected}, found ${found}`);
}

function isClosed(positions: Ring): boolean {
  // Too short a ring has been told of already, and is looked at all the same.
  if (positions.length === 0) return false;
  const [first, last] = [positions[0], positions[positions.length - 1]];
  return first[0] === last[0] && first[1] === last[1];
}

/** Before everything is looked at: arrays that begin with a number, wherever they are. Bodies nest as deeply as they like. */
function countPositions(body: unknown): number {
  let count = 0;
  const rest = [body];
  while (rest.length > 0) {
    const value = rest.pop();
    if (Array.isArray(value) && typeof value[0] === 'number') count++;
    else if (typeof value === 'object' && value !== null) for (const child of Object.values(value)) rest.push(child);
  }
  return count;
}

function at(body: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    body,
  );
}

/** What was found, short enough for a sentence. */
function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value) && value.length > 3) {
    return `${value.length} from ${short(value[0])} to ${short(value[value.length - 1])}`;
  }
  return short(value);
}

function short(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}

import { describe, expect, test } from 'vitest';
import { parseRegion } from '../../../server/src/routes/geojson.ts';

const square = [
  [0, 0],
  [9, 0],
  [9, 9],
  [0, 9],
  [0, 0],
];
const hole = [
  [3, 3],
  [6, 3],
  [6, 6],
  [3, 3],
];
const polygon = { type: 'Polygon', coordinates: [square, hole] };
const multiPolygon = { type: 'MultiPolygon', coordinates: [[square], [square, hole]] };
const feature = (geometry: unknown) => ({ type: 'Feature', properties: { name: 'Tumour' }, geometry });

describe('a region', () => {
  test.each([
    ['a Polygon', polygon, [[square, hole]]],
    ['a MultiPolygon', multiPolygon, [[square], [square, hole]]],
    ['a Feature', feature(polygon), [[square, hole]]],
    [
      'a FeatureCollection',
      { type: 'FeatureCollection', features: [feature(polygon), feature(multiPolygon)] },
      [[square, hole], [square], [square, hole]],
    ],
    [
      'positions with altitudes',
      { type: 'Polygon', coordinates: [square.map(([x, y]) => [x, y, 7])], bbox: [0, 0, 9, 9] },
      [[square]],
    ],
  ])('is read from %s', (_, body, expected) => {
    expect(parseRegion(body)).toEqual(expected);
  });

  const GEOJSON = 'expected GeoJSON of type Polygon, MultiPolygon, Feature or FeatureCollection';
  const POSITION = 'expected a position [x, y] of finite slide pixels within 4294967296 of 0';
  const RING = 'expected a ring of at least 4 positions, the last the same as the first';
  const ofRing = (ring: unknown) => ({ type: 'Polygon', coordinates: [ring] });
  const many = Array.from({ length: 20_001 }, (_, i) => [i, i * i]);

  test.each([
    ['nothing', {}, `body.type: ${GEOJSON}, found nothing`],
    ['no object', 7, `body: ${GEOJSON}, found 7`],
    ['a Point', { type: 'Point', coordinates: [1, 2] }, `body.type: ${GEOJSON}, found "Point"`],
    [
      'a LineString in a Feature',
      feature({ type: 'LineString', coordinates: square }),
      'body.geometry.type: expected a Polygon or a MultiPolygon, found "LineString"',
    ],
    ['a Feature of nothing', feature(null), 'body.geometry: expected a Polygon or a MultiPolygon, found null'],
    [
      'a geometry in a FeatureCollection',
      { type: 'FeatureCollection', features: [polygon] },
      'body.features.0.type: expected a Feature, found "Polygon"',
    ],
    [
      'no Features',
      { type: 'FeatureCollection', features: [] },
      'body.features: expected at least one Feature, found []',
    ],
    ['no rings', { type: 'Polygon', coordinates: [] }, 'body.coordinates: expected at least one ring, found []'],
    [
      'no polygons',
      { type: 'MultiPolygon', coordinates: [] },
      'body.coordinates: expected at least one polygon, found []',
    ],
    ['no coordinates', { type: 'Polygon' }, 'body.coordinates: expected a list of rings, found nothing'],
    ['an open ring', ofRing(square.slice(0, 4)), `body.coordinates.0: ${RING}, found 4 from [0,0] to [0,9]`],
    [
      'an open hole',
      { type: 'MultiPolygon', coordinates: [[square], [square, square.slice(1)]] },
      `body.coordinates.1.1: ${RING}, found 4 from [9,0] to [0,0]`,
    ],
    [
      'three positions',
      ofRing([
        [0, 0],
        [9, 0],
        [0, 0],
      ]),
      `body.coordinates.0: ${RING}, found [[0,0],[9,0],[0,0]]`,
    ],
    [
      'too large a number',
      ofRing([[JSON.parse('1e999'), 0], ...square]),
      `body.coordinates.0.0.0: ${POSITION}, found Infinity`,
    ],
    ['a text', ofRing([['0', 0], ...square]), `body.coordinates.0.0.0: ${POSITION}, found "0"`],
    ['one number', ofRing([[0], ...square]), `body.coordinates.0.0: ${POSITION}, found [0]`],
    [
      'a line',
      ofRing([
        [0, 0],
        [9, 9],
        [4, 4],
        [0, 0],
      ]),
      'body: expected a region with an area, found 0 square pixels within its outer rings',
    ],
    ['an empty ring', ofRing([]), `body.coordinates.0: ${RING}, found []`],
    ['an empty hole', { type: 'MultiPolygon', coordinates: [[square, []]] }, `body.coordinates.0.1: ${RING}, found []`],
    [
      'a ring that crosses itself',
      ofRing([
        [0, 0],
        [512, 512],
        [512, 0],
        [0, 512],
        [0, 0],
      ]),
      'body: expected rings that do not cross themselves, found the edges from [0,0] and from [512,0] crossing',
    ],
    ['too many positions', ofRing(many), 'body: expected at most 20000 positions, found 20001'],
  ])('is refused for %s', (_, body, message) => {
    const parse = () => parseRegion(body);
    expect(parse).toThrow(expect.objectContaining({ code: 'bad-parameter', message }));
  });
});

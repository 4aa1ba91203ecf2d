import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type TileAddress, tileBounds } from '../../../shared/geometry/deep-zoom.ts';
import { tileWindow } from '../../../shared/geometry/score-raster.ts';
import { paintTile } from '../../../shared/painting/paint-tile.ts';
import type { PaintStyle } from '../../../shared/painting/style.ts';
import { anyTileAddress, full, grid, noise, none, pyramid, style, tileOf } from './tiles.ts';

type Plane = (column: number, row: number) => number;

function paint(address: TileAddress, planes: Plane[], changes: Partial<PaintStyle> = {}, one: 255 | 1 = 255) {
  const window = tileWindow(pyramid, grid, address, changes.score === 'patch' ? 0 : 'cells');
  const bounds = tileBounds(pyramid, address);
  const painted = paintTile(tileOf(window, planes, one), window, grid, pyramid, address, style(changes));
  const at = (x: number, y: number) => {
    const offset = 4 * ((y - bounds.y) * painted.width + x - bounds.x);
    return [...painted.data.subarray(offset, offset + 4)];
  };
  return { ...painted, bounds, at };
}

const first = { level: 10, column: 0, row: 0 };
const red: [number, number, number] = [255, 0, 0];
const green: [number, number, number] = [0, 255, 0];
const blue: [number, number, number] = [0, 0, 255];
const constant = (value: number) => () => value;

test('a constant tile has one colour, right to its edges', () => {
  const { data, width, height } = paint(first, [constant(128), full, none], { opacity: 0.5 });
  expect([width, height]).toEqual([257, 257]);
  for (let i = 0; i < data.length; i += 4) expect([...data.subarray(i, i + 4)]).toEqual([...data.subarray(0, 3), 128]);
});

test('the remainder, and nothing else, is transparent', () => {
  const { data, at, bounds } = paint({ level: 10, column: 3, row: 2 }, [full, full, none]);
  const opaque = data.filter((_, i) => i % 4 === 3 && data[i] === 255).length;
  expect(opaque).toBe((960 - bounds.x) * (640 - bounds.y));
  expect([at(959, 639)[3], at(960, 639)[3], at(959, 640)[3]]).toEqual([255, 0, 0]);
});

test('a tile wholly in the remainder is transparent', () => {
  const small = { ...pyramid, tileSize: 16 };
  const address = { level: 10, column: 61, row: 0 };
  const window = tileWindow(small, grid, address, 'cells');
  const tile = tileOf(window, [full, full, none]);
  expect(paintTile(tile, window, grid, small, address, style()).data.every((byte) => byte === 0)).toBe(true);
});

test('what is not computed and what is background is transparent, what is estimated fainter', () => {
  const alpha = (coverage: number, background: number) =>
    paint(first, [full, constant(coverage), constant(background)]).at(10, 10)[3];
  expect(alpha(0, 0)).toBe(0);
  expect(alpha(1, 0)).toBe(153);
  expect(alpha(254, 0)).toBe(153);
  expect(alpha(255, 0)).toBe(255);
  expect(alpha(255, 255)).toBe(0);
  expect(alpha(255, 51)).toBe(204);
});

test('interpolates between the centres of values, before colouring', () => {
  // Cells of 16 pixels: the centres of cells 0 and 1 are at 8 and 24; a grey ramp reads the score back.
  const ramp = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));
  const { at } = paint(first, [(column) => (column === 0 ? 0 : 160), full, none], { colormap: ramp });
  expect(at(0, 0)[0]).toBe(0);
  expect(at(7, 0)[0]).toBe(0);
  expect(at(8, 0)[0]).toBe(5);
  expect(at(15, 0)[0]).toBe(75);
  expect(at(16, 0)[0]).toBe(85);
  expect(at(24, 0)[0]).toBe(160);
});

test('cells are shown as rectangles', () => {
  const ramp = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));
  const { at } = paint(first, [(column) => 10 * column, full, none], { colormap: ramp, interpolation: 'cells' });
  expect([at(0, 3)[0], at(15, 3)[0], at(16, 3)[0], at(31, 3)[0], at(32, 3)[0]]).toEqual([0, 0, 10, 10, 20]);
});

test('range and threshold', () => {
  const ramp = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));
  const colour = (value: number, changes: Partial<PaintStyle>) =>
    paint(first, [constant(value), full, none], { colormap: ramp, ...changes }).at(5, 5);
  expect(colour(51, { range: [0.2, 0.6] })[0]).toBe(0);
  expect(colour(102, { range: [0.2, 0.6] })[0]).toBe(128);
  expect(colour(255, { range: [0.2, 0.6] })[0]).toBe(255);
  expect(colour(127, { threshold: 0.5 })).toEqual([0, 0, 0, 0]);
  expect(colour(128, { threshold: 0.5 })[3]).toBe(255);
  expect(colour(127, { range: [0.5, 0.5] })[0]).toBe(0);
  expect(colour(128, { range: [0.5, 0.5] })[0]).toBe(255);
});

test('blend: mean colour by score, alpha by their sum', () => {
  const blend = (a: number, b: number, changes: Partial<PaintStyle> = {}) =>
    paint(first, [constant(a), constant(b), full, none], {
      mode: 'blend',
      planes: [0, 1],
      colours: [red, green],
      ...changes,
    }).at(9, 9);
  expect(blend(51, 51)).toEqual([128, 128, 0, 102]);
  expect(blend(204, 102)).toEqual([170, 85, 0, 255]);
  expect(blend(204, 102, { threshold: 0.5 })).toEqual([255, 0, 0, 204]);
  expect(blend(0, 0)).toEqual([0, 0, 0, 0]);
});

test('most likely: the leading class, fading by its lead', () => {
  const argmax = (values: number[], changes: Partial<PaintStyle> = {}) =>
    paint(first, [...values.map(constant), full, none], {
      mode: 'argmax',
      planes: values.map((_, i) => i),
      colours: [red, green, blue],
      ...changes,
    }).at(9, 9);
  expect(argmax([51, 153, 51])).toEqual([0, 255, 0, 102]);
  expect(argmax([153, 51, 102])).toEqual([255, 0, 0, 51]);
  expect(argmax([255, 0])).toEqual([255, 0, 0, 255]);
  expect(argmax([102])).toEqual([255, 0, 0, 102]);
  expect(argmax([153, 51, 51], { threshold: 0.7 })).toEqual([0, 0, 0, 0]);
  expect(argmax([100, 100])).toEqual([0, 0, 0, 0]);
});

test('blend and argmax give the same bytes for any order of the classes', () => {
  const colours: [number, number, number][] = [red, green, blue, [123, 45, 67]];
  const anyOrder = fc.shuffledSubarray([0, 1, 2, 3], { minLength: 1 });
  fc.assert(
    fc.property(
      anyOrder,
      anyTileAddress,
      fc.constantFrom('blend', 'argmax'),
      fc.nat(1000),
      (order, address, mode, seed) => {
        const planes = [noise(seed), noise(seed + 1), noise(seed + 2), noise(seed + 3), full, none];
        const draw = (chosen: number[]) =>
          paint(address, planes, { mode, planes: chosen, colours: chosen.map((k) => colours[k]) }).data;
        const ascending = [...order].sort((a, b) => a - b);
        expect(Buffer.compare(Buffer.from(draw(order)), Buffer.from(draw(ascending)))).toBe(0);
      },
    ),
    { numRuns: 30 },
  );
});

test('neighbouring tiles have the same bytes where they overlap', () => {
  fc.assert(
    fc.property(anyTileAddress, fc.nat(1000), fc.constantFrom('smooth', 'cells'), (address, seed, interpolation) => {
      const planes = [noise(seed), noise(seed + 9), noise(seed + 10)];
      const right = { ...address, column: address.column + 1 };
      if (right.column * 256 * 2 ** (10 - right.level) >= pyramid.width) return;
      const a = paint(address, planes, { interpolation });
      const b = paint(right, planes, { interpolation });
      for (let x = b.bounds.x; x < a.bounds.x + a.width; x++) {
        for (let y = a.bounds.y; y < a.bounds.y + a.height; y++) expect(a.at(x, y)).toEqual(b.at(x, y));
      }
    }),
    { numRuns: 15 },
  );
});

test('scores that are no number are transparent, infinite ones are the largest', () => {
  const float = (value: number) => paint(first, [constant(value), constant(1), none], { score: 'cam' }, 1).at(9, 9);
  expect(float(Number.NaN)).toEqual([0, 0, 0, 0]);
  expect(float(Number.POSITIVE_INFINITY)).toEqual([0xfd, 0xe7, 0x25, 255]);
  expect(float(Number.NEGATIVE_INFINITY)).toEqual([0x44, 0x01, 0x54, 255]);
  const mixed = paint(first, [(c, r) => [Number.NaN, Infinity, -Infinity, 0.5][(c + r) % 4], constant(1), none], {}, 1);
  expect(mixed.at(40, 40)[3]).toBeGreaterThanOrEqual(0);
});

test('a float tile is exact where its coverage is 1', () => {
  const alpha = (coverage: number) => paint(first, [constant(0.5), constant(coverage), none], {}, 1).at(9, 9)[3];
  // On a line of the hatch, which begins in the corner.
  expect([alpha(0), alpha(0.5), alpha(1)]).toEqual([0, 54, 255]);
});

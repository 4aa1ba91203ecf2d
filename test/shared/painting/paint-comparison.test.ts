import fc from 'fast-check';
import { expect, test } from 'vitest';
import { colormapTable } from '../../../shared/colour/colormaps.ts';
import { levelScale, type TileAddress, tileBounds } from '../../../shared/geometry/deep-zoom.ts';
import { gridExtent, type PatchGrid, patchGrid } from '../../../shared/geometry/patch-grid.ts';
import { scoreRaster, tileWindow } from '../../../shared/geometry/score-raster.ts';
import { type ComparedPlane, paintComparison, paintTileComparison } from '../../../shared/painting/paint-comparison.ts';
import { paintTile } from '../../../shared/painting/paint-tile.ts';
import { anyTileAddress, full, grid, noise, none, pyramid, slide, style, tileOf } from './tiles.ts';

/** Another model's: patches of 100 with one cell, so that neither raster, grid nor remainder is the same. */
const otherGrid = patchGrid(slide, { patchWidth: 100, patchHeight: 100, cellRows: 1, cellColumns: 1 }, 1);
const colormap = colormapTable('BrBG') ?? new Uint8Array(768);
const diverging = style({ colormap });

type Plane = (column: number, row: number) => number;

function planeOf(of: PatchGrid, address: TileAddress, plane: Plane, coverage: Plane = full, one: 255 | 1 = 255) {
  const window = tileWindow(pyramid, of, address, 'cells');
  return { tile: tileOf(window, [plane, coverage, none], one), window, grid: of, plane: 0 } satisfies ComparedPlane;
}

test('a model minus itself is the middle of the colours everywhere', () => {
  fc.assert(
    fc.property(anyTileAddress, fc.integer({ min: 0, max: 999 }), fc.boolean(), (address, seed, smooth) => {
      const own = planeOf(grid, address, noise(seed));
      const shown = { ...diverging, interpolation: smooth ? ('smooth' as const) : ('cells' as const) };
      const { data } = paintTileComparison(own, own, pyramid, address, shown);
      const seen = paintTile(own.tile, own.window, grid, pyramid, address, style());
      for (let at = 0; at < data.length; at += 4) {
        const expected = seen.data[at + 3] === 0 ? [0, 0, 0, 0] : [...colormap.subarray(384, 387), 255];
        if (expected.some((byte, i) => data[at + i] !== byte)) expect([...data.subarray(at, at + 4)]).toEqual(expected);
      }
    }),
    { numRuns: 20 },
  );
});

test('two classes of one model give the bytes of their difference', () => {
  fc.assert(
    fc.property(anyTileAddress, fc.integer({ min: 0, max: 999 }), (address, seed) => {
      const window = tileWindow(pyramid, grid, address, 'cells');
      const estimated = noise(seed + 2);
      const tile = tileOf(window, [noise(seed), noise(seed + 1), estimated, none]);
      const shown = { ...diverging, threshold: 0.1, gamma: 0.7, opacityByValue: true, opacity: 0.8 };
      const whole = paintTile(tile, window, grid, pyramid, address, { ...shown, mode: 'difference', planes: [1, 0] });
      const [first, second] = [1, 0].map((plane) => ({ tile, window, grid, plane }));
      const { data } = paintTileComparison(first, second, pyramid, address, shown);
      // Told by a loop: comparing arrays of this length takes a second otherwise.
      expect(data.findIndex((byte, i) => byte !== whole.data[i])).toBe(-1);
    }),
    { numRuns: 20 },
  );
});

test('each pixel is the difference of what the models have there, interpolated on their own rasters', () => {
  fc.assert(
    fc.property(anyTileAddress, fc.integer({ min: 0, max: 999 }), fc.boolean(), (address, seed, floats) => {
      const one = floats ? 1 : 255;
      const ofOther = noise(seed + 1);
      const other = floats ? (column: number, row: number) => Math.fround(ofOther(column, row) / 255) : ofOther;
      const first = planeOf(grid, address, noise(seed));
      const second = planeOf(otherGrid, address, other, floats ? () => 1 : full, one);
      const painted = paintTileComparison(first, second, pyramid, address, diverging);
      const bounds = tileBounds(pyramid, address);
      const scale = levelScale(pyramid, address.level);
      for (let y = 0; y < bounds.height; y += 7) {
        for (let x = 0; x < bounds.width; x += 5) {
          const place: [number, number] = [(bounds.x + x + 0.5) * scale, (bounds.y + y + 0.5) * scale];
          const found = [...painted.data.subarray(4 * (y * bounds.width + x), 4 * (y * bounds.width + x) + 4)];
          const [a, b] = [first, second].map((plane) => valueAt(plane, ...place));
          if (a === undefined || b === undefined) {
            expect(found).toEqual([0, 0, 0, 0]);
            continue;
          }
          const share = 0.5 + (a - b) / 2;
          // Where rounding decides between two neighbours, either is right.
          const entries = [Math.floor(255 * share + 0.5 - 1e-6), Math.floor(255 * share + 0.5 + 1e-6)];
          const allowed = entries.map((entry) => String([...colormap.subarray(3 * entry, 3 * entry + 3), 255]));
          expect(allowed).toContain(String(found));
        }
      }
    }),
    { numRuns: 15 },
  );
});

test('a pixel is as visible as the less visible of the two', () => {
  const address = { level: 9, column: 0, row: 0 };
  const estimated = planeOf(
    grid,
    address,
    () => 200,
    () => 100,
  );
  const computed = planeOf(otherGrid, address, () => 100);
  const absent = planeOf(otherGrid, address, () => 100, none);
  const alone = paintTile(estimated.tile, estimated.window, grid, pyramid, address, style());
  for (const [a, b] of [
    [estimated, computed],
    [computed, estimated],
  ]) {
    const { data } = paintTileComparison(a, b, pyramid, address, diverging);
    for (let at = 3; at < data.length; at += 4) {
      const { x, y } = { x: ((at - 3) / 4) % 257, y: Math.floor((at - 3) / 4 / 257) };
      const [width, height] = [otherGrid, grid]
        .map(gridExtent)
        .reduce(([w, h], extent) => [Math.min(w, extent.width), Math.min(h, extent.height)], [9999, 9999]);
      const inside = (x + 0.5) * 2 < width && (y + 0.5) * 2 < height;
      if (data[at] !== (inside ? alone.data[at] : 0)) expect([x, y, data[at]]).toEqual([x, y, alone.data[at]]);
    }
  }
  expect(paintTileComparison(estimated, absent, pyramid, address, diverging).data.some((byte) => byte > 0)).toBe(false);
});

test('a wide area is that of its strips', () => {
  const area = { x: 3, y: 5, width: 990, height: 40 };
  const window = (of: PatchGrid) =>
    ({ rasterLevel: 'cells', rowStart: 0, columnStart: 0, ...scoreRaster(of, 'cells') }) as const;
  const [first, second] = [grid, otherGrid].map((of, i) => {
    const { rows, columns, rasterLevel, rowStart, columnStart } = window(of);
    const whole = { rasterLevel, rowStart, columnStart, rows, columns };
    return { tile: tileOf(whole, [noise(i), full, none]), window: whole, grid: of, plane: 0 };
  });
  const { data } = paintComparison(first, second, area, 1, diverging);
  for (const strip of [0, 300, 600].map((x) => ({ ...area, x: area.x + x, width: 300 }))) {
    const part = paintComparison(first, second, strip, 1, diverging);
    for (let y = 0; y < area.height; y += 13) {
      const from = 4 * (y * area.width + strip.x - area.x);
      expect(part.data.subarray(1200 * y, 1200 * (y + 1))).toEqual(data.subarray(from, from + 1200));
    }
  }
});

/** Score at a place in slide pixels: bilinear between the values' centres; undefined in the remainder. */
function valueAt({ tile, window, grid: of }: ComparedPlane, x: number, y: number): number | undefined {
  const extent = gridExtent(of);
  if (x >= extent.width || y >= extent.height) return undefined;
  const raster = scoreRaster(of, window.rasterLevel);
  const column = Math.min(raster.columns - 1, Math.max(0, (x - raster.originX) / raster.valueWidth - 0.5));
  const row = Math.min(raster.rows - 1, Math.max(0, (y - raster.originY) / raster.valueHeight - 0.5));
  const at = (r: number, c: number) => {
    const [inRow, inColumn] = [Math.min(raster.rows - 1, r), Math.min(raster.columns - 1, c)];
    return tile.data[(inRow - window.rowStart) * tile.columns + inColumn - window.columnStart] / tile.one;
  };
  const [r, c] = [Math.floor(row), Math.floor(column)];
  const [v, u] = [row - r, column - c];
  const mix = (a: number, b: number, share: number) => (share === 0 ? a : a + (b - a) * share);
  return mix(mix(at(r, c), at(r, c + 1), u), mix(at(r + 1, c), at(r + 1, c + 1), u), v);
}

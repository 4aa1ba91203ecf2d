import fc from 'fast-check';
import { colormapTable } from '../../../shared/colour/colormaps.ts';
import type { TilePyramid } from '../../../shared/geometry/deep-zoom.ts';
import { patchGrid } from '../../../shared/geometry/patch-grid.ts';
import { scoreRaster, type TileWindow } from '../../../shared/geometry/score-raster.ts';
import type { PaintStyle, ScoreTile } from '../../../shared/painting/style.ts';

/** 1000 x 700 pixels, patches of 64 with 4 x 4 cells: 15 x 10 patches and a remainder on both sides. */
export const slide = { width: 1000, height: 700 };
export const grid = patchGrid(slide, { patchWidth: 64, patchHeight: 64, cellRows: 4, cellColumns: 4 }, 1);
export const pyramid: TilePyramid = { ...slide, tileSize: 256, overlap: 1 };

/** A tile of the window whose planes are functions of the value's place on the whole raster (0 to `one`). */
export function tileOf(
  window: TileWindow,
  planes: ((column: number, row: number) => number)[],
  one: 255 | 1 = 255,
): ScoreTile {
  const { rows, columns } = window;
  const size = rows * columns;
  const data = one === 255 ? new Uint8Array(planes.length * size) : new Float32Array(planes.length * size);
  planes.forEach((plane, k) => {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        data[k * size + row * columns + column] = plane(window.columnStart + column, window.rowStart + row);
      }
    }
  });
  return { data, classes: planes.length - 2, rows, columns, one };
}

export const full = () => 255;
export const none = () => 0;

export function style(changes: Partial<PaintStyle> = {}): PaintStyle {
  return {
    mode: 'single',
    score: 'probability',
    planes: [0],
    colours: [],
    colormap: colormapTable('viridis') ?? new Uint8Array(768),
    range: [0, 1],
    threshold: Number.NEGATIVE_INFINITY,
    gamma: 1,
    opacityByValue: false,
    exclusive: true,
    opacity: 1,
    interpolation: 'smooth',
    ...changes,
  };
}

/** A byte for every value of the whole cell raster, the same for a seed whatever window it is seen through. */
export function noise(seed: number): (column: number, row: number) => number {
  return (column, row) => {
    let hash =
      Math.imul(seed + 0x9e3779b9, 0x85ebca6b) ^ Math.imul(column + 1, 0xc2b2ae35) ^ Math.imul(row + 1, 0x27d4eb2f);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    return ((hash ^ (hash >>> 12)) >>> 8) & 255;
  };
}

export const anyTileAddress = fc.constantFrom(
  ...[10, 9, 8, 7, 5].flatMap((level) => {
    const across = Math.ceil(slide.width / 2 ** (10 - level) / 256);
    const down = Math.ceil(slide.height / 2 ** (10 - level) / 256);
    return Array.from({ length: across * down }, (_, i) => ({
      level,
      column: i % across,
      row: Math.floor(i / across),
    }));
  }),
);

export const cellRaster = scoreRaster(grid, 'cells');

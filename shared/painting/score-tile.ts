import { decodeNpy } from '../codecs/npy.ts';
import type { TileWindow } from '../geometry/score-raster.ts';
import type { PaintStyle, ScoreTile } from './style.ts';

/** Planes of a score tile that are no class: coverage and background, in that order, last. */
const EXTRA_PLANES = 2;

/** Decodes the body of a `.npy` score tile, shape [classes + 2, rows, columns]. @throws Error for any other body */
export function scoreTileFromNpy(bytes: Uint8Array): ScoreTile {
  const { dtype, shape, data } = decodeNpy(bytes);
  const [planes, rows, columns] = shape;
  if (shape.length !== 3 || planes < EXTRA_PLANES) {
    throw new Error(`score tile: expected shape (classes + 2, rows, columns), found (${shape.join(', ')})`);
  }
  return { data, classes: planes - EXTRA_PLANES, rows, columns, one: dtype === '|u1' ? 255 : 1 };
}

/** @throws RangeError where tile and window differ in size, or the style names a plane that the tile lacks */
export function checkTile(tile: ScoreTile, window: TileWindow, style: PaintStyle): void {
  if (tile.rows !== window.rows || tile.columns !== window.columns) {
    throw new RangeError(
      `score tile: expected ${window.rows} x ${window.columns} values, found ${tile.rows} x ${tile.columns}`,
    );
  }
  const missing = style.planes.find((plane) => !(plane >= 0 && plane < tile.classes));
  if (missing !== undefined) {
    throw new RangeError(`score tile: expected a class plane from 0 to ${tile.classes - 1}, found ${missing}`);
  }
}

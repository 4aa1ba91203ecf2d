import { decodeNpy } from '../codecs/npy.ts';
import type { ScoreTile } from './style.ts';

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

import { encodeNpy } from '../../shared/codecs/npy.ts';
import type { TileAddress } from '../../shared/geometry/deep-zoom.ts';
import { tileWindow } from '../../shared/geometry/score-raster.ts';
import type { HeatmapDescriptor, Score } from '../../shared/heatmap-descriptor.ts';

/** Score, 0 to 1, of a class at a place of the slide (0 to 1 in both directions): one soft spot for each class. */
export function scoreAt(index: number, x: number, y: number): number {
  const angle = 1 + (index * 2 * Math.PI) / 5;
  const distance = Math.hypot(x - 0.5 - 0.25 * Math.cos(angle), (y - 0.5 - 0.25 * Math.sin(angle)) * 0.7);
  return Math.exp(-((distance / 0.16) ** 2));
}

/** A tile's body as the server sends it. */
export function tileBody(
  descriptor: HeatmapDescriptor,
  address: TileAddress,
  planes: number[],
  score: Score,
  coverage: number,
  [low, high] = [0, 1],
): Uint8Array {
  const window = tileWindow(descriptor, descriptor.grid, address, score === 'patch' ? 0 : 'cells');
  const { rows, columns, rowStart, columnStart, rasterLevel } = window;
  const perPatch = rasterLevel === 'cells' ? 1 / descriptor.grid.cellRows : 2 ** rasterLevel;
  const shift = descriptor.model.startsWith('other') ? 0.4 : 0;
  const one = score === 'cam' ? 1 : 255;
  const data = new Float64Array((planes.length + 2) * rows * columns);
  planes.forEach((index, plane) => {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const x = ((columnStart + column + 0.5) * perPatch) / descriptor.grid.columns;
        const y = ((rowStart + row + 0.5) * perPatch) / descriptor.grid.rows;
        const value = Math.round(255 * scoreAt(index + shift, x, y)) * (one / 255);
        data[(plane * rows + row) * columns + column] = score === 'cam' ? low + (high - low) * value : value;
      }
    }
  });
  data.fill((coverage * one) / 255, planes.length * rows * columns, (planes.length + 1) * rows * columns);
  const shape = [planes.length + 2, rows, columns];
  return score === 'cam'
    ? encodeNpy({ dtype: '<f2', shape, data })
    : encodeNpy({ dtype: '|u1', shape, data: Uint8Array.from(data) });
}

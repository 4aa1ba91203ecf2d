import { type PatchGrid, patchRectangle } from '../geometry/patch-grid.ts';
import type { Sampling } from './sampling.ts';
import type { ScoreTile } from './style.ts';

/** Pixels of the output that a patch's side has to cover for lines in it to be seen as such. */
const CLOSE_LOOK = 32;
/** Pixels from one line to the next. */
const SPACING = 6;
/** Opacity on a line, as a share of that beside it. */
const ON_LINE = 0.35;

/** Makes estimated values look drawn rather than measured; see `hatchOf`. */
export interface Hatch {
  /** Takes its lines out of the visibility of row `y` of the output. */
  apply(visibility: Float64Array, y: number): void;
}

/**
 * Diagonal lines over values that are estimated, where one looks so closely that a patch is large; undefined where
 * there is nothing to hatch. Lines follow the output's own raster, so that those of neighbouring tiles meet.
 * @param origin of the area in the output's raster
 * @param scale slide pixels per output pixel
 */
export function hatchOf(
  tile: ScoreTile,
  grid: PatchGrid,
  origin: { x: number; y: number },
  scale: number,
  { across, down }: { across: Sampling; down: Sampling },
): Hatch | undefined {
  if (grid.rows === 0 || grid.columns === 0) return undefined;
  if (patchRectangle(grid, { row: 0, column: 0 }).width < CLOSE_LOOK * scale) return undefined;
  const { data, classes, rows, columns, one } = tile;
  const coverage = data.subarray(classes * rows * columns, (classes + 1) * rows * columns);
  if (!coverage.some((share) => share > 0 && share < one)) return undefined;
  return {
    apply(visibility, y) {
      const row = nearest(down, y, rows) * columns;
      for (let x = 0; x < across.inside; x++) {
        if (modulo(origin.x + x + origin.y + y, SPACING) !== 0) continue;
        const share = coverage[row + nearest(across, x, columns)];
        if (share > 0 && share < one) visibility[x] *= ON_LINE;
      }
    },
  };
}

function nearest({ first, share }: Sampling, position: number, length: number): number {
  return Math.min(length - 1, first[position] + (share[position] < 0.5 ? 0 : 1));
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}

import { patchAt, patchIndex, patchPitch, patchRectangle } from '../../../shared/geometry/patch-grid.ts';
import type { ScoreAtPoint } from '../../../shared/heatmap-descriptor.ts';
import { Problem } from '../errors.ts';
import type { Heatmap } from './heatmap.ts';
import { cellsOf, probabilitiesOf, scoreOfCells } from './patch-scores.ts';
import type { Scheduler } from './scheduler.ts';
import type { WishOptions } from './wishes.ts';

/**
 * Every class's probability and CAM at a point, from the patch that covers it (of overlapping ones that whose middle is
 * nearest), which is classified if need be. Background that is not classified has no classes.
 * @param x slide pixels, as `y`
 * @throws Problem `bad-parameter` outside the slide
 */
export async function scoreAtPoint(
  heatmap: Heatmap,
  scheduler: Scheduler,
  x: number,
  y: number,
  wish: Omit<WishOptions, 'priority'>,
): Promise<ScoreAtPoint> {
  const { grid, model, slide, values } = heatmap;
  if (!(x >= 0 && x < slide.width && y >= 0 && y < slide.height)) {
    throw new Problem(
      'bad-parameter',
      `x, y: expected a point of the slide, 0 to ${slide.width - 1} and 0 to ${slide.height - 1}, found ${x}, ${y}`,
    );
  }
  const position = patchAt(grid, x, y);
  if (!position) return { x, y, patch: null, classes: null };
  const { row, column } = position;
  const index = patchIndex(grid, position);
  const patch = { ...patchRectangle(grid, position), row, column };
  if (values.mask?.[index]) return { x, y, patch, classes: null };
  if (!values.known.isKnown(row, column)) await scheduler.classify(heatmap, [index], { ...wish, priority: 'request' });
  const record = (await values.records([index])).get(index);
  if (!record) throw new Problem('busy', 'the patch at this point was lost by the store; ask again');

  const { width, height, stepWidth, stepHeight } = patchPitch(grid);
  const cellRow = cellAt(y - row * stepHeight, height, grid.cellRows);
  const cellColumn = cellAt(x - column * stepWidth, width, grid.cellColumns);
  const start = (cellRow * grid.cellColumns + cellColumn) * model.classes.length;
  const cells = cellsOf(model, record);
  const cam = scoreOfCells(model, cells, 'cam');
  const probability = heatmap.scores.includes('probability') ? scoreOfCells(model, cells, 'probability') : null;
  const probabilities = probabilitiesOf(model, record);
  return {
    x,
    y,
    patch,
    classes: model.classes.map(({ name }, i) => ({
      class: name,
      probability: probabilities[i],
      cell: probability?.[start + i] ?? null,
      cam: cam[start + i],
    })),
  };
}

/** The cell, along one side of a patch, that a pixel of it lies in; the division comes last, for a border must not be missed. */
function cellAt(pixel: number, patchSize: number, cells: number): number {
  return Math.min(cells - 1, Math.max(0, Math.floor((pixel * cells) / patchSize)));
}

import { patchAt, patchIndex, patchRectangle } from '../../../shared/geometry/patch-grid.ts';
import type { ScoreAtPoint } from '../../../shared/heatmap-descriptor.ts';
import { Problem } from '../errors.ts';
import { cellsOf, type Heatmap, isKnown, patchValues, scoreOfCells } from './heatmap.ts';
import type { Scheduler } from './scheduler.ts';

/**
 * Every class's probability and CAM at a point, from the patch that covers it, which is classified if need be.
 * @param x slide pixels, as `y`
 * @throws Problem `bad-parameter` outside the slide
 */
export async function scoreAtPoint(
  heatmap: Heatmap,
  scheduler: Scheduler,
  x: number,
  y: number,
  signal?: AbortSignal,
): Promise<ScoreAtPoint> {
  const { grid, model, slide } = heatmap;
  if (!(x >= 0 && x < slide.width && y >= 0 && y < slide.height)) {
    throw new Problem(
      'bad-parameter',
      `x, y: expected a point of the slide, 0 to ${slide.width - 1} and 0 to ${slide.height - 1}, found ${x}, ${y}`,
    );
  }
  const position = patchAt(grid, x, y);
  if (!position) return { x, y, patch: null, classes: null };
  const { row, column } = position;
  if (!isKnown(heatmap, row, column) || !cellsOf(heatmap, row, column)) {
    await scheduler.classify(heatmap, [patchIndex(grid, position)], { priority: 'view', signal });
  }
  const cells = cellsOf(heatmap, row, column);
  const patch = patchValues(heatmap, row, column, 'patch');
  if (!cells || !patch) throw new Error('a patch that was just classified is known');

  const cellRow = cellAt(y, row, grid.patchHeight * grid.downsample, grid.cellRows);
  const cellColumn = cellAt(x, column, grid.patchWidth * grid.downsample, grid.cellColumns);
  const start = (cellRow * grid.cellColumns + cellColumn) * model.classes.length;
  const cam = scoreOfCells(model, cells, 'cam');
  const probability = heatmap.scores.includes('probability') ? scoreOfCells(model, cells, 'probability') : null;
  return {
    x,
    y,
    patch: { ...patchRectangle(grid, position), row, column },
    classes: model.classes.map(({ name }, index) => ({
      class: name,
      probability: patch[index],
      cell: probability?.[start + index] ?? null,
      cam: cam[start + index],
    })),
  };
}

/** The cell, along one side of patch `index`, that a slide pixel lies in; the division comes last, for a border must not be missed. */
function cellAt(pixel: number, index: number, patchSize: number, cells: number): number {
  return Math.min(cells - 1, Math.floor(((pixel - index * patchSize) * cells) / patchSize));
}

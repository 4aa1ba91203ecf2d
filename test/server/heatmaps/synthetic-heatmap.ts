import { createCellsCache, createHeatmap, type Heatmap } from '../../../server/src/heatmaps/heatmap.ts';
import type { PatchResults, WorkerTask } from '../../../server/src/worker/messages.ts';

const PATCH = 32;
const CELLS = 2;
const BIAS = [0.5, -0.25, 0];

/** A heatmap of `columns x rows` patches of 32 pixels, 2 x 2 cells and 3 classes, of which nothing is known. */
export function syntheticHeatmap(columns: number, rows: number, cellsBytes = 1e8): Heatmap {
  const slide = {
    file: 'slide.png',
    regionFile: 'slide.tif',
    format: 'PNG',
    width: columns * PATCH + 5,
    height: rows * PATCH + 3,
    mpp: null,
    levels: [],
    tileSize: 256,
    fingerprint: `slide-${columns}x${rows}`,
  };
  const model = {
    file: 'model.h5',
    companions: [],
    title: 'model',
    format: 'Keras',
    classes: ['a', 'b', 'c'].map((name) => ({ name, color: null })),
    patchHeight: PATCH,
    patchWidth: PATCH,
    cellRows: CELLS,
    cellColumns: CELLS,
    method: 'cam' as const,
    camLayer: 'last',
    activation: 'softmax' as const,
    bias: BIAS,
    preprocessing: undefined,
    resolution: undefined,
    engine: 'none',
    layers: [],
    check: { difference: 0, largestLogit: 1 },
    warnings: [],
    fingerprint: 'model',
  };
  return createHeatmap(slide, model, createCellsCache(cellsBytes));
}

/** What a worker would answer: numbers that depend on the patch alone. */
export function syntheticResults(positions: { row: number; column: number }[]): PatchResults {
  const cells = positions.flatMap(({ row, column }) =>
    Array.from({ length: CELLS * CELLS * BIAS.length }, (_, i) => Math.sin(row * 31 + column * 7 + i)),
  );
  const probabilities = positions.flatMap(({ row, column }) => {
    const a = ((row * 13 + column * 29) % 100) / 100;
    return [a, (1 - a) * 0.75, (1 - a) * 0.25];
  });
  return { cells: Float32Array.from(cells), probabilities: Float32Array.from(probabilities) };
}

/** Positions of a classify task. */
export function positionsOf(task: WorkerTask): { row: number; column: number }[] {
  return task.type === 'classify' ? task.positions : [];
}

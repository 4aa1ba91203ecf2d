import { type Heatmap, planHeatmap } from '../../../server/src/heatmaps/heatmap.ts';
import { openHeatmapValues, type ValuesOptions } from '../../../server/src/heatmaps/heatmap-values.ts';
import { createResultCaches } from '../../../server/src/heatmaps/result-caches.ts';
import type { ModelDescription } from '../../../server/src/models/model.ts';
import type { PatchResults, WorkerTask } from '../../../server/src/worker/messages.ts';
import type { PatchPosition } from '../../../shared/geometry/patch-grid.ts';
import type { HeatmapOptions } from '../../../shared/heatmap-descriptor.ts';

const PATCH = 32;
const CELLS = 2;
const BIAS = [0.5, -0.25, 0];

/** What a test may want otherwise. */
export interface SyntheticOptions {
  options?: Partial<HeatmapOptions>;
  model?: Partial<ModelDescription>;
  values?: Partial<ValuesOptions>;
  /** In level mode. */
  level?: number;
}

/** A heatmap of `columns x rows` patches of 32 pixels, 2 x 2 cells and 3 classes, of which nothing is known. */
export async function syntheticHeatmap(
  columns: number,
  rows: number,
  { options, model: otherModel, values, level }: SyntheticOptions = {},
): Promise<Heatmap> {
  const slide = {
    file: 'slide.png',
    reader: 'tiff' as const,
    regionFile: 'slide.tif',
    format: 'PNG',
    width: columns * PATCH + 5,
    height: rows * PATCH + 3,
    mpp: null,
    levels: [],
    tileSize: 256,
    fingerprint: `slide-${columns}x${rows}`,
    version: '',
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
    background: undefined,
    engine: 'none',
    layers: [],
    check: { difference: 0, largestLogit: 1 },
    warnings: [],
    fingerprint: 'model',
    ...otherModel,
  };
  const plan = planHeatmap(slide, model, { overlap: 1, background: null, ...options }, level);
  const opened = await openHeatmapValues({ ...plan, caches: createResultCaches(), ...values });
  const usage = { holders: 0, usedAt: 0 };
  const heatmap: Heatmap = { ...plan, values: opened, usage, atLevel: async () => heatmap };
  return heatmap;
}

/** Makes patches known with `syntheticResults`. */
export async function classify(heatmap: Heatmap, positions: readonly PatchPosition[]): Promise<void> {
  if (positions.length === 0) return;
  await heatmap.values.add(
    positions.map(({ row, column }) => row * heatmap.grid.columns + column),
    syntheticResults([...positions]),
  );
}

/** Positions of all patches for which `wanted` says so. */
export function positionsWhere(
  { grid }: Heatmap,
  wanted: (row: number, column: number) => boolean = () => true,
): PatchPosition[] {
  return Array.from({ length: grid.rows * grid.columns }, (_, index) => ({
    row: Math.floor(index / grid.columns),
    column: index % grid.columns,
  })).filter(({ row, column }) => wanted(row, column));
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

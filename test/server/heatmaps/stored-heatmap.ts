import { join } from 'node:path';
import type { Heatmap } from '../../../server/src/heatmaps/heatmap.ts';
import { createResultCaches } from '../../../server/src/heatmaps/result-caches.ts';
import { openHeatmapFolder } from '../../../server/src/store/heatmap-folder.ts';
import { knownPatches } from '../../../server/src/values/known-patches.ts';
import { type SyntheticOptions, syntheticHeatmap } from './synthetic-heatmap.ts';

export interface StoredOptions extends SyntheticOptions {
  /** Holds the folder of the heatmap. */
  store: string;
  /** Hears all that the heatmap tells of its store. */
  told?: string[];
}

/** Folder of a synthetic heatmap in a store. */
export const heatmapFolder = (store: string) => join(store, 'heatmap');

/** A synthetic heatmap with a real store, opened with what is in it; it begins with caches of its own. */
export async function storedHeatmap(
  columns: number,
  rows: number,
  { store, told = [], ...options }: StoredOptions,
): Promise<Heatmap> {
  const { grid, model, scores, identity } = await syntheticHeatmap(columns, rows, options);
  const shape = {
    ...grid,
    classes: model.classes.length,
    values: scores.length * model.classes.length,
    top: knownPatches(grid.rows, grid.columns).top,
  };
  return syntheticHeatmap(columns, rows, {
    ...options,
    values: {
      caches: createResultCaches(),
      openDisk: () =>
        openHeatmapFolder(heatmapFolder(store), null, {
          identity,
          shape,
          attributes: {},
          onDamage: (message) => told.push(message),
        }),
      onProblem: (message) => told.push(message ?? 'stored again'),
      ...options.values,
    },
  });
}

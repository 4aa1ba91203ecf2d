import { createHeatmapSource, type HeatmapSource } from '../../../server/src/heatmaps/open-heatmap.ts';
import type { Worker } from '../../../server/src/worker/supervisor.ts';

/** Opens slides of uploads; nothing here asks for a model. */
export function slidesOnly(store: string): HeatmapSource {
  const noModels = async (): Promise<never> => {
    throw new Error('no model was expected to be asked for');
  };
  const worker: Worker = { processes: 1, perform: noModels, prepare: noModels, close: async () => {} };
  return createHeatmapSource({ store, worker, mostConverted: 1e6 });
}

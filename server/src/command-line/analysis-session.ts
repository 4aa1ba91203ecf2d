import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';
import { analyse } from '../heatmaps/analysis.ts';
import { type Heatmap, knownPatches } from '../heatmaps/heatmap.ts';
import { createHeatmapSource } from '../heatmaps/open-heatmap.ts';
import { createScheduler, type Scheduler } from '../heatmaps/scheduler.ts';
import { startWorker } from '../server.ts';
import { type ProgressLine, progressLine } from './progress-line.ts';

/** What an analysis leaves behind. */
export interface Analysis {
  heatmap: Heatmap;
  scheduler: Scheduler;
  progress: ProgressLine;
  /** How long it took. */
  seconds: number;
}

export interface AnalysisOptions {
  store: string;
  region?: Rectangle;
  silent?: boolean;
  /** Sees the heatmap before any patch is classified; throws where what is asked for cannot be done. */
  check?: (heatmap: Heatmap) => void;
}

/**
 * Classifies the patches of a slide, showing progress, and hands the heatmap on.
 * @throws Problem as slide, model or worker do
 */
export async function withAnalysis<T>(
  slideFile: string,
  modelFile: string,
  { store, region, silent, check }: AnalysisOptions,
  use: (analysis: Analysis) => Promise<T> | T,
): Promise<T> {
  const progress = progressLine(silent);
  const worker = startWorker();
  try {
    const source = createHeatmapSource({
      store,
      worker,
      onConversion: (_file, done) => progress.show('preparing the slide', done),
    });
    // The model first: a wrong one is told at once, a slide may have to be converted.
    await source.model(modelFile);
    const heatmap = await source.heatmap(slideFile, modelFile);
    check?.(heatmap);
    const total = heatmap.grid.rows * heatmap.grid.columns;
    const start = performance.now();
    const scheduler = createScheduler(worker);
    await analyse(heatmap, scheduler, {
      region,
      onProgress: () => progress.show('classifying', knownPatches(heatmap) / total),
    });
    const seconds = (performance.now() - start) / 1000;
    progress.clear();
    return await use({ heatmap, scheduler, progress, seconds });
  } finally {
    progress.clear();
    await worker.close();
  }
}

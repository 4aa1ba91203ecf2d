import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';
import { patchesTouching } from '../../../shared/geometry/patch-grid.ts';
import { analyse } from '../heatmaps/analysis.ts';
import { countKnown } from '../heatmaps/breakdown.ts';
import { type Heatmap, knownPatches } from '../heatmaps/heatmap.ts';
import { createHeatmapSource } from '../heatmaps/open-heatmap.ts';
import { createScheduler, type Scheduler } from '../heatmaps/scheduler.ts';
import { startWorker } from '../server.ts';
import { untilAborted } from '../slides/until-aborted.ts';
import { prepareStore } from '../store/prepare-store.ts';
import { untilInterrupted } from './interrupted.ts';
import { type ProgressLine, progressLine } from './progress-line.ts';

/** What an analysis leaves behind. */
export interface Analysis {
  heatmap: Heatmap;
  scheduler: Scheduler;
  progress: ProgressLine;
  /** Aborts with Interrupted. */
  signal: AbortSignal;
  /** How long it took. */
  seconds: number;
}

export interface AnalysisOptions {
  store: string;
  engine?: string;
  region?: Rectangle;
  silent?: boolean;
  /** Sees the heatmap before any patch is classified; throws where what is asked for cannot be done. */
  check?: (heatmap: Heatmap) => void;
}

/**
 * Classifies the patches of a slide, showing progress, and hands the heatmap on. An interrupt aborts all of it.
 * @throws Problem as slide, model or worker do; Interrupted
 */
export async function withAnalysis<T>(
  slideFile: string,
  modelFile: string,
  { store, engine, region, silent, check }: AnalysisOptions,
  use: (analysis: Analysis) => Promise<T> | T,
): Promise<T> {
  await prepareStore(store);
  const progress = progressLine(silent);
  const worker = startWorker({ store, engine });
  const work = async (signal: AbortSignal) => {
    const source = createHeatmapSource({
      store,
      worker,
      onConversion: (_file, done) => progress.show('preparing the slide', done),
    });
    // The model first: a wrong one is told at once, a slide may have to be converted.
    const opened = source.model(modelFile).then(() => source.heatmap(slideFile, modelFile));
    const heatmap = await untilAborted(opened, signal);
    check?.(heatmap);
    for (const warning of heatmap.warnings) console.error(`openseadragon-cam: ${modelFile}: ${warning}`);
    const scheduler = createScheduler(worker);
    const range = patchesTouching(heatmap.grid, region ?? { x: 0, y: 0, ...heatmap.grid.slide });
    const total = (range.rowEnd - range.rowStart) * (range.columnEnd - range.columnStart);
    const start = performance.now();
    await analyse(heatmap, scheduler, {
      region,
      signal,
      onProgress() {
        progress.show('classifying', (region ? countKnown(heatmap, range) : knownPatches(heatmap)) / total);
      },
    });
    const seconds = (performance.now() - start) / 1000;
    progress.clear();
    return await use({ heatmap, scheduler, progress, signal, seconds });
  };
  try {
    return await untilInterrupted(work);
  } finally {
    progress.clear();
    await worker.close();
  }
}

import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';
import type { HeatmapOptions } from '../../../shared/heatmap-descriptor.ts';
import { analyse, countPatches } from '../heatmaps/analysis.ts';
import type { Heatmap } from '../heatmaps/heatmap.ts';
import { createHeatmapSource } from '../heatmaps/open-heatmap.ts';
import { createScheduler, type Scheduler } from '../heatmaps/scheduler.ts';
import { startWorker } from '../server.ts';
import { allowRemoteHosts } from '../slides/remote/process-fetcher.ts';
import type { RemoteHosts } from '../slides/remote/remote-hosts.ts';
import { untilAborted } from '../slides/until-aborted.ts';
import { prepareStore } from '../store/prepare-store.ts';
import { untilInterrupted } from './interrupted.ts';
import { type ProgressLine, progressLine } from './progress-line.ts';

/** What an analysis leaves behind. */
export interface Analysis {
  heatmap: Heatmap;
  /** Of the model that it is compared with. */
  other: Heatmap | undefined;
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
  /** File of another model, which classifies the slide as well. */
  compare?: string;
  region?: Rectangle;
  /** Microns per pixel of the slide, whatever it says itself. */
  mpp?: number;
  /** From where the pixels of slides may be fetched. */
  remote: RemoteHosts;
  heatmapOptions?: Partial<HeatmapOptions>;
  silent?: boolean;
  /**
   * Sees the heatmap, and the one that it is compared with, before any patch is classified; throws where what is asked
   * for cannot be done.
   */
  check?: (heatmap: Heatmap, other: Heatmap | undefined) => Promise<void> | void;
  /**
   * Takes over where another process writes this heatmap.
   * @param address of the heatmap's descriptor in that process
   */
  follow?: (address: string, progress: ProgressLine, signal: AbortSignal) => Promise<void>;
}

/**
 * Classifies the patches of a slide that the store does not have yet, showing progress, and hands the heatmap on. An
 * interrupt aborts all of it; what was classified stays in the store.
 * @throws Problem as slide, model or worker do; Interrupted
 */
export async function withAnalysis(
  slideFile: string,
  modelFile: string,
  { store, engine, compare, region, mpp, remote, heatmapOptions, silent, check, follow }: AnalysisOptions,
  use: (analysis: Analysis) => Promise<void> | void,
): Promise<void> {
  // The heatmap tells of one that cannot be written.
  await prepareStore(store);
  const progress = progressLine(silent);
  allowRemoteHosts(remote);
  const worker = startWorker({ store, engine, remote });
  /** Whether the heatmap is computed here; where a server does it, what this process cannot store is nobody's concern. */
  let isOurs = false;
  const untold: string[] = [];
  const source = createHeatmapSource({
    store,
    worker,
    mppOption: '--mpp',
    mpp,
    onConversion: (_file, done) => progress.show('preparing the slide', done),
    onTemporary(message) {
      progress.clear();
      console.error(`openseadragon-cam: ${message}`);
    },
    onProblem(heatmap, message) {
      if (message === null) return;
      const line = `openseadragon-cam: ${heatmap}: the store: ${message}`;
      progress.clear();
      if (isOurs) console.error(line);
      else untold.push(line);
    },
  });
  const work = async (signal: AbortSignal) => {
    // The models first: a wrong one is told at once, a slide may have to be converted.
    const models = compare === undefined ? [modelFile] : [modelFile, compare];
    const opened = (async () => {
      for (const file of models) await source.model(file);
      const [first, second] = models.map((file) => () => source.heatmap(slideFile, file, heatmapOptions));
      // One after the other: the slide is converted once.
      return { heatmap: await first(), other: await second?.() };
    })();
    const { heatmap, other } = await untilAborted(opened, signal);
    await check?.(heatmap, other);
    const heatmaps = other ? [heatmap, other] : [heatmap];
    for (const [i, { warnings }] of heatmaps.entries()) {
      for (const warning of warnings) console.error(`openseadragon-cam: ${models[i]}: ${warning}`);
    }
    const address = heatmap.values.store.holder?.address;
    if (follow && address) return follow(address, progress, signal);
    isOurs = true;
    for (const line of untold) console.error(line);
    const scheduler = createScheduler(worker);
    const start = performance.now();
    const counts = () => heatmaps.map((one) => countPatches(one, region));
    const total = counts().reduce((sum, count) => sum + count.total, 0);
    for (const one of heatmaps) {
      await analyse(one, scheduler, {
        region,
        signal,
        onProgress: () => progress.show('classifying', counts().reduce((sum, count) => sum + count.known, 0) / total),
      });
    }
    const seconds = (performance.now() - start) / 1000;
    progress.clear();
    await use({ heatmap, other, scheduler, progress, signal, seconds });
  };
  try {
    await untilInterrupted(work);
  } finally {
    progress.clear();
    await worker.close();
    await source.close();
  }
}

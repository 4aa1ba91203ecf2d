import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';
import { patchesTouching, patchPosition } from '../../../shared/geometry/patch-grid.ts';
import type { AnalysisState } from '../../../shared/heatmap-descriptor.ts';
import { analysisOrder } from './analysis-order.ts';
import { type Heatmap, isKnown, knownPatches } from './heatmap.ts';
import type { Scheduler } from './scheduler.ts';

/**
 * Classifies every patch of a slide, or those that a region touches, that is not known yet.
 * @param options.region slide pixels
 * @throws Problem as the scheduler does
 */
export async function analyse(
  heatmap: Heatmap,
  scheduler: Scheduler,
  options: { region?: Rectangle; signal?: AbortSignal; onProgress?: () => void } = {},
): Promise<void> {
  const { grid } = heatmap;
  const region = options.region ?? { x: 0, y: 0, ...grid.slide };
  const missing = analysisOrder(grid, patchesTouching(grid, region)).filter((index) => {
    const { row, column } = patchPosition(grid, index);
    return !isKnown(heatmap, row, column);
  });
  await scheduler.classify(heatmap, missing, { ...options, priority: 'analysis' });
}

/** Whole-slide analyses of a server: at most one for each heatmap. */
export interface Analyses {
  /** Starts an analysis; one that is running already goes on as it is. */
  start(heatmap: Heatmap, region?: Rectangle): void;
  /** Stops it; what it has computed stays. */
  stop(heatmap: Heatmap): void;
  state(heatmap: Heatmap): AnalysisState & { error?: string };
  stopAll(): void;
}

export function createAnalyses(scheduler: Scheduler): Analyses {
  const running = new Map<string, AbortController>();
  const failures = new Map<string, string>();

  async function run(heatmap: Heatmap, region: Rectangle | undefined, controller: AbortController): Promise<void> {
    try {
      await analyse(heatmap, scheduler, { region, signal: controller.signal });
    } catch (error) {
      if (!controller.signal.aborted) {
        failures.set(heatmap.fingerprint, error instanceof Error ? error.message : String(error));
      }
    } finally {
      if (running.get(heatmap.fingerprint) === controller) running.delete(heatmap.fingerprint);
    }
  }

  return {
    start(heatmap, region) {
      if (running.has(heatmap.fingerprint)) return;
      failures.delete(heatmap.fingerprint);
      const controller = new AbortController();
      running.set(heatmap.fingerprint, controller);
      void run(heatmap, region, controller);
    },
    stop(heatmap) {
      running.get(heatmap.fingerprint)?.abort();
      running.delete(heatmap.fingerprint);
    },
    state(heatmap) {
      const total = heatmap.grid.rows * heatmap.grid.columns;
      const known = knownPatches(heatmap);
      const error = failures.get(heatmap.fingerprint);
      const state = running.has(heatmap.fingerprint)
        ? 'running'
        : known === total
          ? 'done'
          : error === undefined
            ? 'none'
            : 'failed';
      return {
        state,
        patches: { known, total },
        missing: total - known,
        patchesPerSecond: scheduler.patchesPerSecond(heatmap),
        ...(state === 'failed' && { error }),
      };
    },
    stopAll() {
      for (const controller of running.values()) controller.abort();
      running.clear();
    },
  };
}

import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';
import { type PatchRange, patchesTouching, rangeSize, wholeGrid } from '../../../shared/geometry/patch-grid.ts';
import type { AnalysisState } from '../../../shared/heatmap-descriptor.ts';
import { Problem } from '../errors.ts';
import { analysisOrder } from './analysis-order.ts';
import type { Heatmap } from './heatmap.ts';
import type { Scheduler } from './scheduler.ts';

/** A result may turn out to be damaged while the others are classified: so often it is looked whether one is missing. */
const MOST_PASSES = 3;

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
  const { region, ...wish } = options;
  const range = rangeOf(heatmap, region);
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    await scheduler.classify(heatmap, analysisOrder(heatmap.grid, range), { ...wish, priority: 'analysis' });
    const { known, total } = countPatches(heatmap, region);
    // Without a disk memory may not hold them all.
    if (known === total || heatmap.values.store.problem !== null) return;
  }
}

/** Patches of the slide, or that a region touches: those known and all of them, background left out that is so beforehand. */
export function countPatches(heatmap: Heatmap, region?: Rectangle): { known: number; total: number } {
  const { grid, values } = heatmap;
  const { known, mask } = values;
  if (!region) {
    const masked = mask ? known.background(known.top, 0, 0) : 0;
    return { known: known.known - masked, total: grid.rows * grid.columns - masked };
  }
  const range = rangeOf(heatmap, region);
  const counts = { known: 0, total: 0 };
  for (let row = range.rowStart; row < range.rowEnd; row++) {
    for (let column = range.columnStart; column < range.columnEnd; column++) {
      if (mask?.[row * grid.columns + column]) continue;
      counts.total++;
      if (known.isKnown(row, column)) counts.known++;
    }
  }
  return counts;
}

function rangeOf({ grid }: Heatmap, region: Rectangle | undefined): PatchRange {
  return region ? patchesTouching(grid, region) : wholeGrid(grid);
}

/** Analyses of a server: at most one for each heatmap. */
export interface Analyses {
  /**
   * Starts an analysis; one that is running already goes on as it is.
   * @throws Problem `busy` where too many run, `bad-parameter` for a region that touches no patch
   */
  start(heatmap: Heatmap, region?: Rectangle): void;
  /** Stops it; what it has computed stays. */
  stop(heatmap: Heatmap): void;
  state(heatmap: Heatmap): AnalysisState;
  /** Ends them all, to be taken up again by the next server. */
  suspend(): void;
}

/** Analyses that may run at a time; each gets its share of the worker. */
const MOST_RUNNING = 16;

interface Outcome {
  region: Rectangle | undefined;
  /** Set while it runs. */
  controller?: AbortController;
  error?: string;
}

/**
 * @param keep remembers an analysis that runs, and forgets (undefined) one that has ended or was stopped
 */
export function createAnalyses(
  scheduler: Scheduler,
  keep: (heatmap: Heatmap, region: Rectangle | null | undefined) => void = () => {},
): Analyses {
  /** The last of each heatmap. */
  const outcomes = new Map<string, Outcome>();
  const running = () => [...outcomes.values()].filter(({ controller }) => controller).length;

  async function run(heatmap: Heatmap, outcome: Outcome, signal: AbortSignal): Promise<void> {
    try {
      await analyse(heatmap, scheduler, { region: outcome.region, signal });
    } catch (error) {
      if (signal.aborted) return;
      outcome.error = error instanceof Error ? error.message : String(error);
    }
    outcome.controller = undefined;
    keep(heatmap, undefined);
  }

  return {
    start(heatmap, region) {
      if (outcomes.get(heatmap.identity)?.controller) return;
      if (rangeSize(rangeOf(heatmap, region)) === 0) {
        const { width, height } = heatmap.grid.slide;
        throw new Problem(
          'bad-parameter',
          `region: expected one that touches patches of a slide of ${width} x ${height}`,
        );
      }
      if (running() >= MOST_RUNNING) {
        throw new Problem('busy', `${MOST_RUNNING} analyses are running already; ask again when one has ended`);
      }
      const controller = new AbortController();
      const outcome = { region, controller };
      outcomes.set(heatmap.identity, outcome);
      keep(heatmap, region ?? null);
      void run(heatmap, outcome, controller.signal);
    },
    stop(heatmap) {
      outcomes.get(heatmap.identity)?.controller?.abort();
      outcomes.delete(heatmap.identity);
      keep(heatmap, undefined);
    },
    state(heatmap) {
      const last = outcomes.get(heatmap.identity);
      const patches = countPatches(heatmap, last?.region);
      const missing = patches.total - patches.known;
      const patchesPerSecond = scheduler.patchesPerSecond(heatmap);
      const state = last?.controller
        ? 'running'
        : missing === 0
          ? 'done'
          : last?.error !== undefined
            ? 'failed'
            : 'none';
      const { x, y, width, height } = last?.region ?? { x: 0, y: 0, width: 0, height: 0 };
      return {
        state,
        region: last?.region ? [x, y, width, height] : null,
        patches,
        missing,
        patchesPerSecond,
        seconds: patchesPerSecond === null ? null : missing / patchesPerSecond,
        ...(state === 'failed' && { error: last?.error }),
      };
    },
    suspend() {
      for (const { controller } of outcomes.values()) controller?.abort();
      outcomes.clear();
    },
  };
}

import { setTimeout } from 'node:timers/promises';
import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';
import { type PatchRange, patchesTouching, rangeSize, wholeGrid } from '../../../shared/geometry/patch-grid.ts';
import type { AnalysisState } from '../../../shared/heatmap-descriptor.ts';
import { Problem, type ProblemCode } from '../errors.ts';
import { analysisOrder, readAreas } from './analysis-order.ts';
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
    await scheduler.classify(heatmap, analysisOrder(heatmap.grid, range), {
      ...wish,
      priority: 'analysis',
      areaOf: readAreas(heatmap.grid),
    });
    const { known, total } = countPatches(heatmap, region);
    // Without a disk memory may not hold them all.
    if (known === total || heatmap.values.store.problem !== null) return;
  }
}

/** Patches of the slide, or that a region touches: those known and all of them, background left out that is so beforehand. */
export function countPatches(heatmap: Heatmap, region?: Rectangle): { known: number; total: number } {
  const { known, mask } = heatmap.values;
  const counted = known.countIn(rangeOf(heatmap, region));
  const masked = mask ? counted.background : 0;
  return { known: counted.known - masked, total: counted.total - masked };
}

function rangeOf({ grid }: Heatmap, region: Rectangle | undefined): PatchRange {
  return region ? patchesTouching(grid, region) : wholeGrid(grid);
}

/** Analyses of a server: at most one for each heatmap. */
export interface Analyses {
  /**
   * Starts an analysis. One that runs goes on where it is about as much, and gives way to one that is about more.
   * @throws Problem `busy` where too many run, or one of another region of the slide; `bad-parameter` for a region that
   *   touches no patch
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

/**
 * After a failure an analysis is tried again, so often in a row without any patch: of the worker soon, of a server that the
 * pixels come from for ten minutes, in which it may have been started anew.
 */
const RETRIES: Partial<Record<ProblemCode, { most: number; pause: number }>> = {
  failed: { most: 5, pause: 500 },
  unavailable: { most: 40, pause: 15_000 },
};

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
      await analysePersistently(heatmap, outcome.region, signal);
    } catch (error) {
      if (signal.aborted) return;
      outcome.error = error instanceof Error ? error.message : String(error);
    }
    outcome.controller = undefined;
    keep(heatmap, undefined);
  }

  /** A worker that dies, or a server that is away, costs an analysis its tasks, and not itself for as long as it comes on. */
  async function analysePersistently(heatmap: Heatmap, region: Rectangle | undefined, signal: AbortSignal) {
    let known = heatmap.values.known.known;
    for (let fruitless = 0; ; ) {
      try {
        return await analyse(heatmap, scheduler, { region, signal });
      } catch (error) {
        const retry = error instanceof Problem ? RETRIES[error.code] : undefined;
        if (retry === undefined) throw error;
        fruitless = heatmap.values.known.known > known ? 0 : fruitless + 1;
        if (fruitless >= retry.most) throw error;
        known = heatmap.values.known.known;
        await setTimeout(retry.pause, undefined, { signal });
      }
    }
  }

  return {
    start(heatmap, region) {
      const before = outcomes.get(heatmap.identity);
      if (before?.controller && contains(before.region, region)) return;
      if (rangeSize(rangeOf(heatmap, region)) === 0) {
        const { width, height } = heatmap.grid.slide;
        throw new Problem(
          'bad-parameter',
          `region: expected one that touches patches of a slide of ${width} x ${height}`,
        );
      }
      if (before?.controller && !contains(region, before.region)) {
        throw new Problem('busy', 'another region of this slide is being analysed; ask again when that has ended');
      }
      if (!before?.controller && running() >= MOST_RUNNING) {
        throw new Problem('busy', `${MOST_RUNNING} analyses are running already; ask again when one has ended`);
      }
      // What it was about is part of the new one.
      before?.controller?.abort();
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
      const patches = countPatches(heatmap);
      const missing = patches.total - patches.known;
      const patchesPerSecond = scheduler.patchesPerSecond(heatmap);
      return {
        state: stateOf(last, countPatches(heatmap, last?.region)),
        region: last?.region ? regionState(heatmap, last.region) : null,
        patches,
        missing,
        patchesPerSecond,
        seconds: patchesPerSecond === null ? null : missing / patchesPerSecond,
        ...(last?.error !== undefined && { error: last.error }),
      };
    },
    suspend() {
      for (const { controller } of outcomes.values()) controller?.abort();
      outcomes.clear();
    },
  };
}

/** @param patches of what was analysed last: results may have been lost since, and are then to be asked for again */
function stateOf(last: Outcome | undefined, patches: { known: number; total: number }): AnalysisState['state'] {
  if (last?.controller) return 'running';
  if (patches.known === patches.total) return 'done';
  return last?.error === undefined ? 'none' : 'failed';
}

function regionState(heatmap: Heatmap, region: Rectangle): NonNullable<AnalysisState['region']> {
  const { x, y, width, height } = region;
  return { rectangle: [x, y, width, height], patches: countPatches(heatmap, region) };
}

/** Whether all of a region is part of another; undefined stands for the whole slide. */
function contains(outer: Rectangle | undefined, inner: Rectangle | undefined): boolean {
  if (!outer) return true;
  return (
    inner !== undefined &&
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}

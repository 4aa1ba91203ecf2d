import { patchPosition } from '../../../shared/geometry/patch-grid.ts';
import { Problem } from '../errors.ts';
import type { Worker } from '../worker/supervisor.ts';
import { createSpeeds } from './classification-speed.ts';
import { addResults, cellsOf, type Heatmap, isKnown } from './heatmap.ts';

/** What is on a screen goes before whole-slide analysis. */
export type Priority = 'view' | 'analysis';

export interface Scheduler {
  /**
   * Has patches classified and kept; each patch is classified once, however many ask for it.
   * @param indices row-major patch numbers, in the order in which they are wanted
   * @param options.signal aborting withdraws the interest: patches that nobody else wants leave the queue
   * @param options.onProgress called whenever some of them have become known
   * @throws Problem as the worker's task; `unreadable-slide` only once all patches that can be read are known; the
   *   signal's reason when aborted
   */
  classify(
    heatmap: Heatmap,
    indices: ArrayLike<number>,
    options: { priority: Priority; signal?: AbortSignal; onProgress?: () => void },
  ): Promise<void>;
  /** Patches classified per second of the worker's time, for one heatmap; null until it has classified some. */
  patchesPerSecond(heatmap: Heatmap): number | null;
  /** Patches classified since the start, over all heatmaps. */
  readonly classified: number;
}

/** One caller's wish. */
interface Interest {
  heatmap: Heatmap;
  indices: ArrayLike<number>;
  priority: Priority;
  /** Everything before it is known or under way. */
  cursor: number;
  /** Patches before the cursor that are under way. */
  outstanding: Set<number>;
  /** Why one of its patches cannot be read; told when the others are known. */
  problem?: Problem;
  onProgress?: () => void;
  finish(error?: unknown): void;
}

interface Flight {
  heatmap: Heatmap;
  indices: number[];
}

/** Tasks handed to a process at once: it reads the patches of one while it classifies the other. */
const FLIGHTS_PER_PROCESS = 2;

/** A task takes about so long, so that whoever looks now waits no longer for what was begun before. */
const SECONDS_PER_TASK = 0.15;

/** Patches in a task: a chunk of 8 x 8 patches of 128 pixels is one region of 1024 pixels to read. */
const MAX_PATCHES_PER_TASK = 64;
const FIRST_PATCHES_PER_TASK = 8;

/** @param worker classifies patches; it never sees a patch twice unless its cells were evicted meanwhile */
export function createScheduler(worker: Pick<Worker, 'perform' | 'processes'>): Scheduler {
  const interests: Interest[] = [];
  const flights = new Set<Flight>();
  /** Parts of a task that failed, to be tried on their own. */
  const parts: Flight[] = [];
  const speeds = createSpeeds();
  let classified = 0;

  function dispatch(): void {
    while (flights.size < FLIGHTS_PER_PROCESS * worker.processes) {
      const flight = nextFlight();
      if (!flight) return;
      void fly(flight);
    }
  }

  function nextFlight(): Flight | undefined {
    const part = parts.shift();
    if (part) return part;
    for (const priority of ['view', 'analysis'] as const) {
      // A copy: those that turn out to want nothing more leave the list meanwhile.
      for (const first of [...interests]) {
        if (first.priority !== priority || !interests.includes(first)) continue;
        const { heatmap } = first;
        const limit = patchesPerTask(heatmap);
        const indices: number[] = [];
        // Others that look at the same heatmap share the task.
        for (const interest of interests) {
          if (interest.heatmap === heatmap && interest.priority === priority) take(interest, indices, limit);
        }
        settleFinished();
        if (indices.length > 0) return { heatmap, indices };
      }
    }
    return undefined;
  }

  /** Moves an interest's next unknown patches into `indices`, up to `limit` of them. */
  function take(interest: Interest, indices: number[], limit: number): void {
    const { heatmap, outstanding } = interest;
    while (interest.cursor < interest.indices.length) {
      const index = interest.indices[interest.cursor];
      if (!isDone(heatmap, index)) {
        const isUnderWay = indices.includes(index) || isFlying(heatmap, index);
        if (!isUnderWay) {
          if (indices.length >= limit) return;
          indices.push(index);
        }
        outstanding.add(index);
      }
      interest.cursor++;
    }
  }

  function isFlying(heatmap: Heatmap, index: number): boolean {
    return [...flights, ...parts].some((flight) => flight.heatmap === heatmap && flight.indices.includes(index));
  }

  async function fly(flight: Flight): Promise<void> {
    const { heatmap, indices } = flight;
    if (![...flights].some((other) => other.heatmap === heatmap)) speeds.begin(heatmap);
    flights.add(flight);
    try {
      const results = await worker.perform({
        type: 'classify',
        slide: heatmap.slide,
        model: { file: heatmap.model.file, fingerprint: heatmap.model.fingerprint },
        grid: heatmap.grid,
        positions: indices.map((index) => patchPosition(heatmap.grid, index)),
      });
      addResults(heatmap, indices, results);
      classified += indices.length;
      land(flight);
      speeds.count(heatmap, indices.length);
    } catch (error) {
      const isSpot = error instanceof Problem && error.code === 'unreadable-slide';
      if (isSpot && indices.length > 1) split(flight);
      else land(flight, error);
    }
    dispatch();
  }

  /** A damaged spot of a slide must fail none of the patches beside it: halves, until it is alone. */
  function split(flight: Flight): void {
    flights.delete(flight);
    const { heatmap, indices } = flight;
    const middle = indices.length >> 1;
    for (const half of [indices.slice(0, middle), indices.slice(middle)]) {
      const wanted = half.filter((index) => interests.some((interest) => wants(interest, heatmap, index)));
      if (wanted.length > 0) parts.push({ heatmap, indices: wanted });
    }
  }

  /** Tells everyone who waits for a flight's patches that they are known, or why they will not be. */
  function land(flight: Flight, error?: unknown): void {
    flights.delete(flight);
    for (const interest of [...interests]) {
      if (!flight.indices.some((index) => wants(interest, flight.heatmap, index))) continue;
      for (const index of flight.indices) interest.outstanding.delete(index);
      if (error instanceof Problem && error.code === 'unreadable-slide') interest.problem ??= error;
      else if (error !== undefined) interest.finish(error);
      else interest.onProgress?.();
    }
    settleFinished();
  }

  function settleFinished(): void {
    for (const interest of [...interests]) {
      if (interest.cursor >= interest.indices.length && interest.outstanding.size === 0)
        interest.finish(interest.problem);
    }
  }

  function patchesPerTask(heatmap: Heatmap): number {
    const perSecond = speeds.of(heatmap);
    if (perSecond === null) return FIRST_PATCHES_PER_TASK;
    const perProcess = perSecond / worker.processes;
    return Math.min(MAX_PATCHES_PER_TASK, Math.max(1, Math.round(perProcess * SECONDS_PER_TASK)));
  }

  return {
    classify(heatmap, indices, { priority, signal, onProgress }) {
      return new Promise<void>((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const interest: Interest = {
          heatmap,
          indices,
          priority,
          cursor: 0,
          outstanding: new Set(),
          onProgress,
          finish(error) {
            const position = interests.indexOf(interest);
            if (position < 0) return;
            interests.splice(position, 1);
            signal?.removeEventListener('abort', onAbort);
            if (error === undefined) resolve();
            else reject(error);
          },
        };
        const onAbort = () => interest.finish(signal?.reason);
        signal?.addEventListener('abort', onAbort);
        interests.push(interest);
        dispatch();
        settleFinished();
      });
    },
    patchesPerSecond: speeds.of,
    get classified() {
      return classified;
    },
  };
}

function wants(interest: Interest, heatmap: Heatmap, index: number): boolean {
  return interest.heatmap === heatmap && interest.outstanding.has(index);
}

/** Whether nothing is left to do for a patch: it is known and its cells are still kept. */
function isDone(heatmap: Heatmap, index: number): boolean {
  const { row, column } = patchPosition(heatmap.grid, index);
  return isKnown(heatmap, row, column) && cellsOf(heatmap, row, column) !== undefined;
}

import { patchPosition } from '../../../shared/geometry/patch-grid.ts';
import { Problem } from '../errors.ts';
import type { PatchResults } from '../worker/messages.ts';
import type { Worker } from '../worker/supervisor.ts';
import type { DealtPatches } from './analysis-order.ts';
import { createSpeeds } from './classification-speed.ts';
import type { Heatmap } from './heatmap.ts';
import { createTurns } from './turns.ts';
import { createWishes, type Priority, type Wish, type WishOptions } from './wishes.ts';

export interface Scheduler {
  /**
   * Has patches classified and kept; each patch is classified once, however many ask for it.
   * @param indices row-major patch numbers, in the order in which they are wanted, or dealt out to the processes; read as
   *   far as they are needed
   * @param options.signal aborting withdraws the wish: patches that nobody else wants leave the queue
   * @throws Problem as the worker's task; `unreadable-slide` only once all patches that can be read are known; `busy`
   *   where too many wait already; the signal's reason when aborted
   */
  classify(heatmap: Heatmap, indices: Iterable<number> | DealtPatches, options: WishOptions): Promise<void>;
  /** Patches classified per second for one heatmap; null until it has classified some. */
  patchesPerSecond(heatmap: Heatmap): number | null;
  /** Whether anything is wanted of a heatmap, or under way. */
  isBusy(heatmap: Heatmap): boolean;
  /** Patches classified since the start, over all heatmaps. */
  readonly classified: number;
  /** Wishes that are not fulfilled yet, and tasks that the worker has. */
  readonly waiting: { wishes: number; tasks: number };
}

interface Flight {
  heatmap: Heatmap;
  indices: number[];
  priority: Priority;
}

/** Tasks handed to a process at once: it reads the patches of one while it classifies the other. */
const FLIGHTS_PER_PROCESS = 2;

/** Finished tasks whose results are still being kept; while there are so many nothing new is begun. */
const MOST_LANDINGS = 16;

/** A task takes about so long, so that whoever looks now waits no longer for what was begun before. */
const SECONDS_PER_TASK = 0.15;

/**
 * Patches in a task: a chunk of 8 x 8 patches of 128 pixels is one region of 1024 pixels to read; fewer than 4 would cost
 * more in messages than they gain.
 */
const MAX_PATCHES_PER_TASK = 64;
const FEWEST_PATCHES_PER_TASK = 4;

/** @param worker classifies patches; it never sees a patch twice unless its results were lost meanwhile */
export function createScheduler(worker: Pick<Worker, 'perform' | 'processes'>): Scheduler {
  const wishes = createWishes();
  const turns = createTurns();
  /** Parts of a task that failed, to be tried on their own. */
  const parts: Flight[] = [];
  const speeds = createSpeeds(worker.processes);
  /** Tasks of each heatmap that are not done. */
  const tasks = new Map<Heatmap, number>();
  /** Tasks that each process has. */
  const inTheAir = new Array<number>(worker.processes).fill(0);
  let landings = 0;
  let classified = 0;

  function dispatch(): void {
    while (landings < MOST_LANDINGS) {
      const lane = inTheAir.indexOf(Math.min(...inTheAir));
      if (inTheAir[lane] >= FLIGHTS_PER_PROCESS) return;
      const flight = nextFlight(lane);
      if (!flight) return;
      void fly(flight, lane);
    }
  }

  function nextFlight(lane: number): Flight | undefined {
    for (const priority of ['view', 'request', 'analysis'] as const) {
      const part = nextPart(priority);
      if (part) return part;
      for (;;) {
        const wish = turns.next(priority, wishes.of(priority));
        if (!wish) break;
        const { heatmap } = wish;
        const limit = patchesPerTask(wish);
        const indices: number[] = [];
        wishes.take(wish, indices, limit, lane);
        // Others that look at the same heatmap share the task.
        if (indices.length < limit && indices.length > 0) {
          for (const other of wishes.of(priority)) {
            if (other.heatmap === heatmap && other !== wish) wishes.take(other, indices, limit, lane);
          }
        }
        if (indices.length > 0) return { heatmap, indices, priority };
      }
    }
    return undefined;
  }

  /** A part of a task that failed, as far as somebody still wants it. */
  function nextPart(priority: Priority): Flight | undefined {
    for (;;) {
      const position = parts.findIndex((part) => part.priority === priority);
      if (position < 0) return undefined;
      const [{ heatmap, indices }] = parts.splice(position, 1);
      const wanted = indices.filter((index) => wishes.isWanted(heatmap, index));
      wishes.comeDown(
        heatmap,
        indices.filter((index) => !wanted.includes(index)),
      );
      if (wanted.length > 0) return { heatmap, indices: wanted, priority };
    }
  }

  async function fly(flight: Flight, lane: number): Promise<void> {
    const { heatmap, indices } = flight;
    const others = tasks.get(heatmap) ?? 0;
    if (others === 0) speeds.begin(heatmap);
    tasks.set(heatmap, others + 1);
    wishes.takeOff(heatmap, indices);
    inTheAir[lane]++;
    let results: PatchResults;
    try {
      const task = {
        type: 'classify' as const,
        slide: heatmap.slide,
        model: { file: heatmap.model.file, fingerprint: heatmap.model.fingerprint },
        grid: heatmap.grid,
        positions: indices.map((index) => patchPosition(heatmap.grid, index)),
      };
      results = await worker.perform(task, lane);
    } catch (error) {
      inTheAir[lane]--;
      taskEnded(heatmap);
      if (isSpot(error) && indices.length > 1) split(flight);
      else wishes.land(heatmap, indices, error);
      return dispatch();
    }
    inTheAir[lane]--;
    landings++;
    // The process reads and classifies on while these are kept.
    dispatch();
    try {
      await heatmap.values.add(indices, results);
      classified += indices.length;
      speeds.count(heatmap, indices.length);
      wishes.land(heatmap, indices);
    } catch (error) {
      wishes.land(heatmap, indices, error);
    }
    landings--;
    taskEnded(heatmap);
    dispatch();
  }

  function taskEnded(heatmap: Heatmap): void {
    const left = (tasks.get(heatmap) ?? 1) - 1;
    if (left > 0) tasks.set(heatmap, left);
    else tasks.delete(heatmap);
  }

  /** A damaged spot of a slide must fail none of the patches beside it: halves, until it is alone. */
  function split({ indices, ...flight }: Flight): void {
    const middle = indices.length >> 1;
    parts.push({ ...flight, indices: indices.slice(0, middle) }, { ...flight, indices: indices.slice(middle) });
  }

  /**
   * Patches of the next task for a wish. What is left of it is shared out among the processes (guided self-scheduling,
   * Polychronopoulos and Kuck 1987), so that all of them end at the same time. A new one begins with small tasks, no larger
   * than what went before, so that something is seen soon and no process waits for many patches to be read.
   */
  function patchesPerTask({ heatmap, left, taken, priority }: Wish): number {
    const perSecond = speeds.of(heatmap);
    if (perSecond === null) return FEWEST_PATCHES_PER_TASK;
    const perProcess = perSecond / worker.processes;
    const most = Math.min(MAX_PATCHES_PER_TASK, Math.max(1, Math.round(perProcess * SECONDS_PER_TASK)));
    if (priority === 'analysis') return most;
    const share = Math.ceil(left / (FLIGHTS_PER_PROCESS * worker.processes));
    return Math.min(most, Math.max(FEWEST_PATCHES_PER_TASK, Math.min(taken, share)));
  }

  return {
    async classify(heatmap, indices, options) {
      const done = wishes.add(heatmap, indices, options);
      dispatch();
      await done;
    },
    patchesPerSecond: speeds.of,
    isBusy: (heatmap) => wishes.isBusy(heatmap),
    get classified() {
      return classified;
    },
    get waiting() {
      return { wishes: wishes.size, tasks: inTheAir.reduce((sum, tasks) => sum + tasks, 0) + landings };
    },
  };
}

function isSpot(error: unknown): error is Problem {
  return error instanceof Problem && error.code === 'unreadable-slide';
}

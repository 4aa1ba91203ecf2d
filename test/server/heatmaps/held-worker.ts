import type { Problem } from '../../../server/src/errors.ts';
import type { WorkerAnswers, WorkerTask } from '../../../server/src/worker/messages.ts';
import type { Worker } from '../../../server/src/worker/supervisor.ts';
import { positionsOf, syntheticResults } from './synthetic-heatmap.ts';

/** A task that the worker has, and that is done when the test says so. */
export interface HeldTask {
  slide: string;
  lane: number | undefined;
  positions: { row: number; column: number }[];
  finish(): void;
}

/** A worker at the seam whose tasks finish when the test says so. */
export function heldWorker(fail?: (task: WorkerTask) => Problem | undefined, processes = 1) {
  const tasks: HeldTask[] = [];
  const worker: Pick<Worker, 'perform' | 'processes'> = {
    processes,
    perform<T extends WorkerTask>(task: T, lane?: number) {
      return new Promise<WorkerAnswers[T['type']]>((resolve, reject) => {
        const positions = positionsOf(task);
        const finish = () => {
          const problem = fail?.(task);
          if (problem) reject(problem);
          else resolve(syntheticResults(positions) as WorkerAnswers[T['type']]);
        };
        tasks.push({ slide: task.type === 'classify' ? task.slide.fingerprint : '', lane, positions, finish });
      });
    },
  };
  return { worker, tasks };
}

export const settle = () => new Promise((resolve) => setTimeout(resolve, 5));

/** Finishes tasks until none is left; the number of times each patch was classified. */
export async function finishAll(tasks: HeldTask[]) {
  const counts = new Map<string, number>();
  for (let done = 0; done < tasks.length; done++) {
    for (const { row, column } of tasks[done].positions) {
      counts.set(`${row} ${column}`, (counts.get(`${row} ${column}`) ?? 0) + 1);
    }
    tasks[done].finish();
    await settle();
  }
  return counts;
}

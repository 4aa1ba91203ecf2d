import { availableParallelism } from 'node:os';
import type { WorkerOptions, WorkerTask } from './messages.ts';
import { superviseWorker, type Worker } from './supervisor.ts';

/** Each process holds the model once more: beyond this many, the cores are shared out as threads. */
const MAX_PROCESSES = 4;

/**
 * A worker for each core, up to four. Processes of one thread each use the cores better than one process of many: its
 * threads wait for each other at every layer whenever one of them reads pixels.
 * @param entry the worker's script
 * @param onDeath told of every unexpected end of a process
 * @param options how models are opened, but for the threads
 */
export function workerPool(
  entry: string,
  onDeath?: (reason: string) => void,
  options: Omit<WorkerOptions, 'threads'> = {},
): Worker {
  const cores = availableParallelism();
  const processes = Math.min(cores, MAX_PROCESSES);
  const threads = Math.floor(cores / processes);
  const workers = Array.from({ length: processes }, () => ({
    worker: superviseWorker(entry, onDeath, { ...options, threads }),
    tasks: 0,
  }));
  return {
    processes,
    async perform<T extends WorkerTask>(task: T, lane = 0) {
      const preferred = workers[lane % processes];
      const least = workers.reduce((found, next) => (next.tasks < found.tasks ? next : found), preferred);
      least.tasks++;
      try {
        return await least.worker.perform(task);
      } finally {
        least.tasks--;
      }
    },
    prepare: async (model) => void (await Promise.all(workers.map(({ worker }) => worker.prepare(model)))),
    close: async () => void (await Promise.all(workers.map(({ worker }) => worker.close()))),
  };
}

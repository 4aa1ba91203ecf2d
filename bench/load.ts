import { fork } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { WorkerOptions, WorkerRequest, WorkerResponse } from '../server/src/worker/messages.ts';
import { spread } from './statistics.ts';
import { writeVgg16 } from './vgg16.ts';

const worker = path.resolve(import.meta.dirname, '../server/dist/worker.js');

const ROUNDS = 5;

/**
 * Opening VGG16 with global average pooling from `.h5`, load check included, in a worker process of its own: the first
 * time, when it is converted, and later, when its conversion is kept. Memory is the largest that the process had: what
 * opening added to the idle process, and all of it.
 */
export async function run(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'cam-bench-'));
  try {
    const file = path.join(folder, 'vgg16.h5');
    await writeVgg16(file);
    const { size } = await stat(file);
    console.log(`load: VGG16 with GAP, .h5 of ${(size / 1e6).toFixed(0)} MB`);
    const first: Opening[] = [];
    const later: Opening[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      const conversions = path.join(folder, `conversions-${round}`);
      const opened = [await open(file, { conversions, threads: 2 }), await open(file, { conversions, threads: 2 })];
      // The first round only warms caches up.
      if (round === 0) continue;
      first.push(opened[0]);
      later.push(opened[1]);
    }
    for (const [title, openings] of Object.entries({ converted: first, kept: later })) {
      const seconds = openings.map((opening) => opening.seconds);
      const added = openings.map(({ idleBytes, bytes }) => (bytes - idleBytes) / size);
      const all = openings.map(({ bytes }) => bytes / size);
      console.log(`  ${title.padEnd(10)} ${spread(seconds, 2)} s`);
      console.log(`  ${''.padEnd(10)} memory added ${spread(added, 2)}, all ${spread(all, 2)} times the file's size`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Opening {
  seconds: number;
  /** Largest resident memory of the process, before and after. */
  idleBytes: number;
  bytes: number;
}

/** Starts a worker, waits until it has loaded its code, and has it open a model. */
async function open(file: string, options: WorkerOptions): Promise<Opening> {
  const child = fork(worker, [JSON.stringify(options)], {
    execArgv: ['--expose-gc'],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  try {
    const ask = (request: WorkerRequest) =>
      new Promise<WorkerResponse>((resolve) => {
        child.once('message', (response: WorkerResponse) => resolve(response));
        child.send(request);
      });
    // Answered with a refusal as soon as the process is there.
    await ask({ id: 1, task: { type: 'describe-model', file: `${file}.none.h5` } });
    const idleBytes = await largestMemory(child.pid);
    const start = performance.now();
    const response = await ask({ id: 2, task: { type: 'describe-model', file } });
    const seconds = (performance.now() - start) / 1000;
    if ('problem' in response) throw new Error(response.problem.message);
    return { seconds, idleBytes, bytes: await largestMemory(child.pid) };
  } finally {
    child.kill();
  }
}

/** `VmHWM` of /proc, in bytes (Linux). */
async function largestMemory(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return 1024 * Number(/VmHWM:\s*(\d+) kB/.exec(status)?.[1]);
}

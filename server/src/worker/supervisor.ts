import { type ChildProcess, fork } from 'node:child_process';
import { Problem } from '../errors.ts';
import type { ModelVersion, WorkerAnswers, WorkerOptions, WorkerResponse, WorkerTask } from './messages.ts';

/** One or several worker processes that are there when they are needed. */
export interface Worker {
  /** Tasks that are performed at the same time. */
  readonly processes: number;
  /**
   * Has the worker perform a task. A task that was under way when the process died is tried once more, and more
   * often where the process was killed from outside.
   * @param lane the process, from 0, that has most of what the task reads; it gets the task unless others are less busy
   * @throws Problem as the task does; `failed` where the process died too often, or the worker was closed
   */
  perform<T extends WorkerTask>(task: T, lane?: number): Promise<WorkerAnswers[T['type']]>;
  /** Has every process open a model, so that none begins with that when it gets its first patches. */
  prepare(model: ModelVersion): Promise<void>;
  /** Ends the processes; tasks under way are rejected. */
  close(): Promise<void>;
}

interface Job {
  id: number;
  task: WorkerTask;
  deaths: number;
  /** Those of the deaths that came from outside. */
  kills: number;
  timer?: NodeJS.Timeout;
  resolve(answer: WorkerAnswers[WorkerTask['type']]): void;
  reject(error: Error): void;
}

/**
 * Arenas that glibc allocates from: each thread of libvips and of the engine would have one of its own, which keeps what
 * it once held. With one alone two workers take 70 MB less and are no slower.
 */
const MALLOC_ARENAS = '1';

/** Deaths of the process after which a task is given up: it is to blame for the second one. */
const MAX_DEATHS = 2;
/** The same where the process was killed: somebody else did that, or the system for want of memory, which may pass. */
const MAX_KILLS = 8;
const MAX_SENT = 4;

/** A damaged file can make a library loop for ever; the largest networks open in a few seconds. */
const OPENING_SECONDS = 120;

export interface SupervisionOptions extends WorkerOptions {
  /** How long opening a model may take. */
  openingSeconds?: number;
}

/**
 * Supervises one worker process, started with the first task and again after a death.
 * @param entry the worker's script
 * @param onDeath told of every unexpected end
 */
export function superviseWorker(
  entry: string,
  onDeath: (reason: string) => void = () => {},
  { openingSeconds = OPENING_SECONDS, ...options }: SupervisionOptions = {},
): Worker {
  const waiting: Job[] = [];
  const sent = new Map<number, Job>();
  let child: ChildProcess | undefined;
  let closed = false;
  let nextId = 1;

  function dispatch(): void {
    while (waiting.length > 0) {
      // Tasks that were there when a process died go alone, so that only the one to blame is blamed again.
      const suspect = waiting[0].deaths > 0 || [...sent.values()].some((job) => job.deaths > 0);
      if (sent.size >= (suspect ? 1 : MAX_SENT)) return;
      const job = waiting.shift();
      if (!job) return;
      sent.set(job.id, job);
      child ??= start();
      child.send({ id: job.id, task: job.task });
      if (job.task.type !== 'classify') job.timer = setTimeout(() => giveUp(job), openingSeconds * 1000);
    }
  }

  function start(): ChildProcess {
    const started = fork(entry, [JSON.stringify(options)], {
      // So that what a conversion leaves behind can be given back before the network is loaded; and little is kept of what
      // is short-lived, which here is nothing but messages: 20 MB less a worker, and no slower.
      execArgv: ['--expose-gc', '--max-semi-space-size=1'],
      env: { MALLOC_ARENA_MAX: MALLOC_ARENAS, ...process.env },
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    started.on('message', (response: WorkerResponse) => settle(response));
    started.on('error', (error) => ended(started, error.message));
    started.on('exit', (status, signal) =>
      ended(started, signal ? `signal ${signal}` : `exit status ${status}`, signal === 'SIGKILL'),
    );
    return started;
  }

  /** Ends a process that is stuck in a task, which then is not tried again. */
  function giveUp(job: Job): void {
    sent.delete(job.id);
    job.reject(
      new Problem('unreadable-model', `${describe(job.task)} took more than ${openingSeconds} s and was stopped`),
    );
    // Those behind it have waited for it alone, and are tried again.
    for (const other of sent.values()) clearTimeout(other.timer);
    child?.kill('SIGKILL');
  }

  function settle(response: WorkerResponse): void {
    const job = sent.get(response.id);
    if (!job) return;
    sent.delete(response.id);
    clearTimeout(job.timer);
    if ('answer' in response) job.resolve(response.answer);
    else job.reject(new Problem(response.problem.code, response.problem.message));
    dispatch();
  }

  function ended(process: ChildProcess, reason: string, isKilled = false): void {
    if (child !== process) return;
    child = undefined;
    if (closed) return;
    onDeath(reason);
    const lost = [...sent.values()];
    sent.clear();
    for (const job of lost.reverse()) {
      clearTimeout(job.timer);
      job.deaths++;
      if (isKilled) job.kills++;
      if (job.deaths - job.kills < MAX_DEATHS && job.kills < MAX_KILLS) waiting.unshift(job);
      else {
        const times = job.deaths === 2 ? 'twice' : `${job.deaths} times`;
        job.reject(new Problem('failed', `the worker process died ${times} (${reason}) on ${describe(job.task)}`));
      }
    }
    dispatch();
  }

  const perform: Worker['perform'] = <T extends WorkerTask>(task: T): Promise<WorkerAnswers[T['type']]> =>
    new Promise((resolve, reject) => {
      if (closed) return reject(new Problem('failed', 'the worker is closed'));
      // The answer's type follows from the task's, which the message channel cannot know.
      const settleAs = resolve as Job['resolve'];
      waiting.push({ id: nextId++, task, deaths: 0, kills: 0, resolve: settleAs, reject });
      dispatch();
    });

  return {
    processes: 1,
    perform,
    prepare: async (model) => void (await perform({ type: 'prepare-model', model })),
    async close() {
      closed = true;
      for (const job of sent.values()) clearTimeout(job.timer);
      for (const job of [...waiting, ...sent.values()]) job.reject(new Problem('failed', 'the worker is closed'));
      waiting.length = 0;
      sent.clear();
      const running = child;
      if (!running) return;
      const exited = new Promise((resolve) => running.once('exit', resolve));
      running.kill();
      await exited;
    },
  };
}

function describe(task: WorkerTask): string {
  if (task.type === 'describe-model') return `opening ${task.file}`;
  if (task.type === 'background') return `the background of ${task.slide.file}`;
  if (task.type === 'prepare-model') return `opening ${task.model.file}`;
  return task.type === 'classify-pixels'
    ? `a patch with ${task.model.file}`
    : `${task.positions.length} patches of ${task.slide.file} with ${task.model.file}`;
}

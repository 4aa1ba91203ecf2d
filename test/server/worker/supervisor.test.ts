import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { superviseWorker, type Worker } from '../../../server/src/worker/supervisor.ts';
import { temporaryFolder } from '../../command-line.ts';

const entry = fileURLToPath(new URL('./mortal-worker.mjs', import.meta.url));
const open = (file: string) => ({ type: 'describe-model' as const, file });

let worker: Worker;
afterEach(() => worker.close());

describe('a supervised worker', () => {
  test('hands answers and problems to whoever asked', async () => {
    worker = superviseWorker(entry);
    const [good, bad] = await Promise.allSettled([worker.perform(open('a')), worker.perform(open('bad'))]);
    expect(good).toMatchObject({ status: 'fulfilled', value: { file: 'a' } });
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'unreadable-model', message: 'bad is no model' } });
  });

  test('is started again after a death, and the task it had is tried once more', async () => {
    const folder = await temporaryFolder();
    const deaths: string[] = [];
    worker = superviseWorker(entry, (reason) => deaths.push(reason));
    await expect(worker.perform(open(`deadly-once:${folder}`))).resolves.toMatchObject({ pid: expect.any(Number) });
    expect(deaths).toEqual(['signal SIGKILL']);
    await rm(folder, { recursive: true });
  });

  test('a task that kills it twice gets an error; those beside it are performed', async () => {
    const deaths: string[] = [];
    worker = superviseWorker(entry, (reason) => deaths.push(reason));
    const files = ['slow', 'deadly', 'b', 'slow', 'c'];
    const results = await Promise.allSettled(files.map((file) => worker.perform(open(file))));
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
      'fulfilled',
    ]);
    expect(results[1]).toMatchObject({ reason: { code: 'failed', message: expect.stringContaining('died twice') } });
    expect(deaths).toEqual(['exit status 3', 'exit status 3']);
  });

  test('a task under which it is killed from outside is tried more often, and not for ever', async () => {
    const deaths: string[] = [];
    worker = superviseWorker(entry, (reason) => deaths.push(reason));
    const files = ['killed', 'b'];
    const results = await Promise.allSettled(files.map((file) => worker.perform(open(file))));
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    expect(results[0]).toMatchObject({ reason: { code: 'failed', message: expect.stringContaining('died 8 times') } });
    expect(deaths).toEqual(Array(8).fill('signal SIGKILL'));
  });

  test('a file that keeps it busy for ever is given up, and the next one is opened', async () => {
    worker = superviseWorker(entry, () => {}, { openingSeconds: 1 });
    await expect(worker.perform(open('endless'))).rejects.toThrow('took more than 1 s');
    await expect(worker.perform(open('a'))).resolves.toMatchObject({ file: 'a' });
  });

  test('closing rejects what is under way and lets nothing in', async () => {
    worker = superviseWorker(entry);
    const slow = expect(worker.perform(open('slow'))).rejects.toThrow('closed');
    await worker.close();
    await slow;
    await expect(worker.perform(open('a'))).rejects.toThrow('closed');
  });
});

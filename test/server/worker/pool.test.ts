import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { workerPool } from '../../../server/src/worker/pool.ts';

const entry = fileURLToPath(new URL('./mortal-worker.mjs', import.meta.url));
const open = (file: string) => ({ type: 'describe-model' as const, file });

test('a task goes to the process of its lane, and elsewhere when that one is busier', async () => {
  const pool = workerPool(entry);
  const pidOf = async (file: string, lane?: number) => {
    const answer: object = await pool.perform(open(file), lane);
    return 'pid' in answer ? answer.pid : undefined;
  };
  const last = pool.processes - 1;
  const own = await pidOf('a', last);
  expect(await pidOf('b', last)).toBe(own);
  const slow = pidOf('slow', last);
  expect((await pidOf('c', last)) === own).toBe(pool.processes === 1);
  expect(await slow).toBe(own);
  await pool.close();
});

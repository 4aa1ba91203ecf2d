import { expect, test } from 'vitest';
import { atOnce } from '../../server/src/at-once.ts';

test('so many run at once, in their order, whatever becomes of them', async () => {
  const turn = atOnce(2);
  const begun: number[] = [];
  let running = 0;
  let most = 0;
  const work = (i: number) =>
    turn(async () => {
      begun.push(i);
      most = Math.max(most, ++running);
      await new Promise((done) => setTimeout(done, 2));
      running--;
      if (i % 2) throw new Error(`${i}`);
      return i;
    });
  const outcomes = await Promise.allSettled([0, 1, 2, 3, 4].map(work));
  expect(outcomes.map(({ status }) => status[0])).toEqual(['f', 'r', 'f', 'r', 'f']);
  expect([begun, most]).toEqual([[0, 1, 2, 3, 4], 2]);
  expect(await work(6)).toBe(6);
});

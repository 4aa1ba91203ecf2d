import { afterEach, expect, test, vi } from 'vitest';
import { createCurrency } from '../../../../server/src/slides/remote/currency.ts';

afterEach(() => void vi.useRealTimers());

test('what has changed is noticed by the second question after its time, and nobody waits', async () => {
  vi.useFakeTimers();
  const currency = createCurrency(60);
  let now = 'a';
  let looks = 0;
  const isCurrent = () =>
    currency.isCurrent('a', async () => {
      looks++;
      if (now === '') throw new Error('no answer');
      return now;
    });
  expect([isCurrent(), isCurrent(), looks]).toEqual([true, true, 0]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect([isCurrent(), isCurrent(), looks]).toEqual([true, true, 1]);
  now = '';
  await vi.advanceTimersByTimeAsync(60_000);
  expect(isCurrent()).toBe(true);
  await vi.advanceTimersByTimeAsync(59_999);
  expect([isCurrent(), looks]).toEqual([true, 2]);
  now = 'b';
  await vi.advanceTimersByTimeAsync(1);
  expect(isCurrent()).toBe(true);
  await vi.advanceTimersByTimeAsync(1);
  expect(isCurrent()).toBe(false);
  // Looked at anew by then.
  expect([isCurrent(), looks]).toEqual([true, 3]);
});

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { withDeadline } from '../../../server/src/routes/deadline.ts';

/** Work that ends only when it is told to. */
const endless = (signal: AbortSignal) =>
  new Promise<string>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

test('the deadline comes even when garbage is collected meanwhile', async () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const waiting = withDeadline(new AbortController().signal, 0.2, endless);
  await new Promise((resolve) => setTimeout(resolve, 20));
  collect();
  expect(await waiting).toBeUndefined();
});

test('work that is done in time gives its value, and its own errors', async () => {
  const { signal } = new AbortController();
  expect(await withDeadline(signal, 5, async () => 'done')).toBe('done');
  await expect(
    withDeadline(signal, 5, async () => {
      throw new Error('broken');
    }),
  ).rejects.toThrow('broken');
});

test('a client that goes away ends it with that reason; 0 seconds begin nothing', async () => {
  const client = new AbortController();
  const waiting = withDeadline(client.signal, 5, endless);
  client.abort(new Error('gone'));
  await expect(waiting).rejects.toThrow('gone');
  let begun = false;
  await withDeadline(new AbortController().signal, 0, async () => {
    begun = true;
  });
  expect(begun).toBe(false);
});

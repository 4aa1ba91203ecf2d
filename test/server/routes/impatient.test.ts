import { expect, test } from 'vitest';
import { Problem } from '../../../server/src/errors.ts';
import { impatient } from '../../../server/src/routes/impatient.ts';

test('what is there is given, what is not is told, and what came of it is remembered', async () => {
  const waiting: { resolve(value: string): void; reject(error: unknown): void }[] = [];
  const ask = impatient((file) => {
    if (file === 'near') return Promise.resolve('here');
    return new Promise<string>((resolve, reject) => waiting.push({ resolve, reject }));
  }, 5);
  expect(await ask('near')).toBe('here');
  await expect(ask('/a/far.json')).rejects.toMatchObject({
    code: 'unavailable',
    message: 'far.json is not reached yet: its tile server has not answered so far, and goes on being asked',
  });
  waiting[0].reject(new Problem('unavailable', 'its server cannot be reached'));
  await expect(ask('/a/far.json')).rejects.toThrow('its server cannot be reached');
  waiting[1].resolve('there');
  await expect(ask('/a/far.json')).rejects.toThrow('far.json is not reached yet');
});

test('what fails at once fails as it is', async () => {
  const ask = impatient(() => Promise.reject(new Problem('unreadable-slide', 'it is none')), 5000);
  await expect(ask('a.json')).rejects.toThrow('it is none');
});

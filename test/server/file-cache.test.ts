import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { fileCache } from '../../server/src/file-cache.ts';

const folder = mkdtempSync(join(tmpdir(), 'openseadragon-cam-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = join(folder, 'model.json');
const beside = join(folder, 'model.manifest.json');
const companion = join(folder, 'shard.bin');

let made = 0;
const open = () =>
  fileCache(async (path) => ({ path, number: ++made }), {
    beside: () => [beside],
    companions: () => [companion],
  });

beforeEach(() => {
  for (const path of [file, companion]) writeFileSync(path, '{}');
  rmSync(beside, { force: true });
});

test('what was made of a file is kept, also while it is being made', async () => {
  const cached = open();
  const [first, second] = await Promise.all([cached(file), cached(file)]);
  expect(second).toBe(first);
  expect(await cached(file)).toBe(first);
});

test.each([
  ['the file changes', () => writeFileSync(file, '{ "a": 1 }')],
  ['a file beside it appears', () => writeFileSync(beside, '{}')],
  ['a companion changes', () => writeFileSync(companion, 'longer')],
  ['a companion is gone', () => rmSync(companion)],
])('it is made anew when %s', async (_, change) => {
  const cached = open();
  const first = await cached(file);
  change();
  expect((await cached(file)).number).toBe(first.number + 1);
});

test('a failure is not kept', async () => {
  let fails = true;
  const cached = fileCache(async () => {
    if (fails) throw new Error('not yet');
    return 5;
  });
  await expect(cached(file)).rejects.toThrow('not yet');
  fails = false;
  expect(await cached(file)).toBe(5);
});

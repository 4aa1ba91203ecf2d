import { existsSync, readdirSync } from 'node:fs';
import { mkdir, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { evictHeatmaps, touchUsed } from '../../../server/src/store/eviction.ts';
import { takeLock } from '../../../server/src/store/lock.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

const folder = temporaryFolder();
let stores = 0;
const newStore = () => join(folder, `store-${stores++}`);

/** A heatmap of 1000 bytes that was last used so many hours ago. */
async function writeHeatmap(store: string, name: string, hoursAgo: number): Promise<void> {
  const chunks = join(store, name, 'data.zarr', 'cells');
  await mkdir(chunks, { recursive: true });
  for (let i = 0; i < 9; i++) await writeFile(join(chunks, `c.${i}`), new Uint8Array(100));
  await writeFile(join(store, name, 'journal'), new Uint8Array(100));
  await touchUsed(join(store, name));
  const at = new Date(Date.now() - hoursAgo * 3_600_000);
  await utimes(join(store, name, 'used'), at, at);
}

async function writeStore(): Promise<string> {
  const store = newStore();
  for (const [name, hoursAgo] of [
    ['a', 3],
    ['b', 1],
    ['c', 4],
    ['d', 2],
  ] as const) {
    await writeHeatmap(store, name, hoursAgo);
  }
  return store;
}

test.each([
  [4000, []],
  [3999, ['c']],
  [2500, ['c', 'a']],
  [1000, ['c', 'a', 'd']],
  [0, ['c', 'a', 'd', 'b']],
])('to fit %i bytes, those go that were not used for longest', async (maxBytes, expected) => {
  const store = await writeStore();
  expect(await evictHeatmaps(store, maxBytes)).toEqual(expected);
  expect(readdirSync(store)).toEqual(['a', 'b', 'c', 'd'].filter((name) => !expected.includes(name)));
});

test('one that was used again stays', async () => {
  const store = await writeStore();
  await touchUsed(join(store, 'c'));
  expect((await stat(join(store, 'c', 'used'))).mtimeMs).toBeGreaterThan(Date.now() - 60_000);
  expect(await evictHeatmaps(store, 3000)).toEqual(['a']);
});

test('one that is locked stays, though it counts; one whose holder is dead goes', async () => {
  const store = await writeStore();
  const lock = await takeLock(join(store, 'c', 'lock'));
  await writeFile(join(store, 'a', 'lock'), 'of nobody');
  expect(await evictHeatmaps(store, 2500)).toEqual(['a', 'd']);
  if ('release' in lock) await lock.release();
  expect(await evictHeatmaps(store, 1500)).toEqual(['c']);
});

test('what an eviction that was broken off has left is removed; other files stay', async () => {
  const store = await writeStore();
  await mkdir(join(store, '.evicted-x-1', 'data.zarr'), { recursive: true });
  await writeFile(join(store, 'notes.txt'), new Uint8Array(10_000));
  expect(await evictHeatmaps(store, 4000)).toEqual([]);
  expect(existsSync(join(store, '.evicted-x-1'))).toBe(false);
  expect(existsSync(join(store, 'notes.txt'))).toBe(true);
});

test('a store that is not there yet has nothing to remove', async () => {
  expect(await evictHeatmaps(newStore(), 0)).toEqual([]);
});

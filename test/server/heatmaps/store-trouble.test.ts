import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAnalyses } from '../../../server/src/heatmaps/analysis.ts';
import type { Heatmap } from '../../../server/src/heatmaps/heatmap.ts';
import { createScheduler } from '../../../server/src/heatmaps/scheduler.ts';
import type { Worker } from '../../../server/src/worker/supervisor.ts';
import { smallDisk } from '../../small-disk.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { factsOf } from './heatmap-facts.ts';
import { heatmapFolder, storedHeatmap } from './stored-heatmap.ts';
import { classify, positionsWhere, syntheticHeatmap } from './synthetic-heatmap.ts';

const folder = temporaryFolder();
const disk = smallDisk(join(folder, 'disk'), 1024 ** 2);
afterAll(() => disk?.unmount());
const open = (store: string, told: string[] = []) => storedHeatmap(40, 37, { store, told });

/** The heatmap as it is when nothing ever went wrong. */
let whole: Awaited<ReturnType<typeof factsOf>>;
beforeAll(async () => {
  const heatmap = await syntheticHeatmap(40, 37);
  await classify(heatmap, positionsWhere(heatmap));
  whole = await factsOf(heatmap);
});

const upperRows = (heatmap: Heatmap) => positionsWhere(heatmap, (row) => row < 20);
const healthy = (heatmap: Heatmap) => expect.poll(() => heatmap.values.store.problem, { interval: 50 }).toBeNull();

/** What is in the store is the whole heatmap. */
async function expectWhole(store: string): Promise<void> {
  const again = await open(store);
  expect(await factsOf(again)).toEqual(whole);
  await again.values.close();
}

test('a second one on the same store works in memory, says so, and takes over when the first ends', async () => {
  const store = join(folder, 'shared');
  const first = await open(store);
  const told: string[] = [];
  const second = await open(store, told);
  expect(second.values.store.holder).toEqual({ pid: process.pid, address: null });
  const says = `process ${process.pid} writes this heatmap; results stay in memory until it ends`;
  expect(second.values.store.problem).toBe(says);
  // Blocks that both know of, that either knows of, and the same patches in both.
  await classify(first, upperRows(first));
  await classify(
    second,
    positionsWhere(second, (row, column) => row >= 15 && column % 3 > 0),
  );
  const before = await factsOf(second);
  await first.values.close();
  await healthy(second);
  expect(told).toEqual([says, 'stored again']);
  expect(second.values.known.known).toBeGreaterThan(before.count);
  await classify(second, positionsWhere(second));
  expect(await factsOf(second)).toEqual(whole);
  await second.values.close();
  await expectWhole(store);
});

test('a removed folder is noticed with the next results and begun anew; what was in it is computed again', async () => {
  const store = join(folder, 'removed');
  const told: string[] = [];
  const heatmap = await open(store, told);
  await classify(heatmap, upperRows(heatmap));
  await rm(heatmapFolder(store), { recursive: true, maxRetries: 9 });
  const below = positionsWhere(heatmap, (row) => row === 30);
  await classify(heatmap, below);
  await expect.poll(() => told.at(-1), { interval: 20 }).toBe('stored again');
  expect(told[0]).toMatch('was removed; it is begun anew');
  await expect.poll(() => heatmap.values.known.known, { interval: 20 }).toBe(below.length);
  const same = await syntheticHeatmap(40, 37);
  await classify(same, below);
  expect(await factsOf(heatmap)).toEqual(await factsOf(same));
  await classify(heatmap, positionsWhere(heatmap));
  expect(await factsOf(heatmap)).toEqual(whole);
  await heatmap.values.close();
  await expectWhole(store);
});

test('a removed folder that many readers come upon at once is told once, and its analysis is not done', async () => {
  const store = join(folder, 'removed-whole');
  const told: string[] = [];
  const first = await open(store);
  await classify(first, positionsWhere(first));
  await first.values.close();
  const heatmap = await open(store, told);
  const perform = async () => undefined;
  // Nothing is classified.
  const analyses = createAnalyses(createScheduler({ processes: 1, perform: perform as Worker['perform'] }));
  analyses.start(heatmap);
  await expect.poll(() => analyses.state(heatmap).state, { interval: 5 }).toBe('done');
  await rm(heatmapFolder(store), { recursive: true, maxRetries: 9 });
  await Promise.all([factsOf(heatmap), factsOf(heatmap)]);
  await expect.poll(() => told.at(-1), { interval: 20 }).toBe('stored again');
  await healthy(heatmap);
  expect(told).toEqual([...new Set(told)]);
  expect(heatmap.values.known.known).toBe(0);
  expect(analyses.state(heatmap)).toMatchObject({ state: 'none', patches: { known: 0 } });
  await heatmap.values.close();
});

test('results that arrive while it is closed are kept or dropped, and nothing is opened anew', async () => {
  const store = join(folder, 'closing');
  const heatmap = await open(store);
  const adding = classify(heatmap, upperRows(heatmap));
  const closing = heatmap.values.close();
  await classify(heatmap, positionsWhere(heatmap));
  await Promise.all([adding, closing]);
  const again = await open(store);
  expect(again.values.store.problem).toBeNull();
  expect(again.values.known.known).toBe(20 * 40);
  await again.values.close();
});

describe.skipIf(!disk)('on a small disk', () => {
  const store = disk?.folder ?? '';

  test.each([
    ['from the start', 0],
    ['in the middle', 300],
  ])('that is full %s all goes on in memory, and is stored when there is room', async (_, before) => {
    const told: string[] = [];
    const ballast = join(store, 'ballast');
    const fill = () => writeFile(ballast, new Uint8Array(2 * 1024 ** 2)).catch(() => {});
    if (before === 0) await fill();
    const heatmap = await open(store, told);
    const all = positionsWhere(heatmap);
    await classify(heatmap, all.slice(0, before));
    if (before > 0) await fill();
    for (let from = before; from < all.length; from += 100) await classify(heatmap, all.slice(from, from + 100));
    expect(heatmap.values.store.problem).toMatch('the disk is full');
    expect(await factsOf(heatmap)).toEqual(whole);
    // Told once, and not with every attempt.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(told).toEqual([heatmap.values.store.problem]);
    await rm(ballast);
    await healthy(heatmap);
    expect(told.slice(1)).toEqual(['stored again']);
    await heatmap.values.close();
    await expectWhole(store);
    await rm(heatmapFolder(store), { recursive: true });
  });

  test('that is read-only all is in memory, and is stored when it can be written', async () => {
    const told: string[] = [];
    disk?.remount('ro');
    const heatmap = await open(store, told);
    await classify(heatmap, positionsWhere(heatmap));
    expect(heatmap.values.store.problem).toBe('the folder cannot be written; results stay in memory until it can');
    expect(await factsOf(heatmap)).toEqual(whole);
    disk?.remount('rw');
    await healthy(heatmap);
    expect(told.slice(1)).toEqual(['stored again']);
    await heatmap.values.close();
    await expectWhole(store);
  });
});

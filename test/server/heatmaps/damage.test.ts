import { copyFile, cp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { analyse } from '../../../server/src/heatmaps/analysis.ts';
import type { Heatmap } from '../../../server/src/heatmaps/heatmap.ts';
import { createResultCaches } from '../../../server/src/heatmaps/result-caches.ts';
import { createScheduler } from '../../../server/src/heatmaps/scheduler.ts';
import type { WorkerTask } from '../../../server/src/worker/messages.ts';
import type { Worker } from '../../../server/src/worker/supervisor.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { factsOf } from './heatmap-facts.ts';
import { heatmapFolder, storedHeatmap } from './stored-heatmap.ts';
import { classify, positionsOf, positionsWhere, syntheticHeatmap, syntheticResults } from './synthetic-heatmap.ts';

const folder = temporaryFolder();
const whole = join(folder, 'whole');
const PATCHES = 40 * 37;
const open = (store: string, told: string[]) => storedHeatmap(40, 37, { store, told });
let expected: Awaited<ReturnType<typeof factsOf>>;
let copies = 0;

beforeAll(async () => {
  const heatmap = await open(whole, []);
  await classify(heatmap, positionsWhere(heatmap));
  expected = await factsOf(heatmap);
  await heatmap.values.close();
});

async function copyOf(store: string): Promise<string> {
  const copy = join(folder, `copy-${copies++}`);
  await cp(store, copy, { recursive: true });
  return copy;
}

/** Classifies what is missing. @returns how many that were */
async function complete(heatmap: Heatmap): Promise<number> {
  const missing = positionsWhere(heatmap, (row, column) => !heatmap.values.known.isKnown(row, column));
  await classify(heatmap, missing);
  return missing.length;
}

/** What is damaged, what the log says of it, and how many patches that costs. */
const chunks: [name: string, chunk: string, foreign: string, says: string, lost: number][] = [
  ['cells', 'c.0.0.0.0.0', 'known/c.0.0', 'chunk 0, 0, 0, 0, 0 of cells is damaged', 256],
  ['probabilities', 'c.0.0.0', 'known/c.0.0', 'chunk 0, 0, 0 of probabilities is damaged', 256],
  ['known', 'c.0.0', 'cells/c.0.0.0.0.0', 'made anew from pyramid/0', 0],
  ['pyramid/0', 'c.0.0.0', 'known/c.0.0', 'made anew from cells and probabilities', 0],
  ['block_sums', 'c.0.0.0', 'known/c.0.0', '', 0],
];
const faults: [string, (file: string, foreign: string) => Promise<void>][] = [
  [
    'with a flipped byte',
    async (file) => {
      const bytes = await readFile(file);
      const at = bytes.length >> 1;
      await writeFile(file, bytes.with(at, bytes[at] ^ 1));
    },
  ],
  ['cut short', async (file) => truncate(file, (await readFile(file)).length - 5)],
  ['emptied', (file) => truncate(file, 0)],
  ['of another array', (file, foreign) => copyFile(foreign, file)],
];

test.each(chunks.flatMap(([name, ...rest]) => faults.map((fault) => [name, fault[0], rest, fault[1]] as const)))(
  'a chunk of %s %s is told, costs its own patches at most, and then all is as before',
  async (name, _, [chunk, foreign, says, lost], damage) => {
    const store = await copyOf(whole);
    const group = join(heatmapFolder(store), 'data.zarr');
    await damage(join(group, name, chunk), join(group, foreign));
    const told: string[] = [];
    const heatmap = await open(store, told);
    await factsOf(heatmap);
    expect(told).toEqual(says === '' ? [] : [expect.stringContaining(says)]);
    expect(await complete(heatmap)).toBe(lost);
    expect(await factsOf(heatmap)).toEqual(expected);
    await heatmap.values.close();
    const again = await open(store, told);
    expect(await factsOf(again)).toEqual(expected);
    expect(told).toHaveLength(says === '' ? 0 : 1);
    await again.values.close();
  },
);

test.each([
  ['zarr.json', 'data.zarr/zarr.json', 'data.zarr.damaged'],
  ['zarr.json of an array', 'data.zarr/cells/zarr.json', 'data.zarr.damaged'],
  ['the head of the journal', 'journal', 'journal.damaged'],
])('with a damaged %s it is set aside, and computed anew', async (_, file, aside) => {
  const store = await copyOf(whole);
  await writeFile(join(heatmapFolder(store), file), 'no such thing');
  if (file !== 'journal') await rm(join(heatmapFolder(store), 'journal'));
  const told: string[] = [];
  const heatmap = await open(store, told);
  expect(told).toEqual([expect.stringContaining(aside)]);
  expect(await complete(heatmap)).toBe(aside === 'journal.damaged' ? 0 : PATCHES);
  expect(await factsOf(heatmap)).toEqual(expected);
  await heatmap.values.close();
});

test('a damaged record of the journal costs one patch, when it is opened and while it is open', async () => {
  const store = join(folder, 'journaled');
  const first = await open(store, []);
  await classify(
    first,
    positionsWhere(first, (row) => row === 3),
  );
  const crashed = await copyOf(store);
  await writeFile(join(heatmapFolder(crashed), 'lock'), '');
  const damage = async (at: number) => {
    const journal = join(heatmapFolder(crashed), 'journal');
    const bytes = await readFile(journal);
    await writeFile(journal, bytes.with(at, bytes[at] ^ 1));
  };
  await damage(300);
  const told: string[] = [];
  const caches = createResultCaches();
  const heatmap = await storedHeatmap(40, 37, { store: crashed, told, values: { caches } });
  expect(told).toEqual(['1 damaged records of the journal are computed anew']);
  expect(heatmap.values.known.known).toBe(39);
  await damage(1500);
  caches.records.clear();
  await factsOf(heatmap);
  expect(told).toEqual([told[0], expect.stringMatching(/record \d+ is damaged/)]);
  expect(heatmap.values.known.known).toBe(38);
  await complete(heatmap);
  expect(await factsOf(heatmap)).toEqual(expected);
  await heatmap.values.close();
  await first.values.close();
});

test('an analysis that comes upon damage behind it goes back', async () => {
  const store = join(folder, 'behind');
  const first = await open(store, []);
  await classify(
    first,
    positionsWhere(first, (row, column) => row !== 15 || column !== 15),
  );
  await first.values.close();
  const group = join(heatmapFolder(store), 'data.zarr');
  for (const file of ['pyramid/0/c.0.0.0', 'cells/c.0.0.0.0.0']) await truncate(join(group, file), 3);
  const heatmap = await open(store, []);
  let classified = 0;
  const perform = async (task: WorkerTask) => {
    classified += positionsOf(task).length;
    return syntheticResults(positionsOf(task));
  };
  // The answer's type follows from the task's, which is always to classify.
  await analyse(heatmap, createScheduler({ processes: 1, perform: perform as Worker['perform'] }));
  expect(classified).toBe(256);
  expect(await factsOf(heatmap)).toEqual(expected);
  await heatmap.values.close();
});

test('sums over other patches, as many as there are, are not used', async () => {
  const [store, other] = [join(folder, 'five'), join(folder, 'other-five')];
  const same = await syntheticHeatmap(40, 37);
  for (const [at, first] of [
    [other, 5],
    [store, 0],
  ] as const) {
    const heatmap = await open(at, []);
    const five = positionsWhere(heatmap, (row, column) => row === 0 && column >= first && column < first + 5);
    await classify(heatmap, five);
    if (at === store) await classify(same, five);
    await heatmap.values.close();
  }
  const sums = 'data.zarr/block_sums/c.0.0.0';
  await copyFile(join(heatmapFolder(other), sums), join(heatmapFolder(store), sums));
  const heatmap = await open(store, []);
  expect(await factsOf(heatmap)).toEqual(await factsOf(same));
  await heatmap.values.close();
});

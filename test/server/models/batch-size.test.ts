import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Engine } from '../../../server/src/engines/engine.ts';
import { chooseBatchSize } from '../../../server/src/models/batch-size.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

const folder = await temporaryFolder();
const shape = { height: 8, width: 8, outputs: 1 };
let models = 0;
const newKey = () => ({ fingerprint: `model ${models++}`, engine: 'fake', threads: 1 });

/** An engine whose clock goes on by what a batch takes. */
function engineTaking(milliseconds: (count: number) => number, largest = 16) {
  const clock = { time: 0, runs: 0 };
  const engine: Engine = {
    async run(patches, count) {
      if (count > largest) throw new Error(`a batch of ${largest} was expected`);
      clock.time += milliseconds(count);
      clock.runs++;
      const logits = Float32Array.from({ length: count }, (_, patch) => patches[patch * 192]);
      return { cells: logits, logits, rows: 1, columns: 1 };
    },
    close: async () => {},
  };
  return { engine, clock, now: () => clock.time };
}

test.each([
  ['one by one where batches gain nothing', (count: number) => 2 * count, 1],
  ['one by one where batches lose', (count: number) => count * (1 + 0.1 * count), 1],
  ['in fours where larger batches gain little', (count: number) => count + [0, 9, 9, 9, 1][Math.min(count, 4)], 4],
  ['the largest where calls are dear', (count: number) => 10 + 0.1 * count, 2],
  ['one by one where one alone takes long', (count: number) => 30 + count, 1],
  ['in the largest of a fast network', (count: number) => 1 + 0.01 * count, 16],
])('%s', async (_, milliseconds, expected) => {
  const { engine, now } = engineTaking(milliseconds);
  expect(await chooseBatchSize(engine, shape, newKey(), folder, now)).toBe(expected);
});

/** Two patches alone, the whole batch, and every size from 2 to it. */
const comparisonRuns = (batchSize: number) => 2 + 1 + (batchSize - 1);

test('is measured within a third of a second, once, and kept', async () => {
  const { engine, clock, now } = engineTaking((count) => 1 + 0.01 * count);
  const key = newKey();
  const before = await readdir(folder);
  await chooseBatchSize(engine, shape, key, folder, now);
  expect(clock.time).toBeLessThan(333);
  const kept = (await readdir(folder)).filter((name) => !before.includes(name));
  expect(kept).toHaveLength(1);
  clock.runs = 0;
  expect(await chooseBatchSize(engine, shape, key, folder, now)).toBe(16);
  // The comparison with single patches alone.
  expect(clock.runs).toBe(comparisonRuns(16));
  await writeFile(join(folder, kept[0]), 'nonsense');
  expect(await chooseBatchSize(engine, shape, key, folder, now)).toBe(16);
});

test('a network for single patches is run so', async () => {
  const { engine, now } = engineTaking(() => 1, 1);
  expect(await chooseBatchSize(engine, shape, newKey(), folder, now)).toBe(1);
});

test.each([
  ['in any batch', (count: number) => count > 1],
  ['in what is left over for the last one', (count: number) => count === 3],
])('a batch that gives other bits %s is not used', async (_, differs) => {
  const { engine, now } = engineTaking((count) => 1 + 0.01 * count);
  const run = engine.run;
  engine.run = async (patches, count) => {
    const output = await run(patches, count);
    if (differs(count)) output.logits = output.logits.map((logit) => logit + 1e-3);
    return output;
  };
  expect(await chooseBatchSize(engine, shape, newKey(), folder, now)).toBe(1);
});

test('without a folder nothing is measured', async () => {
  const { engine, clock, now } = engineTaking(() => 1);
  expect(await chooseBatchSize(engine, shape, newKey(), undefined, now)).toBe(4);
  expect(clock.runs).toBe(comparisonRuns(4));
});

test('a folder that cannot be written costs nothing but the measurement', async () => {
  const { engine, now } = engineTaking((count) => 1 + 0.01 * count);
  await writeFile(join(folder, 'file'), '');
  expect(await chooseBatchSize(engine, shape, newKey(), join(folder, 'file', 'in it'), now)).toBe(16);
});

import { cp, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Heatmap } from '../../../server/src/heatmaps/heatmap.ts';
import { temporaryFolder } from '../../command-line.ts';
import { contentOf, storedHeatmap } from './stored-heatmap.ts';
import { classify, positionsWhere, syntheticHeatmap } from './synthetic-heatmap.ts';

const SIZE = { columns: 40, rows: 20 };
/** Blocks of 16 x 16 patches; the first is whole in the store, the others are in the journal. */
const inFirstBlock = (row: number, column: number) => row < 16 && column < 16;

let root: string;
let pristine: string;
let copies = 0;
let truth: Awaited<ReturnType<typeof contentOf>>;

beforeAll(async () => {
  root = await temporaryFolder();
  pristine = join(root, 'pristine');
  await mkdir(pristine);
  const heatmap = await storedHeatmap(pristine, SIZE);
  await classify(heatmap, positionsWhere(heatmap, inFirstBlock));
  await heatmap.values.close();
  // What comes later stays in the journal, as after a crash.
  const later = await storedHeatmap(pristine, SIZE);
  await classify(
    later,
    positionsWhere(later, (row, column) => column >= 16 && (row + column) % 3 === 0),
  );
  const undisturbed = await syntheticHeatmap(SIZE.columns, SIZE.rows);
  await classify(undisturbed, positionsWhere(undisturbed));
  truth = await contentOf(undisturbed);
});
// Blocks may still be written: nobody has closed the heatmaps.
afterAll(() => rm(root, { recursive: true, maxRetries: 10 }));

async function damagedCopy(damage: (folder: string) => Promise<void>) {
  const folder = join(root, String(copies++));
  await cp(pristine, folder, { recursive: true });
  await damage(folder);
  const problems: string[] = [];
  const heatmap = await storedHeatmap(folder, { ...SIZE, onProblem: (problem) => problem && problems.push(problem) });
  return { heatmap, problems };
}

/** Reads everything, as viewers would, and classifies what is missing until nothing is. */
async function mended(
  heatmap: Heatmap,
): Promise<{ content: Awaited<ReturnType<typeof contentOf>>; classified: number }> {
  let classified = 0;
  for (;;) {
    const content = await contentOf(heatmap);
    const missing = positionsWhere(heatmap, (row, column) => !heatmap.values.known.isKnown(row, column));
    if (missing.length === 0) return { content, classified };
    classified += missing.length;
    await classify(heatmap, missing);
  }
}

async function firstChunk(folder: string, array: string): Promise<string> {
  const path = join(folder, 'data.zarr', array);
  const chunk = (await readdir(path)).sort().find((name) => name.startsWith('c.'));
  if (chunk === undefined) throw new Error(`${array} has no chunk`);
  return join(path, chunk);
}

const WAYS: [string, (file: string) => Promise<void>][] = [
  [
    'a flipped bit',
    async (file) => {
      const bytes = await readFile(file);
      bytes[bytes.length >> 1] ^= 4;
      await writeFile(file, bytes);
    },
  ],
  ['a truncated file', async (file) => truncate(file, 20)],
  ['an empty file', async (file) => truncate(file, 0)],
  ['something else', async (file) => writeFile(file, 'no chunk at all, but a text of some length')],
];

/**
 * Patches that the damage costs, and whether it is told: those of the first block, or none where what is lost follows from
 * others (sums, without a word) or is in the journal still.
 */
const ARRAYS: [string, number, boolean][] = [
  ['cells', 256, true],
  ['probabilities', 256, true],
  ['pyramid/0', 256, true],
  ['known', 0, true],
  ['pyramid/1', 0, false],
  ['pyramid/4', 0, false],
  ['samples', 0, false],
];

describe.each(ARRAYS)('a chunk of %s with', (array, lost, isTold) => {
  test.each(WAYS)('%s is noticed, told, and computed anew', async (_, damage) => {
    const journaled = Math.round(((SIZE.columns - 16) * SIZE.rows) / 3);
    const { heatmap, problems } = await damagedCopy(async (folder) => damage(await firstChunk(folder, array)));
    const { content, classified } = await mended(heatmap);
    expect(content).toEqual(truth);
    const unknownBefore = SIZE.columns * SIZE.rows - 256 - journaled;
    expect(classified).toBe(unknownBefore + lost);
    expect(problems.length > 0).toBe(isTold);
  });
});

describe('a journal with', () => {
  test.each(WAYS)('%s loses no more than what is damaged', async (_, damage) => {
    const { heatmap } = await damagedCopy((folder) => damage(join(folder, 'journal')));
    const { content } = await mended(heatmap);
    expect(content).toEqual(truth);
  });
});

test.each(['zarr.json', 'cells/zarr.json'])('a damaged %s is told, and the heatmap begins anew', async (file) => {
  const { heatmap, problems } = await damagedCopy((folder) => writeFile(join(folder, 'data.zarr', file), '{ "zarr'));
  expect(problems[0]).toContain('zarr.json');
  expect((await mended(heatmap)).content).toEqual(truth);
});

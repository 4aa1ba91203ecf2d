import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generateDemoSlide } from '../../../demo/slide/generate.ts';
import { runCommand } from '../../command-line.ts';
import { analyseWithKills, analyseWithWorkerKills, storedResults } from '../../killed-server.ts';
import { type SmallCatalogue, smallCatalogue } from '../../small-catalogue.ts';

let catalogue: SmallCatalogue;
let truth: Awaited<ReturnType<typeof storedResults>>;
const heatmap = 'heatmaps/slide.tif/tissue.h5';

beforeAll(async () => {
  catalogue = await smallCatalogue();
  const { root, slides, models } = catalogue;
  await generateDemoSlide(join(slides, 'slide.tif'), { seed: 21, width: 6144, height: 4096 });
  const store = join(root, 'undisturbed');
  await mkdir(store);
  await runCommand('analyze', join(slides, 'slide.tif'), join(models, 'tissue.h5'), '--store', store);
  truth = await storedResults(store);
});
afterAll(() => rm(catalogue.root, { recursive: true, force: true }));

test('a server that is killed loses nothing that it has told, goes on by itself, and ends with the same bits', async () => {
  const folders = { ...catalogue, store: join(catalogue.root, 'killed'), heatmap };
  const kills = await analyseWithKills(folders, [250, 120]);
  for (const { before, after, resumed } of kills) {
    expect(after).toBeGreaterThanOrEqual(before);
    expect(resumed).toBe(true);
  }
  expect(await storedResults(folders.store)).toEqual(truth);
});

test('so does one whose worker processes are killed, and no patch is classified twice', async () => {
  const folders = { ...catalogue, store: join(catalogue.root, 'workers-killed'), heatmap };
  expect(await analyseWithWorkerKills(folders, [1500, 200])).toBe(48 * 32);
  expect(await storedResults(folders.store)).toEqual(truth);
});

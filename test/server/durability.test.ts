import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seededRandom } from '../../shared/seeded-random.ts';
import { runCommand, temporaryFolder } from '../command-line.ts';
import { killedAnalysis } from '../killed-analysis.ts';
import { paintSlide } from '../painted-slides.ts';
import { demoModelFiles } from '../small-catalogue.ts';
import { readStored, type StoredResults } from '../stored-results.ts';

let folder: string;
let slide: string;
let uninterrupted: StoredResults;
beforeAll(async () => {
  folder = await temporaryFolder();
  slide = join(folder, 'slides/slide.tif');
  await paintSlide(slide, { seed: 21, width: 4224, height: 3072 });
  const store = join(folder, 'store');
  const { stderr } = await runCommand('analyze', slide, demoModelFiles.model, '--store', store, '--json');
  expect(stderr).toBe('');
  uninterrupted = await readStored(store);
});
afterAll(() => rm(folder, { recursive: true }));

test.each(['server', 'worker'] as const)(
  'a %s killed in the middle of an analysis: it goes on by itself, repeats nothing, and ends with the same bits',
  async (kill) => {
    const options = { slide, model: demoModelFiles.model, kill, kills: 3, within: 300, random: seededRandom(5) };
    const { afterKills, repeated, final, hits } = await killedAnalysis({ ...options, store: join(folder, kill) });
    expect(hits).toBeGreaterThan(0);
    expect(afterKills.flatMap(({ damage }) => damage)).toEqual([]);
    expect(repeated.every((patches) => patches === 0)).toBe(true);
    expect(final).toEqual(uninterrupted);
    expect(final.known).toBe(final.patches);
  },
);

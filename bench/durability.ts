import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { generateDemoSlide } from '../demo/slide/generate.ts';
import { seededRandom } from '../shared/seeded-random.ts';
import { runCommand } from '../test/command-line.ts';
import { killedAnalysis } from '../test/killed-analysis.ts';
import { referenceData } from '../test/reference-data.ts';
import { demoModelFiles } from '../test/small-catalogue.ts';
import { readStored } from '../test/stored-results.ts';

const KILLS = 20;
const SEED = 31;
/** Patches of 128 pixels: 160 x 128. */
const SLIDE = { seed: SEED, width: 20_480, height: 16_384 };
/** Milliseconds of work between two kills, at the most. */
const WITHIN = 1500;

/**
 * Kills the server, then workers alone, at random moments of a whole-slide analysis, and compares what is stored in the
 * end with an analysis that nobody disturbed.
 */
export async function run(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'cam-bench-'));
  try {
    const slide = path.join(folder, 'slides/slide.tif');
    await generateDemoSlide(slide, SLIDE);
    const model = referenceData
      ? path.join(referenceData, 'models/tissue-keras2.1.6_h5/model.h5')
      : demoModelFiles.model;
    const undisturbed = path.join(folder, 'undisturbed');
    const { status, stderr } = await runCommand('analyze', slide, model, '--store', undisturbed, '--json');
    if (status !== 0) throw new Error(stderr);
    const expected = await readStored(undisturbed);
    console.log(`durability: ${expected.patches} patches, kills at random moments (seed ${SEED})`);
    for (const kill of ['server', 'worker'] as const) {
      const store = path.join(folder, kill);
      const options = { store, slide, model, kill, kills: KILLS, within: WITHIN, random: seededRandom(SEED) };
      const { afterKills, repeated, final, hits } = await killedAnalysis(options);
      const damaged = afterKills.reduce((sum, { damage }) => sum + damage.length, final.damage.length);
      const same = JSON.stringify(final.digests) === JSON.stringify(expected.digests);
      console.log(`  ${kill}: ${hits} kills`);
      console.log(`    damaged chunks and records: ${damaged}`);
      console.log(`    patches told of before a kill and computed again: ${repeated.reduce((sum, n) => sum + n, 0)}`);
      console.log(`    in the end ${final.known} of ${final.patches} patches; the same bits in every array: ${same}`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DEMO_SLIDE, generateDemoSlide } from '../demo/slide/generate.ts';
import { seededRandom } from '../shared/seeded-random.ts';
import { runCommand } from '../test/command-line.ts';
import { analyseWithKills, analyseWithWorkerKills, storedResults } from '../test/killed-server.ts';

const models = path.resolve(import.meta.dirname, '../server/dist/demo/models');

const KILLS = 20;
/** Milliseconds of an analysis before it is killed; a patch takes less than 1. */
const DELAYS = { server: [20, 300], worker: [700, 2500] } as const;

/**
 * A whole-slide analysis whose server, and then whose worker processes, are killed at 20 random moments: what was lost
 * that the server had told, and whether every cell and probability is that of an uninterrupted run.
 */
export async function run(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'cam-bench-'));
  const inside = (name: string) => path.join(folder, name);
  try {
    await mkdir(inside('slides'));
    await generateDemoSlide(inside('slides/slide.tif'), { ...DEMO_SLIDE, seed: 17 });
    await cp(models, inside('models'), { recursive: true });
    const { stderr, status } = await runCommand(
      ...['analyze', inside('slides/slide.tif'), inside('models/tissue.h5'), '--store', inside('undisturbed')],
    );
    if (status !== 0) throw new Error(stderr);
    const truth = await storedResults(inside('undisturbed'));
    const folders = { slides: inside('slides'), models: inside('models'), heatmap: 'heatmaps/slide.tif/tissue.h5' };
    console.log(`durability: ${truth.size} patches, ${KILLS} kills each`);

    const kills = await analyseWithKills({ ...folders, store: inside('killed') }, delays('server', 18));
    const lost = kills.map(({ before, after }) => Math.max(0, before - after));
    const early = kills.filter(({ after }) => after < truth.size).length;
    console.log(
      `  server: ${Math.max(...lost)} patches lost at most that were known before, ${kills.filter(({ resumed }) => resumed).length} of ${kills.length} went on by themselves (${early} before the end)`,
    );
    console.log(`  server: ${await compared(inside('killed'), truth)}`);
    const classified = await analyseWithWorkerKills({ ...folders, store: inside('workers') }, delays('worker', 19));
    console.log(`  worker: ${classified} patches classified; ${await compared(inside('workers'), truth)}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function delays(target: keyof typeof DELAYS, seed: number): number[] {
  const random = seededRandom(seed);
  const [low, high] = DELAYS[target];
  return Array.from({ length: KILLS }, () => low + Math.round(random() * (high - low)));
}

/** Reads every chunk, so that damage would be found. */
async function compared(store: string, truth: ReadonlyMap<number, Float32Array>): Promise<string> {
  const found = await storedResults(store);
  const equal = [...truth].filter(([index, record]) => {
    const other = found.get(index);
    return other !== undefined && Buffer.compare(bytesOf(record), bytesOf(other)) === 0;
  });
  return `${equal.length} of ${truth.size} patches have the bits of an uninterrupted run`;
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

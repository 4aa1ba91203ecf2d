import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { generateDemoSlide } from '../demo/slide/generate.ts';
import { analyse } from '../server/src/heatmaps/analysis.ts';
import { createHeatmapSource } from '../server/src/heatmaps/open-heatmap.ts';
import { createScheduler } from '../server/src/heatmaps/scheduler.ts';
import { describeSlide } from '../server/src/slides/describe-slide.ts';
import { openSlide } from '../server/src/slides/open-slide.ts';
import { readPatches } from '../server/src/slides/patches.ts';
import { workerPool } from '../server/src/worker/pool.ts';
import { patchIndex, patchPosition } from '../shared/geometry/patch-grid.ts';
import { referenceData } from '../test/reference-data.ts';
import { startBareLoop } from './bare-loop.ts';
import { type Keras, startKeras } from './keras.ts';
import { writeMobileNetV2 } from './mobilenetv2.ts';
import { processorSeconds } from './processor-time.ts';
import { spread } from './statistics.ts';
import { writeVgg16 } from './vgg16.ts';

/** `BENCH_WORKER` names the worker of another build, to compare with. */
const worker = process.env.BENCH_WORKER ?? path.resolve(import.meta.dirname, '../server/dist/worker.js');

/** Rounds of each; they take turns, so that all see the same machine. `BENCH_ROUNDS` gives another number. */
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);

/** Patches of a cold tile, and patches between two of them: in no tile of the slide are two. */
const TILE_PATCHES = 36;
const TILE_STRIDE = 4;

/**
 * Patches per second of a whole-slide analysis (reading, inference in the worker processes, keeping the results) against
 * bare loops over the same patches in memory on the same cores, and seconds of a cold tile of 36 isolated patches against
 * their bare inference. `BENCH_CASES` names those to run, by the start of their titles, with ; between.
 */
export async function run(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'cam-bench-'));
  const wanted = process.env.BENCH_CASES?.split(';');
  const isWanted = (title: string) => wanted === undefined || wanted.some((start) => title.startsWith(start));
  try {
    const large = path.join(folder, 'large.tif');
    const small = path.join(folder, 'small.tif');
    await generateDemoSlide(large, { seed: 11, width: 8192, height: 8192 });
    await generateDemoSlide(small, { seed: 11, width: 2048, height: 2048 });
    const cases: [title: string, slide: string, model: string][] = [];
    if (referenceData) {
      const tissue = path.join(referenceData, 'models/tissue-keras2.1.6_h5/model.h5');
      cases.push(['tissue model, JPEG TIFF', large, tissue]);
      cases.push(['tissue model, Deflate TIFF', path.join(referenceData, 'slides/mosaic.tif'), tissue]);
    }
    const mobile = path.join(folder, 'mobilenetv2.h5');
    await writeMobileNetV2(mobile);
    cases.push(['MobileNetV2, JPEG TIFF', large, mobile]);
    const vgg16 = path.join(folder, 'vgg16.h5');
    await writeVgg16(vgg16);
    cases.push(['VGG16, JPEG TIFF', small, vgg16]);
    for (const [title, slide, model] of cases) if (isWanted(title)) await compare(title, slide, model, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function compare(title: string, slideFile: string, modelFile: string, store: string): Promise<void> {
  const measured = new Map<string, number[]>();
  const note = (name: string, value: number) => measured.set(name, [...(measured.get(name) ?? []), value]);
  const conversions = path.join(store, 'models');
  const pool = workerPool(worker, undefined, { conversions });
  const { grid, model } = await createHeatmapSource({ store, worker: pool }).heatmap(slideFile, modelFile);
  await pool.prepare(model);
  const reader = openSlide(await describeSlide(slideFile, { store }));
  const total = grid.rows * grid.columns;
  const all = Array.from({ length: total }, (_, index) => patchPosition(grid, index));
  const patchesFile = path.join(store, 'patches.raw');
  await writeFile(patchesFile, await readPatches(reader, grid, all));
  const cores = availableParallelism();
  const loop = await startBareLoop(cores, { modelFile, patchesFile, threads: 1 });
  const threaded = await startBareLoop(1, { modelFile, patchesFile, threads: cores });
  const keras = await startKeras(modelFile, patchesFile, {
    patches: total,
    side: grid.patchHeight,
    scale: model.preprocessing?.scale ?? 1 / 255,
  });
  const isolated = all.filter(({ row, column }) => row % TILE_STRIDE === 0 && column % TILE_STRIDE === 0);
  for (let round = 0; round <= ROUNDS; round++) {
    // The first round only warms caches up.
    const keep = round === 0 ? () => {} : note;
    const idle = await processorSeconds();
    const bare = total / (await loop.seconds(total));
    const inferred = await processorSeconds();
    keep('bare loop, a process per core', bare);
    keep('bare loop, a thread per core', total / (await threaded.seconds(total)));
    const before = await processorSeconds();
    // Nothing is known in a new heatmap.
    const heatmap = await createHeatmapSource({ store, worker: pool }).heatmap(slideFile, modelFile);
    const seconds = await timed(() => analyse(heatmap, createScheduler(pool)));
    const after = await processorSeconds();
    keep('analysis', total / seconds);
    keep('ratio', total / seconds / bare);
    const inference = inferred.children - idle.children;
    const server = after.self - before.self;
    const workers = after.children - before.children;
    keep('ratio of processor time', inference / (workers + server));
    keep('cores busy in workers', workers / seconds);
    keep('cores busy in the server', server / seconds);
    keep('processor ms a patch, bare loop', (1000 * inference) / total);
    keep('processor ms a patch, workers', (1000 * workers) / total);
    keep('processor ms a patch, server', (1000 * server) / total);
    if (isolated.length >= TILE_PATCHES) {
      const cold = await createHeatmapSource({ store, worker: pool }).heatmap(slideFile, modelFile);
      const start = (round * TILE_PATCHES) % (isolated.length - TILE_PATCHES + 1);
      const indices = isolated.slice(start, start + TILE_PATCHES).map((position) => patchIndex(grid, position));
      const tile = await timed(() => createScheduler(pool).classify(cold, indices, { priority: 'view' }));
      keep('cold tile of 36 isolated patches, times their bare inference', tile / (await loop.seconds(TILE_PATCHES)));
    }
    await compareKeras(keras, total / seconds, keep);
  }
  keras?.close();
  await Promise.all([loop.close(), threaded.close(), pool.close()]);
  console.log(`analysis: ${title}, ${total} patches of ${grid.patchWidth} pixels`);
  for (const [name, values] of measured) console.log(`  ${name.padEnd(62)} ${spread(values, 2)}`);
}

async function compareKeras(
  keras: Keras | null,
  analysis: number,
  keep: (name: string, value: number) => unknown,
): Promise<void> {
  if (keras === null) return;
  const { alone, batches } = await keras.speeds();
  keep('Keras, patch by patch', alone);
  keep('Keras, batches of 32', batches);
  keep('analysis / Keras patch by patch', analysis / alone);
  keep('analysis / Keras in batches', analysis / batches);
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

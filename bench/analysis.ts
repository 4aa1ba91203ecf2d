import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { generateDemoSlide } from '../demo/slide/generate.ts';
import { analyse } from '../server/src/heatmaps/analysis.ts';
import { createHeatmapSource } from '../server/src/heatmaps/open-heatmap.ts';
import { createScheduler } from '../server/src/heatmaps/scheduler.ts';
import { openModel } from '../server/src/models/open-model.ts';
import { describeSlide } from '../server/src/slides/describe-slide.ts';
import { openSlide } from '../server/src/slides/open-slide.ts';
import { readPatches } from '../server/src/slides/patches.ts';
import { workerPool } from '../server/src/worker/pool.ts';
import { patchPosition } from '../shared/geometry/patch-grid.ts';
import { referenceData } from '../test/reference-data.ts';
import { spread } from './statistics.ts';
import { writeVgg16 } from './vgg16.ts';

const worker = path.resolve(import.meta.dirname, '../server/dist/worker.js');

/** Rounds of each; the two take turns, so that both see the same machine. */
const ROUNDS = 5;

/**
 * Patches per second of a whole-slide analysis (reading, inference in the worker process, keeping the results) against
 * a bare loop over the same patches in memory, with the same engine and batch.
 */
export async function run(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'cam-bench-'));
  try {
    if (referenceData) {
      const model = path.join(referenceData, 'models/tissue-keras2.1.6_h5/model.h5');
      await compare('tissue model, mosaic.tif', path.join(referenceData, 'slides/mosaic.tif'), model, folder);
    }
    const slide = path.join(folder, 'slide.tif');
    await generateDemoSlide(slide, { seed: 11, width: 2048, height: 2048 });
    const vgg16 = path.join(folder, 'vgg16.h5');
    await writeVgg16(vgg16);
    await compare('VGG16-sized model, 81 patches of 224', slide, vgg16, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function compare(title: string, slideFile: string, modelFile: string, store: string): Promise<void> {
  const bare: number[] = [];
  const product: number[] = [];
  const model = await openModel(modelFile);
  const slide = await describeSlide(slideFile, { store });
  for (let round = 0; round <= ROUNDS; round++) {
    // A worker and heatmap of its own for each round: nothing is known. Its model is opened before time is taken.
    const process = workerPool(worker);
    const heatmap = await createHeatmapSource({ store, worker: process }).heatmap(slideFile, modelFile);
    await process.prepare(heatmap.model);
    const total = heatmap.grid.rows * heatmap.grid.columns;
    const positions = Array.from({ length: total }, (_, index) => patchPosition(heatmap.grid, index));
    const patches = await readPatches(openSlide(slide), heatmap.grid, positions);
    const bareSpeed = await patchesPerSecond(total, async () => {
      const { batchSize } = model;
      const bytes = patches.length / total;
      for (let start = 0; start < total; start += batchSize) {
        const count = Math.min(batchSize, total - start);
        await model.classify(patches.subarray(start * bytes, (start + count) * bytes), count);
      }
    });
    const productSpeed = await patchesPerSecond(total, () => analyse(heatmap, createScheduler(process)));
    await process.close();
    // The first round only warms caches up.
    if (round === 0) continue;
    bare.push(bareSpeed);
    product.push(productSpeed);
  }
  await model.close();
  const ratios = product.map((speed, round) => speed / bare[round]);
  console.log(`analysis: ${title}`);
  console.log(`  bare loop  ${spread(bare, 1)} patches/s`);
  console.log(`  analysis   ${spread(product, 1)} patches/s`);
  console.log(`  ratio      ${spread(ratios, 2)}`);
}

async function patchesPerSecond(patches: number, work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return patches / ((performance.now() - start) / 1000);
}

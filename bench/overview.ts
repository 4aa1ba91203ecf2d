import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os, { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { DEMO_SLIDE, generateDemoSlide } from '../demo/slide/generate.ts';
import { openModel } from '../server/src/models/open-model.ts';
import { describeSlide } from '../server/src/slides/describe-slide.ts';
import { openSlide } from '../server/src/slides/open-slide.ts';
import { readPatches } from '../server/src/slides/patches.ts';
import { createTileReader } from '../server/src/slides/tile-reader.ts';
import { MAX_BLOCKS_PER_TILE, overviewStride, samplesOfRange } from '../shared/geometry/stride.ts';
import type { HeatmapDescriptor } from '../shared/heatmap-descriptor.ts';
import type { ViewRequest } from '../shared/view-events.ts';
import { type RunningCommand, startCommand } from '../test/command-line.ts';
import { isSharp, openView } from '../test/server/routes/event-reader.ts';
import { type BareLoop, startBareLoop } from './bare-loop.ts';
import { spread } from './statistics.ts';

const models = path.resolve(import.meta.dirname, '../server/dist/demo/models');
const pictures = path.resolve(import.meta.dirname, '../docs/images');

const ROUNDS = 7;
const PROCESSES = Math.min(os.availableParallelism(), 4);
/** The whole slide in a window of about 1500 x 1000 pixels. */
const LEVELS_BELOW = 3;

/**
 * The first heatmap of a slide never seen before, all of it in the window: when the view stream tells that there is
 * something everywhere (one patch is enough for an estimate), that the overview's samples are known, and that the view is sharp,
 * against the bare inference of as many patches in as many processes. `BENCH_PICTURES=1` writes what is seen meanwhile.
 */
export async function run(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'cam-bench-'));
  let bare: BareLoop | undefined;
  try {
    const slides = path.join(folder, 'slides');
    await mkdir(slides);
    await generateDemoSlide(path.join(slides, 'slide.tif'), { ...DEMO_SLIDE, seed: 15 });
    await generateDemoSlide(path.join(slides, 'warm.tif'), { seed: 16, width: 2048, height: 2048 });
    await cp(models, path.join(folder, 'models'), { recursive: true });
    const bareSeconds: number[] = [];
    const ratios = { something: [] as number[], overview: [] as number[], sharp: [] as number[] };
    let counts = { overview: 0, view: 0 };
    for (let round = 0; round <= ROUNDS; round++) {
      const server = await start(folder, `store-${round}`);
      try {
        const { descriptor, view } = await wholeSlide(server);
        const samples = samplesOfView(descriptor, view.level);
        bare ??= await bareLoop(folder, descriptor, samples.view);
        counts = { overview: samples.overview.length, view: samples.view.length };
        const before = await bareTimes(bare, counts);
        const times = await follow(server, view, counts.overview);
        const after = await bareTimes(bare, counts);
        // The first round only warms caches up.
        if (round === 0) continue;
        const overview = (before.overview + after.overview) / 2;
        bareSeconds.push(overview);
        ratios.something.push(times.something / overview);
        ratios.overview.push(times.overview / overview);
        ratios.sharp.push(times.sharp / ((before.view + after.view) / 2));
      } finally {
        await server.stop();
      }
    }
    console.log(`overview: demo model, slide of ${DEMO_SLIDE.width} x ${DEMO_SLIDE.height}, times bare inference`);
    console.log(
      `  bare inference of ${MAX_BLOCKS_PER_TILE} patches  ${spread(
        bareSeconds.map((seconds) => seconds * 1000),
        1,
      )} ms`,
    );
    console.log(`  something everywhere  ${spread(ratios.something, 2)}`);
    console.log(`  the overview's ${counts.overview} samples known  ${spread(ratios.overview, 2)}`);
    console.log(`  sharp, of ${counts.view} patches  ${spread(ratios.sharp, 2)}`);
    if (process.env.BENCH_PICTURES) await picture(folder);
  } finally {
    await bare?.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** A server whose processes have all loaded the model. */
async function start(folder: string, store: string): Promise<RunningCommand> {
  const server = await startCommand(
    ...['serve', '--slides', path.join(folder, 'slides'), '--models', path.join(folder, 'models')],
    ...['--store', path.join(folder, store), '--port', '0'],
  );
  const warm = new URL('heatmaps/warm.tif/tissue.h5/analysis', server.address);
  await fetch(warm, { method: 'POST' });
  while ((await (await fetch(warm)).json()).state === 'running') await new Promise((done) => setTimeout(done, 50));
  return server;
}

async function wholeSlide(server: RunningCommand): Promise<{ descriptor: HeatmapDescriptor; view: ViewRequest }> {
  const heatmap = '/heatmaps/slide.tif/tissue.h5.json';
  const descriptor: HeatmapDescriptor = await (await fetch(new URL(heatmap, server.address))).json();
  const region = [0, 0, descriptor.width, descriptor.height] as const;
  return { descriptor, view: { heatmap, region, level: descriptor.maxLevel - LEVELS_BELOW } };
}

function samplesOfView({ grid, strides, ...pyramid }: HeatmapDescriptor, level: number) {
  const range = { rowStart: 0, rowEnd: grid.rows, columnStart: 0, columnEnd: grid.columns };
  return {
    overview: samplesOfRange(range, overviewStride(pyramid, strides)),
    view: samplesOfRange(range, strides[level]),
  };
}

async function bareLoop(
  folder: string,
  { grid }: HeatmapDescriptor,
  positions: { row: number; column: number }[],
): Promise<BareLoop> {
  const slide = await describeSlide(path.join(folder, 'slides/slide.tif'), { store: folder });
  const patchesFile = path.join(folder, 'patches');
  await writeFile(patchesFile, await readPatches(openSlide(slide, createTileReader()), grid, positions));
  const modelFile = path.join(folder, 'models/tissue.h5');
  // Its batch is measured once, as the workers have it.
  await (await openModel(modelFile, { threads: 1 })).close();
  return startBareLoop(PROCESSES, { modelFile, patchesFile, threads: 1 });
}

async function bareTimes(bare: BareLoop, counts: { view: number }) {
  return { overview: await bare.seconds(MAX_BLOCKS_PER_TILE), view: await bare.seconds(counts.view) };
}

/** Seconds from the request to each state. */
async function follow(server: RunningCommand, view: ViewRequest, overview: number) {
  const begin = performance.now();
  const seconds = () => (performance.now() - begin) / 1000;
  const stream = await openView(server.address, [view]);
  const knows = (patches: number) =>
    stream.until(({ name, data }) => name === 'progress' && data.patches.known >= patches).then(seconds);
  const something = knows(1);
  const samples = knows(overview);
  const sharpAt = stream.until((event) => isSharp(event)).then(seconds);
  const times = { something: await something, overview: await samples, sharp: await sharpAt };
  stream.close();
  return times;
}

/** Writes what a window shows at the beginning, at the first news, half way and at the end. */
async function picture(folder: string): Promise<void> {
  const server = await start(folder, 'store-pictures');
  try {
    const { descriptor, view } = await wholeSlide(server);
    const stream = await openView(server.address, [view]);
    const shots: [string, Promise<Buffer>][] = [];
    const shoot = (name: string) => shots.push([name, composite(server, descriptor, view.level)]);
    await stream.until(({ name, data }) => name === 'progress' && data.patches.known > 0);
    shoot('first');
    await stream.until(({ name, data }) => name === 'progress' && data.missing < 300);
    shoot('half');
    await stream.until((event) => isSharp(event));
    shoot('sharp');
    for (const [name, shot] of shots) await writeFile(path.join(pictures, `overview-${name}.png`), await shot);
    stream.close();
  } finally {
    await server.stop();
  }
}

/** The view's painted tiles as they are now, over the slide, at a third of their size. */
async function composite(server: RunningCommand, descriptor: HeatmapDescriptor, level: number): Promise<Buffer> {
  const scale = 2 ** (descriptor.maxLevel - level);
  const [width, height] = [Math.ceil(descriptor.width / scale), Math.ceil(descriptor.height / scale)];
  const get = async (address: string) =>
    Buffer.from(await (await fetch(new URL(address, server.address))).arrayBuffer());
  const layers: { input: Buffer; left: number; top: number }[] = [];
  const heat: { input: Buffer; left: number; top: number }[] = [];
  const side = 256;
  for (let row = 0; row * side < height; row++) {
    for (let column = 0; column * side < width; column++) {
      const place = { left: column * side, top: row * side };
      layers.push({ input: await get(`slides/slide.tif_files/${level}/${column}_${row}.jpeg`), ...place });
      const tile = `heatmaps/slide.tif/tissue.h5_files/${level}/${column}_${row}.png?mode=argmax&top=6&opacity=0.8&wait=0`;
      heat.push({ input: await get(tile), left: Math.max(0, place.left - 1), top: Math.max(0, place.top - 1) });
    }
  }
  const canvas = sharp({ create: { width, height, channels: 3, background: '#ffffff' } });
  const whole = await canvas
    .composite([...layers, ...heat])
    .png()
    .toBuffer();
  return sharp(whole)
    .resize(Math.round(width / 3))
    .png({ palette: true })
    .toBuffer();
}

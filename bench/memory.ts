import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { hasTile, tileCount } from '../shared/geometry/deep-zoom.ts';
import type { HeatmapDescriptor } from '../shared/heatmap-descriptor.ts';
import { type RunningCommand, startCommand } from '../test/command-line.ts';
import { residentBytes } from '../test/processes.ts';
import { writeSparseSlide } from './sparse-slide.ts';

const models = path.resolve(import.meta.dirname, '../server/dist/demo/models');

/** Pixels along the sides of the slides. */
const SIDES = [9984, 49_984, 199_936];
/** Patches after which memory counts as that of the start: everything is loaded then. */
const FIRST_PATCHES = 1000;
/** Seconds of each analysis at most; the largest slide would take most of an hour. */
const SECONDS = Number(process.env.BENCH_SECONDS ?? 120);
const TILES = 10_000;
const MEGABYTE = 1024 ** 2;

/**
 * Resident memory of the server and its workers while slides of 10,000 to 200,000 pixels a side are analysed, and after
 * 10,000 distinct tiles, against what it was once the model was loaded and the first 1,000 patches were done.
 */
export async function run(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'cam-bench-'));
  try {
    await mkdir(path.join(folder, 'slides'));
    for (const side of SIDES) {
      const slide = path.join(folder, `slides/${side}.tif`);
      await writeSparseSlide(slide, side);
      await writeFile(`${slide}.json`, '{ "mpp": 0.5 }');
    }
    await cp(models, path.join(folder, 'models'), { recursive: true });
    console.log(`memory: MB of server and workers, of each analysis ${SECONDS} s at most`);
    for (const side of SIDES) await measure(folder, side);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(folder: string, side: number): Promise<void> {
  const server = await startCommand(
    ...['serve', '--slides', path.join(folder, 'slides'), '--models', path.join(folder, 'models')],
    ...['--store', path.join(folder, `store-${side}`), '--port', '0'],
  );
  try {
    const heatmap = `heatmaps/${side}.tif/tissue.h5`;
    const analysis = new URL(`${heatmap}/analysis`, server.address);
    const state = async () => (await fetch(analysis)).json();
    await fetch(analysis, { method: 'POST' });
    while ((await state()).patches.known < FIRST_PATCHES) await setTimeout(50);
    const start = await residentMemory(server);
    let most = start;
    let last = await state();
    for (let second = 0; second < SECONDS && last.state === 'running'; second++) {
      await setTimeout(1000);
      most = Math.max(most, await residentMemory(server));
      last = await state();
    }
    await fetch(analysis, { method: 'DELETE' });
    const { known, total } = last.patches;
    const analysed = await residentMemory(server);
    const tiles = await askForTiles(server, heatmap);
    console.log(
      `  ${side} pixels: ${format(start)} at the start, ${format(most - start)} more at most over ${known} of ${total} patches, ` +
        `${format((await residentMemory(server)) - start)} more after ${tiles} tiles (${format(analysed - start)} before them)`,
    );
  } finally {
    await server.stop();
  }
}

/** Asks for distinct tiles, painted and not, of known values. @returns how many */
async function askForTiles(server: RunningCommand, heatmap: string): Promise<number> {
  const descriptor: HeatmapDescriptor = await (await fetch(new URL(`${heatmap}.json`, server.address))).json();
  let asked = 0;
  for (let level = descriptor.maxLevel; level >= 0 && asked < TILES; level--) {
    const { columns, rows } = tileCount(descriptor, level);
    for (let i = 0; i < columns * rows && asked < TILES; i++) {
      const address = { level, column: i % columns, row: Math.floor(i / columns) };
      if (!hasTile(descriptor, address)) continue;
      const ending = asked % 4 === 0 ? 'png?class=Stroma&wait=0' : 'npy?wait=0';
      const tile = `${heatmap}_files/${level}/${address.column}_${address.row}.${ending}`;
      await (await fetch(new URL(tile, server.address))).arrayBuffer();
      asked++;
    }
  }
  return asked;
}

/** Bytes of the server and its children. */
function residentMemory(server: RunningCommand): Promise<number> {
  return residentBytes(server.process.pid ?? 0);
}

function format(bytes: number): string {
  return (bytes / MEGABYTE).toFixed(0);
}

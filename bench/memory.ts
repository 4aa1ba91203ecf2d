import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { AnalysisState, HeatmapDescriptor } from '../shared/heatmap-descriptor.ts';
import { type RunningCommand, startCommand } from '../test/command-line.ts';
import { residentBytes } from '../test/processes.ts';
import { writeKerasH5 } from '../test/server/models/keras-file.ts';
import { writeSparseSlide } from './sparse-slide.ts';
import { tinyModel } from './tiny-model.ts';

const SEED = 41;
/** Patches classified before memory is looked at for the first time: model, slide and caches of code are there then. */
const FIRST_PATCHES = 1000;
const TILES = 10_000;
const CLIENTS = 4;
const MIB = 1024 ** 2;

/** Sides of slides, and for how many seconds each is analysed at the most. */
const SLIDES = [
  [10_000, 60],
  [50_000, 150],
  [200_000, 300],
] as const;

/**
 * How much resident memory a server and its workers take beyond that after the first 1,000 patches, while they analyse
 * slides of any size, and while 10,000 distinct tiles are asked for.
 */
export async function run(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'cam-bench-'));
  try {
    await mkdir(path.join(folder, 'models'));
    await writeKerasH5(path.join(folder, 'models/model.h5'), tinyModel(SEED), [128, 128, 3]);
    for (const [side] of SLIDES) await writeSparseSlide(path.join(folder, `slides/${side}.tif`), side, SEED);
    console.log('memory: resident memory of server and workers, MiB');
    for (const [side, seconds] of SLIDES) {
      await measure(folder, `analysis of ${side} pixels a side`, `${side}.tif`, (server, heatmap) =>
        analyse(server, heatmap, seconds),
      );
    }
    await measure(folder, `${TILES} distinct tiles`, '50000.tif', askTiles);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Measures a server and a store of their own while something is done. @returns what it says of itself */
async function measure(
  folder: string,
  title: string,
  slide: string,
  work: (server: RunningCommand, heatmap: string) => Promise<string>,
): Promise<void> {
  const store = path.join(folder, 'store');
  const server = await startCommand(
    ...['serve', '--slides', path.join(folder, 'slides'), '--models', path.join(folder, 'models')],
    ...['--store', store, '--port', '0'],
  );
  const resident = () => residentBytes(server.process.pid ?? 0);
  let start = 0;
  const samples: number[] = [];
  const timer = setInterval(async () => {
    const { classified } = await ask<{ classified: number }>(server, 'healthz');
    if (classified < FIRST_PATCHES) return;
    const bytes = await resident();
    if (start === 0) start = bytes;
    samples.push(bytes);
  }, 1000);
  try {
    const said = await work(server, `heatmaps/${slide}/model.h5`);
    clearInterval(timer);
    const parts = [start, Math.max(...samples), samples.at(-1) ?? 0].map((bytes) => (bytes / MIB).toFixed(0));
    const grown = ((Math.max(...samples) - start) / MIB).toFixed(0);
    console.log(`  ${title}: start ${parts[0]}, most ${parts[1]} (+${grown}), end ${parts[2]}; ${said}`);
  } finally {
    clearInterval(timer);
    await server.stop();
    await rm(store, { recursive: true });
  }
}

async function analyse(server: RunningCommand, heatmap: string, seconds: number): Promise<string> {
  const start = performance.now();
  await ask(server, `${heatmap}/analysis`, { method: 'POST' });
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const { patches, state } = await ask<AnalysisState>(server, `${heatmap}/analysis`);
    const passed = (performance.now() - start) / 1000;
    if (state === 'running' && passed < seconds) continue;
    return `${patches.known} of ${patches.total} patches in ${passed.toFixed(0)} s`;
  }
}

/** Tiles of the finest level and those above it, row by row. */
async function askTiles(server: RunningCommand, heatmap: string): Promise<string> {
  const { maxLevel, width, tileSize } = await ask<HeatmapDescriptor>(server, `${heatmap}.json`);
  const tiles = function* () {
    for (let level = maxLevel; level > 0; level--) {
      const columns = Math.ceil(width / 2 ** (maxLevel - level) / tileSize);
      // A quarter of each level: the finest alone would be all of them.
      for (let tile = 0; tile < (columns * columns) / 8; tile++) {
        yield `${level}/${tile % columns}_${Math.floor(tile / columns)}`;
      }
    }
  };
  const next = tiles();
  const start = performance.now();
  let asked = 0;
  const client = async () => {
    for (const tile of next) {
      if (asked++ >= TILES) return;
      const kind = ['npy', 'png?top=2', 'npy?score=patch'][asked % 3];
      const response = await fetch(new URL(`${heatmap}_files/${tile}.${kind}`, server.address));
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`tile ${tile} answered ${response.status}`);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  const { classified } = await ask<{ classified: number }>(server, 'healthz');
  return `${classified} patches in ${((performance.now() - start) / 1000).toFixed(0)} s`;
}

async function ask<T>(server: RunningCommand, address: string, request?: RequestInit): Promise<T> {
  const response = await fetch(new URL(address, server.address), request);
  if (!response.ok) throw new Error(`${address} answered ${response.status}`);
  return response.json();
}

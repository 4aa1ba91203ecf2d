import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DEMO_SLIDE, generateDemoSlide } from '../demo/slide/generate.ts';
import { startCommand } from '../test/command-line.ts';
import { quantile } from './statistics.ts';

const models = path.resolve(import.meta.dirname, '../server/dist/demo/models');

const REQUESTS = 400;
const PAUSE_MS = 5;

/** How long `/healthz` and a cached tile take while nothing is computed, and while a whole slide is analysed. */
export async function run(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'cam-bench-'));
  try {
    await mkdir(path.join(folder, 'slides'));
    await generateDemoSlide(path.join(folder, 'slides/slide.tif'), { ...DEMO_SLIDE, seed: 12 });
    await cp(models, path.join(folder, 'models'), { recursive: true });
    console.log('latency: p50 / p99 in ms, one client');
    await compare('/healthz', folder, () => 'healthz');
    await compare('cached score tile', folder, (tiles) => `${tiles}20_16.npy`);
    await compare('cached painted tile', folder, (tiles) => `${tiles}20_16.png?top=3`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Measures one address on a server of its own, on which the analysis has everything before it. */
async function compare(title: string, folder: string, addressOf: (tiles: string) => string): Promise<void> {
  const server = await startCommand(
    ...['serve', '--slides', path.join(folder, 'slides'), '--models', path.join(folder, 'models')],
    ...['--store', path.join(folder, 'store'), '--port', '0'],
  );
  try {
    const { models: listed } = await (await fetch(new URL('models', server.address))).json();
    const heatmap = `heatmaps/slide.tif/${listed[0].id}`;
    const { maxLevel } = await (await fetch(new URL(`${heatmap}.json`, server.address))).json();
    const url = new URL(addressOf(`${heatmap}_files/${maxLevel}/`), server.address);
    const analysis = new URL(`${heatmap}/analysis`, server.address);
    await time(url);
    const idle = await measure(url);
    await fetch(analysis, { method: 'POST' });
    const busy = await measure(url);
    const { state } = await (await fetch(analysis)).json();
    const note = state === 'running' ? '' : ' (which ended before the measurement)';
    console.log(`  ${title.padEnd(20)} idle ${idle}, during an analysis ${busy}${note}`);
  } finally {
    await server.stop();
  }
}

async function measure(url: URL): Promise<string> {
  const times: number[] = [];
  for (let request = 0; request < REQUESTS; request++) {
    times.push(await time(url));
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return `${quantile(times, 0.5).toFixed(1)} / ${quantile(times, 0.99).toFixed(1)}`;
}

async function time(url: URL): Promise<number> {
  const start = performance.now();
  const response = await fetch(url);
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return performance.now() - start;
}

import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { DEMO_SLIDE, generateDemoSlide } from '../demo/slide/generate.ts';
import { seededRandom } from '../shared/seeded-random.ts';
import type { ViewRequest } from '../shared/view-events.ts';
import { type RunningCommand, startCommand } from '../test/command-line.ts';
import { isSharp, openView } from '../test/server/routes/event-reader.ts';
import { quantile } from './statistics.ts';

const models = path.resolve(import.meta.dirname, '../server/dist/demo/models');

const VIEWERS = 10;
/** Views at which a viewer rests until they are sharp, and those that it pans over before each. */
const RESTS = 6;
const PANS = 2;
/** Milliseconds for which a view is on screen that is only panned over. */
const PAN_PAUSE = 150;
/** Pixels of a viewer's window. */
const WINDOW = { width: 1500, height: 1000 };

/**
 * Viewers panning over one slide, each leaving most of its views before they are sharp: how long a view takes that is
 * waited for, alone and among ten; how often a patch is classified; and how soon nothing is left when all have gone.
 */
export async function run(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'cam-bench-'));
  try {
    await mkdir(path.join(folder, 'slides'));
    await generateDemoSlide(path.join(folder, 'slides/slide.tif'), { ...DEMO_SLIDE, seed: 14 });
    await cp(models, path.join(folder, 'models'), { recursive: true });
    console.log(`viewers: ${RESTS} views each, and ${PANS} left after ${PAN_PAUSE} ms before each of them`);
    await measure(folder, 'one', 1);
    await measure(folder, 'ten', VIEWERS);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(folder: string, title: string, viewers: number): Promise<void> {
  const server = await startCommand(
    ...['serve', '--slides', path.join(folder, 'slides'), '--models', path.join(folder, 'models')],
    ...['--store', path.join(folder, `store-${title}`), '--port', '0'],
  );
  try {
    const { models: listed } = await (await fetch(new URL('models', server.address))).json();
    const heatmap = `/heatmaps/slide.tif/${listed[0].id}.json`;
    const descriptor = await (await fetch(new URL(heatmap, server.address))).json();
    // The model is loaded by every process before time is taken.
    await fetch(new URL(`${heatmap.slice(1, -5)}_files/0/0_0.npy`, server.address));
    const before = (await health(server)).classified;
    const known = (await analysis(server, heatmap)).patches.known;
    const times = await Promise.all(
      Array.from({ length: viewers }, (_, seed) => pan(server, heatmap, descriptor, seededRandom(100 + seed))),
    );
    const left = performance.now();
    let last = await health(server);
    while (last.waiting.wishes > 0 || last.waiting.tasks > 0) {
      await setTimeout(5);
      last = await health(server);
    }
    const idle = performance.now() - left;
    const { patches } = await analysis(server, heatmap);
    const all = times.flat();
    console.log(
      `  ${title}: a sharp view after ${quantile(all, 0.5).toFixed(0)} ms (median), ${quantile(all, 0.95).toFixed(0)} ms (p95); ` +
        `${last.classified - before} patches classified, ${patches.known - known} became known; idle ${idle.toFixed(0)} ms after the last left`,
    );
  } finally {
    await server.stop();
  }
}

/** Milliseconds until each view at which a viewer rests was sharp. The last view is left half way. */
async function pan(
  server: RunningCommand,
  heatmap: string,
  { width, height, maxLevel }: { width: number; height: number; maxLevel: number },
  random: () => number,
): Promise<number[]> {
  const randomView = (): ViewRequest => {
    const level = maxLevel - Math.floor(random() * 4);
    const scale = 2 ** (maxLevel - level);
    const size = { width: Math.min(width, WINDOW.width * scale), height: Math.min(height, WINDOW.height * scale) };
    const x = Math.floor(random() * (width - size.width));
    const y = Math.floor(random() * (height - size.height));
    return { heatmap, region: [x, y, size.width, size.height], level };
  };
  const times: number[] = [];
  for (let rest = 0; rest < RESTS; rest++) {
    for (let i = 0; i < PANS; i++) {
      const passing = await openView(server.address, [randomView()]);
      await setTimeout(PAN_PAUSE);
      passing.close();
    }
    const start = performance.now();
    const view = await openView(server.address, [randomView()]);
    await view.until((event) => isSharp(event));
    times.push(performance.now() - start);
    view.close();
  }
  const left = await openView(server.address, [randomView()]);
  await setTimeout(PAN_PAUSE);
  left.close();
  return times;
}

async function health(server: RunningCommand) {
  return (await fetch(new URL('healthz', server.address))).json();
}

async function analysis(server: RunningCommand, heatmap: string) {
  return (await fetch(new URL(`${heatmap.slice(1, -5)}/analysis`, server.address))).json();
}

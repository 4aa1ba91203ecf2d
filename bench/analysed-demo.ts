import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { DEMO_SLIDE, generateDemoSlide } from '../demo/slide/generate.ts';
import { type RunningCommand, startCommand } from '../test/command-line.ts';

const models = path.resolve(import.meta.dirname, '../server/dist/demo/models');

/** Address of the heatmap's descriptor, tiles and analysis, without their endings. */
export const HEATMAP = 'heatmaps/slide.tif/tissue.h5';

/**
 * Starts a server in which every patch of the demo slide is classified with the demo model; it ends, and is gone, after
 * its use.
 */
export async function withAnalysedDemo(use: (server: RunningCommand) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'cam-bench-'));
  try {
    await mkdir(path.join(folder, 'slides'));
    await generateDemoSlide(path.join(folder, 'slides/slide.tif'), { ...DEMO_SLIDE, seed: 18 });
    await cp(models, path.join(folder, 'models'), { recursive: true });
    const server = await startCommand(
      ...['serve', '--slides', path.join(folder, 'slides'), '--models', path.join(folder, 'models')],
      ...['--store', path.join(folder, 'store'), '--port', '0'],
    );
    try {
      const analysis = new URL(`${HEATMAP}/analysis`, server.address);
      await fetch(analysis, { method: 'POST' });
      while ((await (await fetch(analysis)).json()).state === 'running') await setTimeout(100);
      await use(server);
    } finally {
      await server.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

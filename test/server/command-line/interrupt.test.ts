import { spawn } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { generateDemoSlide } from '../../../demo/slide/generate.ts';
import { temporaryFolder } from '../../command-line.ts';
import { demoModelFiles } from '../../small-catalogue.ts';

const cli = fileURLToPath(new URL('../../../server/dist/cli.js', import.meta.url));

test('an interrupted render leaves nothing behind', async () => {
  const folder = await temporaryFolder();
  const store = await temporaryFolder();
  const slide = join(folder, 'slide.tif');
  await generateDemoSlide(slide, { seed: 4, width: 3000, height: 3000 });
  const output = join(folder, 'out.png');
  const child = spawn(
    process.execPath,
    [cli, 'render', slide, demoModelFiles.model, '--top', '2', '--store', store, '-o', output],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let stderr = '';
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  // The strips appear when the patches are classified.
  await expect
    .poll(async () => (await readdir(folder)).some((name) => name.endsWith('.strips')), {
      interval: 5,
      timeout: 60_000,
    })
    .toBe(true);
  child.kill('SIGINT');
  expect(await ended).toBe(130);
  expect(stderr.trim()).toBe('openseadragon-cam: interrupted');
  expect(await readdir(folder)).toEqual(['slide.tif']);
  for (const made of [folder, store]) await rm(made, { recursive: true });
});

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { generateDemoSlide } from '../../demo/slide/generate.ts';
import { TISSUES, tissueMap } from '../../demo/slide/tissue-map.ts';
import { runCommand, temporaryFolder } from '../command-line.ts';
import { demoModelFiles } from '../small-catalogue.ts';

const output = z.object({
  exact: z.boolean(),
  breakdown: z.array(z.object({ class: z.string(), probability: z.number() })),
});

test('on a slide it has never seen, the demo model finds every tissue in its true share', async () => {
  const folder = await temporaryFolder();
  const slide = { seed: 31, width: 3072, height: 2048 };
  const file = join(folder, 'slide.tif');
  await generateDemoSlide(file, slide);
  const { status, stdout } = await runCommand('analyze', file, demoModelFiles.model, '--json', '--store', folder);
  expect(status).toBe(0);
  const { exact, breakdown } = output.parse(JSON.parse(stdout));
  expect(exact).toBe(true);

  const map = tissueMap(slide);
  const truth = new Array<number>(TISSUES.length).fill(0);
  for (let y = 8; y < slide.height; y += 16) for (let x = 8; x < slide.width; x += 16) truth[map.truthAt(x, y)]++;
  const total = truth.reduce((sum, count) => sum + count, 0);
  const differences = TISSUES.map((name, i) => {
    const found = breakdown.find((share) => share.class === name)?.probability ?? Number.NaN;
    return Math.abs(found - truth[i] / total);
  });
  expect(Math.max(...differences)).toBeLessThan(0.03);
  await rm(folder, { recursive: true });
});

import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ClassShare } from '../../../shared/heatmap-descriptor.ts';
import { runCommand } from '../../command-line.ts';
import { paintSlide } from '../../painted-slides.ts';
import { demoModelFiles, TISSUE_SLIDE } from '../../small-catalogue.ts';
import { onlyHeatmap } from '../../stored-results.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { hasZarr, python } from './python-zarr.ts';

const folder = temporaryFolder();

/** Compares what the example has found in two ways. */
const further = `
import json
print(json.dumps({
    "patches": [int(known.sum()), known.size],
    "probabilities": probabilities[known].mean(axis=0, dtype=float).tolist(),
    "pyramid": (np.array(sums) / count)[-probabilities.shape[-1]:].tolist(),
    "raster": list(raster.shape),
}))
`;

test.skipIf(!hasZarr)('the example of docs/store.md reads an analysis, and finds its breakdown', async () => {
  const slide = join(folder, 'slide.tif');
  await paintSlide(slide, TISSUE_SLIDE);
  const store = join(folder, 'store');
  const { stdout } = await runCommand('analyze', slide, demoModelFiles.model, '--store', store, '--json');
  const { breakdown, patches } = JSON.parse(stdout);
  const docs = await readFile(new URL('../../../docs/store.md', import.meta.url), 'utf8');
  const example = /```python\n(.*?)```/s.exec(docs)?.[1] ?? '';
  const group = join(await onlyHeatmap(store), 'data.zarr');
  const script = join(folder, 'example.py');
  await writeFile(script, example.replace('STORE/heatmaps/FINGERPRINT/data.zarr', group) + further);
  const ran = spawnSync(python, ['-W', 'error', script], { encoding: 'utf8' });
  expect({ status: ran.status, stderr: ran.stderr }).toEqual({ status: 0, stderr: '' });
  const found = JSON.parse(ran.stdout.trim().split('\n').at(-1) ?? '');
  expect(found.patches).toEqual([patches.known, patches.total]);
  expect(found.raster).toEqual([10 * 8, 15 * 8]);
  for (const [index, { probability }] of (breakdown as ClassShare[]).entries()) {
    expect(found.probabilities[index]).toBeCloseTo(probability ?? Number.NaN, 12);
    expect(found.pyramid[index]).toBe(probability);
  }
});

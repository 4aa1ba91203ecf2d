import { spawnSync } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommand } from '../../command-line.ts';
import { type SmallCatalogue, smallCatalogue } from '../../small-catalogue.ts';

const python = process.env.PYTHON ?? 'python3';
const hasZarr = spawnSync(python, ['-c', 'import zarr; assert zarr.__version__ >= "3"']).status === 0;
if (!hasZarr) console.log(`skipped: what Python reads of an analysis (${python} has no zarr 3)`);

const script = `
import json, sys, warnings
import numpy as np, zarr
warnings.simplefilter('error')
heatmap = zarr.open(sys.argv[1], mode='r')
known = heatmap['known'][:] > 0
top = max(heatmap['pyramid'].array_keys(), key=int)
count, *sums = heatmap['pyramid'][top][0, 0]
classes = heatmap.attrs['model']['classes']
print(json.dumps({
    'known': int(known.sum()),
    'means': heatmap['probabilities'][:][known].mean(axis=0, dtype=np.float64).tolist(),
    'patch': (np.array(sums[-len(classes):]) / count).tolist(),
}))
`;

let catalogue: SmallCatalogue;
beforeAll(async () => {
  catalogue = await smallCatalogue();
});
afterAll(() => rm(catalogue.root, { recursive: true, force: true }));

test.skipIf(!hasZarr)(
  'Python opens the store of an analysis, and its mean probabilities are the breakdown',
  async () => {
    const { slides, models, store } = catalogue;
    const { stdout } = await runCommand(
      ...['analyze', join(slides, 'tissue.tif'), join(models, 'tissue.h5'), '--store', store, '--json'],
    );
    const { breakdown, patches } = JSON.parse(stdout);
    const [identity] = await readdir(join(store, 'heatmaps'));
    const read = spawnSync(python, ['-c', script, join(store, 'heatmaps', identity, 'data.zarr')], {
      encoding: 'utf8',
    });
    expect(read.stderr).toBe('');
    const { known, means, patch } = JSON.parse(read.stdout);
    expect(known).toBe(patches.total);
    for (const [i, { probability }] of breakdown.entries()) {
      expect(means[i]).toBeCloseTo(probability, 12);
      expect(patch[i]).toBeCloseTo(probability, 12);
    }
  },
);

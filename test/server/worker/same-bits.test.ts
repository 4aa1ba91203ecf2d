import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openModel } from '../../../server/src/models/open-model.ts';
import { superviseWorker } from '../../../server/src/worker/supervisor.ts';
import { seededRandom } from '../../../shared/seeded-random.ts';
import { demoModelFiles } from '../../small-catalogue.ts';

const entry = fileURLToPath(new URL('../../../server/dist/worker.js', import.meta.url));

test('a patch gives the same bits on one thread and on two, alone and among others', async () => {
  const random = seededRandom(7);
  const patchBytes = 128 * 128 * 3;
  const patches = Uint8Array.from({ length: 20 * patchBytes }, () => 256 * random());
  const [one, two] = await Promise.all([1, 2].map((threads) => openModel(demoModelFiles.model, { threads })));
  const together = await one.classify(patches, 20);
  const classes = one.description.classes.length;
  const cells = together.cells.length / 20;
  for (const index of [0, 7, 19]) {
    const alone = await two.classify(patches.subarray(index * patchBytes, (index + 1) * patchBytes), 1);
    expect(alone.cells).toEqual(together.cells.slice(index * cells, (index + 1) * cells));
    expect(alone.probabilities).toEqual(together.probabilities.slice(index * classes, (index + 1) * classes));
  }
  await Promise.all([one.close(), two.close()]);
});

test('every process opens a model that is prepared', async () => {
  const worker = superviseWorker(entry, undefined, { threads: 1 });
  const description = await worker.perform({ type: 'describe-model', file: demoModelFiles.model });
  await worker.prepare(description);
  await expect(worker.prepare({ file: '/none.h5', fingerprint: 'none' })).rejects.toMatchObject({ code: 'not-found' });
  await worker.close();
});

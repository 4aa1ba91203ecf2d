import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { manifestFile } from '../../../server/src/models/manifest.ts';
import { openModel } from '../../../server/src/models/open-model.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { tinyClassifier, writeKerasH5 } from './keras-file.ts';

const folder = temporaryFolder();
const three = join(folder, 'three.h5');
let count = 0;

beforeAll(() => writeKerasH5(three, tinyClassifier(3, null), [12, 12, 3]));

async function fingerprintOf(file: string): Promise<string> {
  const model = await openModel(file);
  await model.close();
  return model.description.fingerprint;
}

/** Of one file, however often: HDF5 notes when it was written, to the second. */
async function withManifest(manifest: unknown): Promise<string> {
  const file = join(folder, `model ${count++}.h5`);
  await copyFile(three, file);
  await writeFile(manifestFile(file), JSON.stringify(manifest));
  return fingerprintOf(file);
}

test('the fingerprint is of what changes numbers, not of names and colours', async () => {
  const plain = await withManifest({});
  expect(plain).toMatch(/^[0-9a-f]{16}$/);
  expect(await withManifest({ classes: ['a', { name: 'b', color: '#000000' }, 'c'] })).toBe(plain);
  expect(await withManifest({ camLayer: 'conv', preprocessing: {} })).toBe(plain);
  const others = [
    { activation: 'none' },
    { preprocessing: { scale: 1 } },
    { resolution: { mpp: 0.5 } },
    { resolution: 'any' },
  ];
  const found = await Promise.all(others.map(withManifest));
  expect(new Set([plain, ...found]).size).toBe(others.length + 1);
});

test('the fingerprint is of the weights', async () => {
  const four = join(folder, 'four.h5');
  await writeKerasH5(four, tinyClassifier(4, null), [12, 12, 3]);
  expect(await fingerprintOf(four)).not.toBe(await fingerprintOf(three));
});

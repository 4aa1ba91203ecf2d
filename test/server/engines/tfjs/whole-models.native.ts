import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { openModel } from '../../../../server/src/models/open-model.ts';
import { referenceData } from '../../../reference-data.ts';
import { differences, type Fixture, fixtures, GOALS } from '../../models/fixtures.ts';

/** Real models beside the fixtures; they have the same form. */
function referenceModels(): Fixture[] {
  const root = referenceData && path.join(referenceData, 'models');
  if (!root) return [];
  return readdirSync(root).flatMap((folder) => {
    const home = path.join(root, folder);
    const expected = JSON.parse(readFileSync(path.join(home, 'expected.json'), 'utf8'));
    if (expected.verdict !== 'ok') return [];
    const files = readdirSync(home).filter((file) => /\.(h5|keras|onnx)$|^model\.json$/.test(file));
    return files.map((file) => ({ folder, file, path: path.join(home, file), expected }));
  });
}

/** What a case may differ by, as a multiple of the goals. */
const WIDER: Record<string, number> = {
  // Computed by the framework in float16, of 11 bits.
  mixed_float16: 2e3,
};

it.each([...referenceModels(), ...fixtures()])('$folder/$file opens and equals its framework', async (model) => {
  const opened = await openModel(model.path, { engine: 'tfjs-float32', threads: 2 });
  const patch = await sharp(path.join(model.path, '../patch.png')).removeAlpha().raw().toBuffer();
  const found = differences(await opened.classify(patch, 1), model.expected);
  await opened.close();
  expect(opened.description.engine).toBe('tfjs-float32');
  const share = WIDER[model.folder] ?? 1;
  expect(found.probabilities).toBeLessThan(share * GOALS.probabilities);
  expect(found.cells).toBeLessThan(share * GOALS.cells);
});

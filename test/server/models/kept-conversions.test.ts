import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { manifestFile } from '../../../server/src/models/manifest.ts';
import { openModel } from '../../../server/src/models/open-model.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { tinyClassifier, writeKerasH5 } from './keras-file.ts';

const folder = temporaryFolder();
const conversions = join(folder, 'kept');
const file = join(folder, 'model.h5');
const PATCH = Uint8Array.from({ length: 12 * 12 * 3 }, (_, i) => (i * 89) % 256);

/** Opens, classifies, and says what is kept of the conversion then. */
async function open(path = file) {
  const model = await openModel(path, { conversions });
  const { cells, logits } = await model.classify(PATCH, 1);
  await model.close();
  const { check, ...description } = model.description;
  return { description, cells, logits, kept: keptOfConversion() };
}

function keptOfConversion(): string[] {
  return readdirSync(conversions)
    .filter((name) => !name.endsWith('.batch'))
    .sort();
}

beforeEach(async () => {
  rmSync(conversions, { recursive: true, force: true });
  rmSync(manifestFile(file), { force: true });
  await writeKerasH5(file, tinyClassifier(3), [12, 12, 3]);
});

describe('a converted model', () => {
  it('is kept, and gives the same model in the same bits', async () => {
    const first = await open();
    expect(first.kept.map((name) => name.split('.').slice(1).join('.'))).toEqual(['json', 'onnx', 'onnx.weights']);
    const written = statSync(join(conversions, first.kept[1])).mtimeMs;
    const second = await open();
    expect(second).toEqual(first);
    expect(statSync(join(conversions, first.kept[1])).mtimeMs).toBe(written);
  });

  it('is known by its contents, whatever its name', async () => {
    await open();
    const copy = join(folder, 'another name.h5');
    copyFileSync(file, copy);
    expect((await open(copy)).kept).toHaveLength(3);
  });

  it.each([
    ['another file', () => writeKerasH5(file, tinyClassifier(4), [12, 12, 3])],
    ['a manifest that changes numbers', () => writeFileSync(manifestFile(file), '{"preprocessing": {"scale": 1}}')],
  ])('is made anew for %s', async (_, change) => {
    const first = await open();
    await change();
    const second = await open();
    expect(second.kept).toHaveLength(6);
    expect(second.logits).not.toEqual(first.logits);
  });

  it('serves a manifest with other names', async () => {
    await open();
    writeFileSync(manifestFile(file), '{"classes": ["a", "b", "c"], "preprocessing": {}}');
    await open();
    writeFileSync(manifestFile(file), '{"classes": ["d", "e", "f"], "preprocessing": {}}');
    const { description, kept } = await open();
    expect(description.classes.map(({ name }) => name)).toEqual(['d', 'e', 'f']);
    expect(kept).toHaveLength(6);
  });

  it.each([
    ['cut short', (path: string) => truncateSync(path, 50)],
    ['gone', (path: string) => rmSync(path)],
  ])('of which a file is %s is made anew', async (_, damage) => {
    const first = await open();
    for (const name of first.kept) {
      const path = join(conversions, name);
      const whole = readFileSync(path);
      damage(path);
      expect(await open()).toEqual(first);
      expect(readFileSync(path).equals(whole)).toBe(true);
    }
  });

  it('is not kept where that cannot be, which does not matter', async () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(conversions, 'a file where a folder should be');
    const model = await openModel(file, { conversions });
    await model.close();
    expect(model.description.classes).toHaveLength(3);
  });
});

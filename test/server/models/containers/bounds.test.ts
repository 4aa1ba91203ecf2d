import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { File, ready } from 'h5wasm/node';
import { beforeAll, describe, expect, it, test } from 'vitest';
import { readHdf5 } from '../../../../server/src/models/keras/hdf5.ts';
import { openModel } from '../../../../server/src/models/open-model.ts';
import { temporaryFolder } from '../../../temporary-folder.ts';
import { archiveEntries, modelConfig, problemOf, tfjsModel, writeSampleModels } from './sample-models.ts';
import { type ZipEntry, zipFile } from './zip-file.ts';

/** A damaged file may take what a whole one takes, on a machine that is busy. Milliseconds. */
const TEST_TIMEOUT = 180_000;

/** What reading may take of memory beside the process itself. Bytes. */
const MEMORY = 400e6;

/** Places where a file is cut. */
const CUTS = 50;
/** Files with random bytes in them; those that open take a fifth of a second each. */
const CHANGED = 20;
const CONTAINERS = ['model.h5', 'model.keras', 'model.json', 'weights.bin'];

const folder = temporaryFolder();
const changed = join(folder, 'changed');
const at = (name: string) => join(changed, name);
let entries: ZipEntry[];

beforeAll(async () => {
  await writeSampleModels(folder);
  entries = await archiveEntries(folder);
  mkdirSync(changed);
  for (const name of CONTAINERS) copyFileSync(join(folder, name), at(name));
});

/** Opens the model that a file belongs to; a problem of one line is as good. */
async function openChanged(name: string, contents: Uint8Array): Promise<string> {
  const model = name === 'weights.bin' ? 'model.json' : name;
  writeFileSync(at(name), contents);
  try {
    const opened = await openModel(at(model), { threads: 1 });
    await opened.close();
    return 'opened';
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'Problem') throw error;
    expect(error.message).toContain(at(model));
    expect(error.message).not.toContain('\n');
    return error.message;
  } finally {
    copyFileSync(join(folder, name), at(name));
  }
}

/** Seeded numbers from 0 to 1. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

describe.each(CONTAINERS)('%s', (name) => {
  it(`cut at ${CUTS} places is refused`, { timeout: TEST_TIMEOUT }, async () => {
    const whole = readFileSync(join(folder, name));
    for (let cut = 1; cut <= CUTS; cut++) {
      const said = await openChanged(name, whole.subarray(0, Math.floor((whole.length * cut) / (CUTS + 1))));
      expect(said).not.toBe('opened');
    }
  });

  it(`with random bytes opens or is refused, each of ${CHANGED} times`, { timeout: TEST_TIMEOUT }, async () => {
    const whole = readFileSync(join(folder, name));
    const next = random(name.length);
    const before = process.memoryUsage().rss;
    for (let i = 0; i < CHANGED; i++) {
      const bytes = Buffer.from(whole);
      for (let flips = 0; flips < 4; flips++) bytes[Math.floor(next() * bytes.length)] = Math.floor(next() * 256);
      await openChanged(name, bytes);
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(MEMORY);
  });

  it('of random bytes is refused', { timeout: TEST_TIMEOUT }, async () => {
    const next = random(5);
    for (let i = 0; i < 10; i++) {
      const bytes = Uint8Array.from({ length: 3000 }, () => Math.floor(next() * 256));
      // As far as the signature it is right.
      if (i % 2 === 0) bytes.set(readFileSync(join(folder, name)).subarray(0, 16));
      expect(await openChanged(name, bytes)).not.toBe('opened');
    }
  });
});

describe('zip bombs', () => {
  const withEntry = (name: string, change: Partial<ZipEntry>) =>
    zipFile(entries.map((entry) => (entry.name === name ? { ...entry, ...change } : entry)));

  test.each<[string, () => Uint8Array, RegExp]>([
    [
      'weights of zeros',
      () => withEntry('model.weights.h5', { contents: new Uint8Array(200e6), deflated: true }),
      /entry 'model.weights.h5' that expands too much: \d+ bytes at most are expected, found 200000000 bytes made of \d+$/,
    ],
    [
      'a configuration of brackets',
      () => withEntry('config.json', { contents: new Uint8Array(200e6).fill(0x5b), deflated: true }),
      /entry 'config.json' that expands too much: \d+ bytes at most are expected, found 200000000 bytes made of \d+$/,
    ],
    [
      'more than it says',
      () => withEntry('model.weights.h5', { contents: new Uint8Array(200e6), deflated: true, claimedSize: 5000 }),
      /is a damaged or truncated zip: 'model.weights.h5': too many bytes in the stream/,
    ],
    [
      'more entries than a model has',
      () => zipFile(Array.from({ length: 20_000 }, (_, i) => ({ name: `${i}`, contents: new Uint8Array(0) }))),
      /is a zip of 20000 entries; at most 10000 are read$/,
    ],
  ])('%s', { timeout: TEST_TIMEOUT }, async (_, archive, says) => {
    const bytes = archive();
    const before = process.memoryUsage().rss;
    expect(await openChanged('model.keras', bytes)).toMatch(says);
    expect(process.memoryUsage().rss - before).toBeLessThan(MEMORY);
  });
});

describe('HDF5 that says that it holds more than it can', () => {
  beforeAll(() => ready);

  function hdf5(write: (root: File) => void): Uint8Array {
    const root = new File(at('absurd.h5'), 'w');
    root.create_attribute('model_config', JSON.stringify(modelConfig([])));
    write(root);
    root.close();
    return readFileSync(at('absurd.h5'));
  }

  test.each<[string, (root: File) => void, RegExp]>([
    [
      'compressed zeros',
      (root) =>
        root.create_dataset({
          name: 'model_weights/zeros',
          data: new Float32Array(4e6),
          shape: [4e6],
          chunks: [1e6],
          compression: 'gzip',
        }),
      /claims 16000000 bytes of numbers in '\/model_weights\/zeros', found a file of \d+ bytes$/,
    ],
    [
      'a group within itself',
      (root) => root.create_hard_link('/model_weights', 'model_weights/again'),
      /has more than 64 groups within each other$/,
    ],
    [
      'groups that are two within each other',
      (root) => {
        root.create_hard_link('/model_weights', 'model_weights/again');
        root.create_hard_link('/model_weights', 'model_weights/twice');
      },
      /has more than 64 groups within each other$/,
    ],
  ])('%s', async (_, write, says) => {
    const bytes = hdf5((root) => {
      root.create_group('model_weights');
      write(root);
    });
    expect(await openChanged('model.h5', bytes)).toMatch(says);
  });

  it('is stopped after its time', async () => {
    const bytes = new Uint8Array(readFileSync(join(folder, 'model.h5')));
    expect(await problemOf(readHdf5(bytes, { seconds: 0 }))).toBe('is damaged: reading it took more than 0 s');
  });

  it('does not lead to other files', async () => {
    const other = join(folder, 'model.h5');
    const bytes = hdf5((root) => root.create_external_link(other, '/model_weights', 'model_weights'));
    expect(await openChanged('model.h5', bytes)).toContain('has no group model_weights');
  });
});

describe('JSON without end', () => {
  const { json } = tfjsModel();
  const chain = (length: number) =>
    modelConfig(
      Array.from({ length }, (_, i) => ({ name: `a${i}`, className: 'Activation', config: { activation: 'relu' } })),
    );
  const absurdInput = (shape: number[]) => {
    const { class_name, config } = chain(1);
    const image = { class_name: 'InputLayer', config: { name: 'image', batch_shape: [null, ...shape] } };
    return { class_name, config: { ...config, layers: [image, ...config.layers.slice(1)] } };
  };
  const model = (model_config: unknown) =>
    JSON.stringify({ ...json, modelTopology: { model_config }, weightsManifest: [] });

  test.each<[string, () => string, RegExp]>([
    [
      '100 MB',
      () => `{"modelTopology": "${'x'.repeat(100e6)}"}`,
      /has 100000021 bytes; JSON files of at most 33554432 are read$/,
    ],
    [
      'a million brackets',
      () => `{"a":${'['.repeat(1e6)}${']'.repeat(1e6)}}`,
      /has a text with more than 200 brackets within each other$/,
    ],
    ['a chain of 15,000 layers', () => model(chain(15_000)), /has layers in a chain that is too long to be followed$/],
    [
      'a chain of 100,000 layers',
      () => model(chain(100_000)),
      /its layers are called 100001 times; at most 20000 are read$/,
    ],
    ['an image of more cells than there are numbers', () => model(absurdInput([1e308, 1e308, 3])), /\S/],
    ['an image of terabytes', () => model(absurdInput([1e6, 1e6, 3])), /\S/],
    ['an image of less than nothing', () => model(absurdInput([-4, 5, 3])), /\S/],
  ])('%s', { timeout: TEST_TIMEOUT }, async (_, text, says) => {
    expect((await openChanged('model.json', Buffer.from(text()))).replace('opened', '')).toMatch(says);
  });
});

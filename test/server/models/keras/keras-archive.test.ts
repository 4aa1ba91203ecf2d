import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { readKerasH5 } from '../../../../server/src/models/keras/h5.ts';
import { readKerasArchive } from '../../../../server/src/models/keras/keras-archive.ts';
import type { KerasNetwork } from '../../../../server/src/models/keras/network.ts';
import { temporaryFolder } from '../../../temporary-folder.ts';
import {
  archiveEntries,
  modelConfig,
  problemOf,
  tinyPaths,
  weightsFile,
  writeSampleModels,
} from '../containers/sample-models.ts';
import { type ZipEntry, zipFile } from '../containers/zip-file.ts';
import { tinyClassifier, weight } from '../keras-file.ts';

const folder = temporaryFolder();
let entries: ZipEntry[];

beforeAll(async () => {
  await writeSampleModels(folder);
  entries = await archiveEntries(folder);
});

function read(changed: readonly ZipEntry[]): Promise<KerasNetwork> {
  const file = join(folder, 'changed.keras');
  writeFileSync(file, zipFile(changed));
  return readKerasArchive(file);
}

/** The archive with other contents of an entry, or without it. */
function withEntry(name: string, change: Partial<ZipEntry> | null): ZipEntry[] {
  return entries.flatMap((entry) => (entry.name !== name ? [entry] : change ? [{ ...entry, ...change }] : []));
}

const json = (value: unknown) => Buffer.from(JSON.stringify(value));

function weightsByLayer({ weights }: KerasNetwork) {
  return [...weights].map(([{ name }, own]) => [name, own.map(({ shape, values }) => ({ shape, values }))]);
}

test('has the weights of the same model as .h5, stored or deflated', async () => {
  const expected = await readKerasH5(join(folder, 'model.h5'));
  const stored = await read(entries);
  expect(stored.format).toBe('Keras 3.15.1 archive');
  expect(weightsByLayer(stored)).toEqual(
    weightsByLayer(expected).filter(([name]) => [...stored.weights.keys()].some((layer) => layer.name === name)),
  );
  expect(weightsByLayer(await read(entries.map((entry) => ({ ...entry, deflated: true }))))).toEqual(
    weightsByLayer(stored),
  );
});

test('names of classes come from the metadata', async () => {
  const metadata = { keras_version: '3.15.1', class_names: ['a', 'b', 'c'] };
  expect((await read(withEntry('metadata.json', { contents: json(metadata) }))).classNames).toEqual(['a', 'b', 'c']);
});

test('reads an archive without metadata as one of Keras 3', async () => {
  expect((await read(withEntry('metadata.json', null))).model.layers[1].version).toBe(3);
});

test('a layer whose place another has is refused', async () => {
  const layers = tinyClassifier(3);
  const paths = tinyPaths([{ ...layers[0], name: 'other' }, ...layers.slice(1)]);
  const contents = await weightsFile(folder, paths);
  expect(await problemOf(read(withEntry('model.weights.h5', { contents })))).toBe(
    "layer 'conv' (Conv2D) finds the weights of 'other' in its place; save the model again as .h5",
  );
});

test('numbers beside those of the layers are left alone', async () => {
  const weights = [weight('state', [2], 9)];
  const paths = { ...tinyPaths(tinyClassifier(3)), 'optimizer/vars': { weights }, vars: { weights } };
  const contents = await weightsFile(folder, paths);
  expect(weightsByLayer(await read(withEntry('model.weights.h5', { contents })))).toEqual(
    weightsByLayer(await read(entries)),
  );
});

test.each<[string, () => ZipEntry[], string]>([
  ['without a configuration', () => withEntry('config.json', null), "has no entry 'config.json'"],
  [
    'without weights',
    () => withEntry('model.weights.h5', null),
    "has no entry 'model.weights.h5'; save the model again with model.save()",
  ],
  [
    'with a configuration that is no JSON',
    () => withEntry('config.json', { contents: Buffer.from('{"class_name"') }),
    'has a config.json that is not JSON',
  ],
  [
    'with other weights than HDF5',
    () => withEntry('model.weights.h5', { contents: Buffer.alloc(100) }),
    'is not a complete HDF5 file (truncated, or damaged at its beginning)',
  ],
  [
    'with an encrypted entry',
    () => withEntry('config.json', { encrypted: true, deflated: true }),
    "has an encrypted entry 'config.json'",
  ],
  [
    'packed otherwise',
    () => withEntry('config.json', { method: 12 }),
    "has an entry 'config.json' that is neither stored nor deflated",
  ],
  [
    'with an entry twice',
    () => [...entries, entries[0]],
    "is a damaged or truncated zip: it has two entries 'metadata.json'",
  ],
  [
    'of another network than its weights',
    () => withEntry('config.json', { contents: json(modelConfig([{ name: 'drop', className: 'Dropout' }])) }),
    '',
  ],
])('an archive %s', async (_, changed, says) => {
  if (says === '') expect((await read(changed())).weights.size).toBe(0);
  else expect(await problemOf(read(changed()))).toBe(says);
});

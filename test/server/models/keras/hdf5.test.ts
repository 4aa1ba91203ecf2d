import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { File, ready } from 'h5wasm/node';
import { beforeAll, expect, it, test } from 'vitest';
import { hdf5Numbers, readHdf5, textList } from '../../../../server/src/models/keras/hdf5.ts';
import { temporaryFolder } from '../../../temporary-folder.ts';
import { problemOf } from '../containers/sample-models.ts';

const file = join(temporaryFolder(), 'numbers.h5');
const bytes = () => new Uint8Array(readFileSync(file));

beforeAll(async () => {
  await ready;
  const root = new File(file, 'w');
  root.create_attribute('whole', ['a', 'b']);
  root.create_attribute('cut0', ['a']);
  root.create_attribute('cut1', ['b', 'c']);
  root.create_attribute('empty', new Float64Array(0));
  const group = root.create_group('numbers');
  group.create_dataset({ name: 'float32', data: Float32Array.of(1.5, -2) });
  group.create_dataset({ name: 'float64', data: Float64Array.of(1.5, -2) });
  group.create_dataset({ name: 'int64', data: BigInt64Array.of(3n, -4n), shape: [2, 1] });
  group.create_dataset({ name: 'uint8', data: Uint8Array.of(3, 255) });
  group.create_dataset({ name: 'scalar', data: Float32Array.of(7), shape: [] });
  group.create_dataset({
    name: 'packed',
    data: Float32Array.from({ length: 100 }, (_, i) => i),
    shape: [10, 10],
    chunks: [5, 5],
    compression: 'gzip',
  });
  group.create_dataset({ name: 'text', data: 'no numbers' });
  root.create_group('other').create_dataset({ name: 'left', data: Float32Array.of(1) });
  root.close();
});

test.each([
  ['float32', [2], [1.5, -2]],
  ['float64', [2], [1.5, -2]],
  ['int64', [2, 1], [3, -4]],
  ['uint8', [2], [3, 255]],
  ['scalar', [], [7]],
  ['packed', [10, 10], Array.from({ length: 100 }, (_, i) => i)],
])('%s becomes float32', async (name, shape, values) => {
  const dataset = (await readHdf5(bytes())).groups.get('numbers')?.datasets.get(name);
  expect(dataset && hdf5Numbers(dataset, name)).toEqual({ name, shape, values: Float32Array.from(values) });
});

test.each([
  [{ kind: 'float', size: 2 } as const, Uint8Array.of(0, 0x3c, 0, 0xc0), [1, -2]],
  [{ kind: 'opaque', size: 2 } as const, Uint8Array.of(0x80, 0x3f, 0, 0xc0), [1, -2]],
])('%j becomes float32', (stored, numbers, values) => {
  const dataset = { ...stored, shape: [2], bytes: numbers };
  expect(hdf5Numbers(dataset, 'x').values).toEqual(Float32Array.from(values));
});

it('refuses what is no number', async () => {
  const dataset = (await readHdf5(bytes())).groups.get('numbers')?.datasets.get('text');
  expect(() => dataset && hdf5Numbers(dataset, 'text')).toThrow("weight 'text' is not an array of numbers");
});

it('reads one group, and none where an attribute that is needed is missing', async () => {
  const root = await readHdf5(bytes(), { group: 'other', needs: 'whole' });
  expect([...root.groups.keys()]).toEqual(['other']);
  expect(root.names).toEqual(['numbers', 'other']);
  expect((await readHdf5(bytes(), { group: 'other', needs: 'missing' })).groups.size).toBe(0);
});

test.each([
  ['whole', ['a', 'b']],
  ['cut', ['a', 'b', 'c']],
  ['empty', []],
  ['missing', []],
])('the list %s', async (name, expected) => {
  expect(textList(await readHdf5(bytes()), name)).toEqual(expected);
});

it('reads several files at a time, and others after one that is damaged', async () => {
  const broken = bytes();
  broken.fill(0xff, 60, 400);
  const read = [bytes(), broken, bytes()].map((contents) => readHdf5(contents));
  expect((await Promise.allSettled(read)).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect((await readHdf5(bytes())).groups.size).toBe(2);
});

it('says how much of a file is missing', async () => {
  const { length } = bytes();
  expect(await problemOf(readHdf5(bytes().slice(0, 1000)))).toBe(`is truncated: HDF5 of ${length} bytes, found 1000`);
});

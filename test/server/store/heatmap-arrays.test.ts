import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ArraysLayout,
  type ChunkData,
  DamagedChunk,
  openArrays,
} from '../../../server/src/store/heatmap-arrays.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

const folder = temporaryFolder();
let groups = 0;
const newGroup = () => join(folder, `${groups++}.zarr`);

const layout = [
  { name: 'cells', shape: [5, 7, 2, 3], chunkShape: [4, 4, 2, 3], dtype: 'float32', dimensionNames: [...'rcab'] },
  { name: 'known', shape: [5, 7], chunkShape: [4, 4], dtype: 'uint8', dimensionNames: ['row', 'column'] },
  { name: 'pyramid/0', shape: [5, 7, 3], chunkShape: [4, 4, 3], dtype: 'float64', dimensionNames: [...'rcv'] },
  { name: 'pyramid/1', shape: [3], chunkShape: [4], dtype: 'uint32', dimensionNames: ['row'] },
] as const satisfies ArraysLayout;

const open = (group: string, damage: string[] = []) =>
  openArrays(group, layout, { slide: 'a' }, { onDamage: (message) => damage.push(message) });
const chunkLength = (name: string) =>
  layout.find((array) => array.name === name)?.chunkShape.reduce((product: number, size) => product * size, 1) ?? 0;

/** Chunks of an array that can be written: its own type, any bits. */
const anyData = (name: string): fc.Arbitrary<ChunkData> => {
  const length = { minLength: chunkLength(name), maxLength: chunkLength(name) };
  if (name === 'cells') return fc.float32Array(length);
  if (name === 'known') return fc.uint8Array(length);
  return name === 'pyramid/0' ? fc.float64Array(length) : fc.uint32Array(length);
};

test.each(layout.map(({ name, shape, chunkShape }) => [name, shape.map((size, i) => Math.ceil(size / chunkShape[i]))]))(
  '%s: chunks, also at the edge, are read as they were written',
  async (name, counts) => {
    const group = newGroup();
    const arrays = await open(group);
    const coordinates = fc.tuple(...counts.map((count) => fc.integer({ min: 0, max: count - 1 })));
    await fc.assert(
      fc.asyncProperty(coordinates, anyData(name), async (at, data) => {
        // A view into a larger buffer: only the view counts.
        const bytes = new Uint8Array(data.byteLength + 16);
        const view = Reflect.construct(data.constructor, [bytes.buffer, 8, data.length]);
        view.set(data);
        await arrays.writeChunk(name, at, view);
        expect(await arrays.readChunk(name, at)).toEqual(data);
        expect(await (await open(group)).readChunk(name, at)).toEqual(data);
      }),
      { numRuns: 25 },
    );
    await arrays.sync();
  },
);

test.each([
  ['too short', new Float32Array(95), 'expected a chunk of 96 values of float32, found 95 in a Float32Array'],
  ['of another type', new Float64Array(96), 'found 96 in a Float64Array'],
])('data %s are refused', async (_, data, message) => {
  const arrays = await open(newGroup());
  await expect(arrays.writeChunk('cells', [0, 0, 0, 0], data)).rejects.toThrow(message);
});

test.each([[[0, 0, 0]], [[2, 0, 0, 0]], [[0, -1, 0, 0]], [[0, 0.5, 0, 0]]])('there is no chunk %j', async (at) => {
  const arrays = await open(newGroup());
  await expect(arrays.readChunk('cells', at)).rejects.toThrow('expected coordinates within 2, 2, 1, 1');
  await expect(arrays.writeChunk('cells', at, new Float32Array(96))).rejects.toThrow(RangeError);
  await expect(arrays.readChunk('other', at)).rejects.toThrow('expected one of the arrays cells, known');
});

describe('a damaged chunk', () => {
  const random = new Float32Array(Uint32Array.from({ length: 96 }, (_, i) => (i * 2654435761) % 2 ** 30));
  const written = async () => {
    const group = newGroup();
    const arrays = await open(group);
    await arrays.writeChunk('cells', [1, 1, 0, 0], random);
    return { arrays, group, file: join(group, 'cells', 'c.1.1.0.0') };
  };

  test('any flipped byte is noticed', async () => {
    const { arrays, file } = await written();
    const bytes = await readFile(file);
    for (let i = 0; i < bytes.length; i++) {
      await writeFile(file, bytes.with(i, bytes[i] ^ 1));
      await expect(arrays.readChunk('cells', [1, 1, 0, 0])).rejects.toBeInstanceOf(DamagedChunk);
    }
  });

  test.each<[string, (file: string, group: string) => Promise<void>, string]>([
    ['empty', (file) => truncate(file, 0), 'expected at least 4 bytes, found 0'],
    ['truncated', (file) => truncate(file, 100), 'expected bytes of CRC-32C'],
    ['foreign', (file) => writeFile(file, 'this is not a chunk of an array'), 'expected bytes of CRC-32C'],
    [
      'of another array',
      async (file, group) => writeFile(file, await readFile(join(group, 'known', 'c.0.0'))),
      'expected 96 values, found 4',
    ],
  ])('%s', async (_, damage, message) => {
    const { arrays, file, group } = await written();
    await arrays.writeChunk('known', [0, 0], new Uint8Array(16).fill(1));
    await damage(file, group);
    await expect(arrays.readChunk('cells', [1, 1, 0, 0])).rejects.toMatchObject({
      name: 'DamagedChunk',
      array: 'cells',
      coordinates: [1, 1, 0, 0],
      message: expect.stringContaining(message),
      cause: expect.any(Error),
    });
    await arrays.writeChunk('cells', [1, 1, 0, 0], random);
    expect(await arrays.readChunk('cells', [1, 1, 0, 0])).toEqual(random);
  });
});

describe('opening', () => {
  test('what a crash left is removed; chunks and attributes of others stay', async () => {
    const group = newGroup();
    await (await open(group)).writeChunk('known', [0, 0], new Uint8Array(16).fill(1));
    for (const place of ['', 'known', 'pyramid', 'pyramid/0']) await writeFile(join(group, place, '.tmp-1-2'), 'half');
    const metadata = JSON.parse(await readFile(join(group, 'known', 'zarr.json'), 'utf8'));
    await writeFile(join(group, 'known', 'zarr.json'), JSON.stringify({ ...metadata, attributes: { seen: true } }));
    const damage: string[] = [];
    const arrays = await open(group, damage);
    expect(await arrays.readChunk('known', [0, 0])).toEqual(new Uint8Array(16).fill(1));
    expect(readdirSync(group, { recursive: true }).filter((name) => String(name).includes('.tmp-'))).toEqual([]);
    expect(damage).toEqual([]);
  });

  test('newer attributes replace older ones', async () => {
    const group = newGroup();
    await (await open(group)).writeChunk('known', [0, 0], new Uint8Array(16).fill(1));
    const arrays = await openArrays(group, layout, { slide: 'b', classes: ['x'] });
    expect(await arrays.readChunk('known', [0, 0])).toBeDefined();
    expect(JSON.parse(await readFile(join(group, 'zarr.json'), 'utf8'))).toEqual({
      zarr_format: 3,
      node_type: 'group',
      attributes: { format: 1, slide: 'b', classes: ['x'] },
    });
  });

  const edit = (change: Record<string, unknown>) => (text: string) =>
    JSON.stringify({ ...JSON.parse(text), ...change });
  test.each<[string, string, (text: string) => string, string]>([
    ['no JSON', 'known/zarr.json', (text) => text.slice(1), 'expected JSON'],
    ['empty metadata', 'pyramid/zarr.json', () => '', 'expected JSON'],
    ['metadata that are null', 'zarr.json', () => 'null', 'expected zarr_format 3, found undefined'],
    ['another shape', 'known/zarr.json', edit({ shape: [5, 8] }), 'expected shape [5,7], found [5,8]'],
    ['another type', 'cells/zarr.json', edit({ data_type: 'float64' }), 'found "float64"'],
    ['other codecs', 'cells/zarr.json', edit({ codecs: [{ name: 'bytes' }] }), 'expected codecs'],
    ['another version', 'zarr.json', edit({ attributes: { format: 0 } }), 'expected format 1, found 0'],
    ['an array for a group', 'pyramid/zarr.json', edit({ node_type: 'array' }), 'expected node_type "group"'],
  ])('a group with %s is set aside and made anew', async (_, file, damageText, message) => {
    const group = newGroup();
    await (await open(group)).writeChunk('known', [0, 0], new Uint8Array(16).fill(1));
    await mkdir(`${group}.damaged`);
    const path = join(group, file);
    await writeFile(path, damageText(await readFile(path, 'utf8')));
    const damage: string[] = [];
    const arrays = await open(group, damage);
    expect(damage).toEqual([expect.stringContaining(`${path}: `)]);
    expect(damage[0]).toContain(message);
    expect(await arrays.readChunk('known', [0, 0])).toBeUndefined();
    expect(existsSync(join(`${group}.damaged`, 'known', 'c.0.0'))).toBe(true);
    await open(group, damage);
    expect(damage).toHaveLength(1);
  });
});

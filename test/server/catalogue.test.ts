import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCatalogue } from '../../server/src/catalogue.ts';

const kind = { name: 'slide', endings: ['.tif', '.png'] };
let base: string;
let folder: string;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'cam-catalogue-'));
  folder = join(base, 'slides');
  await mkdir(join(folder, 'brain', 'old'), { recursive: true });
  await mkdir(join(folder, '.cache'));
  await mkdir(join(folder, 'folder.tif'));
  await mkdir(join(base, 'outside'));
  for (const name of [
    'b.tif',
    'A.PNG',
    'notes.txt',
    '.hidden.png',
    '.cache/c.png',
    'brain/a b.tif',
    'brain/old/ä.png',
    'brain/x:y.tif',
    'folder.tif/inside.tif',
    '../outside/secret.tif',
  ]) {
    await writeFile(join(folder, name), 'x');
  }
  await symlink('../outside/secret.tif', join(folder, 'link-out.tif'));
  await symlink('../outside', join(folder, 'folder-out'));
  await symlink('b.tif', join(folder, 'link-in.tif'));
  await symlink('..', join(folder, 'brain', 'loop'));
  await symlink('nothing.tif', join(folder, 'dangling.tif'));
});

afterAll(() => rm(base, { recursive: true, force: true }));

test('lists files of its kind in all folders, ordered, with ids', async () => {
  const { entries } = await openCatalogue(folder, kind).list();
  expect(entries.map(({ id }) => id)).toEqual([
    'A.PNG',
    'b.tif',
    'brain:a b.tif',
    'brain:old:ä.png',
    'folder.tif:inside.tif',
    'link-in.tif',
  ]);
  expect(entries[2]).toEqual({ id: 'brain:a b.tif', title: 'brain/a b', file: join(folder, 'brain', 'a b.tif') });
});

test('lists parts one after the other, and what a filter leaves', async () => {
  const catalogue = openCatalogue(folder, kind);
  const ids: string[] = [];
  for (let after: string | undefined; ; ) {
    const { entries, next } = await catalogue.list({ limit: 2, after });
    expect(entries.length).toBeLessThanOrEqual(2);
    ids.push(...entries.map(({ id }) => id));
    if (next === null) break;
    after = next;
  }
  expect(ids).toEqual((await catalogue.list()).entries.map(({ id }) => id));
  const found = await catalogue.list({ filter: 'BRAIN/', limit: 2 });
  expect(found).toMatchObject({ entries: [{ id: 'brain:a b.tif' }, { id: 'brain:old:ä.png' }], next: null });
});

test('warns of what it had to leave out', async () => {
  const { warnings } = await openCatalogue(folder, kind).list();
  expect(warnings.sort()).toEqual(
    [
      "the slide brain/x:y.tif is not listed: its name may not contain ':' or '\\'",
      'folder-out is not listed: the link leads out of the folder',
      'link-out.tif is not listed: the link leads out of the folder',
    ].sort(),
  );
});

test('every listed id resolves to its file', async () => {
  const catalogue = openCatalogue(folder, kind);
  for (const { id, file } of (await catalogue.list()).entries) expect(await catalogue.resolve(id)).toBe(file);
});

test('a new file is listed at once', async () => {
  const catalogue = openCatalogue(folder, kind);
  const before = (await catalogue.list()).entries.length;
  await writeFile(join(folder, 'new.tif'), 'x');
  expect((await catalogue.list()).entries).toHaveLength(before + 1);
  await rm(join(folder, 'new.tif'));
  await expect(catalogue.resolve('new.tif')).rejects.toMatchObject({ code: 'not-found' });
});

test.each([
  '',
  '.',
  '..',
  '..:outside:secret.tif',
  'brain:..:..:outside:secret.tif',
  '../outside/secret.tif',
  '%2e%2e:outside:secret.tif',
  'brain/a b.tif',
  'brain%2Fa b.tif',
  'brain\\a b.tif',
  ':b.tif',
  'b.tif:',
  '/b.tif',
  'b.tif\0.tif',
  '.hidden.png',
  '.cache:c.png',
  'notes.txt',
  'brain',
  'folder.tif',
  'brain:x:y.tif',
  'link-out.tif',
  'folder-out:secret.tif',
  'dangling.tif',
  'none.tif',
])('%j is not found', async (id) => {
  await expect(openCatalogue(folder, kind).resolve(id)).rejects.toMatchObject({ name: 'Problem', code: 'not-found' });
});

test('a folder that is missing, or a file, is said to be', async () => {
  for (const wrong of [join(base, 'none'), join(folder, 'b.tif')]) {
    await expect(openCatalogue(wrong, kind).list()).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('expected a folder of slides'),
    });
  }
});

test('endings may be whole names, in any case', async () => {
  const models = join(base, 'models');
  await mkdir(join(models, 'web'), { recursive: true });
  for (const name of ['web/Model.JSON', 'web/other.json', 'm.manifest.json']) await writeFile(join(models, name), 'x');
  const { entries } = await openCatalogue(models, { name: 'model', endings: ['model.json'] }).list();
  expect(entries.map(({ id }) => id)).toEqual(['web:Model.JSON']);
});

test('the tiles of a pyramid are part of its entry, and tiles alone are files as any', async () => {
  const pyramids = join(base, 'pyramids');
  for (const name of ['a.dzi', 'a_files/9/0_0.png', 'sub/B.DZI', 'sub/B_Files/9/0_0.png', 'c_files/9/0_0.png']) {
    await mkdir(dirname(join(pyramids, name)), { recursive: true });
    await writeFile(join(pyramids, name), 'x');
  }
  const parts = [{ file: '.dzi', folder: '_files' }];
  const catalogue = openCatalogue(pyramids, { name: 'slide', endings: ['.dzi', '.png'], parts });
  const { entries, warnings } = await catalogue.list();
  expect(entries.map(({ id }) => id)).toEqual(['a.dzi', 'c_files:9:0_0.png', 'sub:B.DZI']);
  expect(warnings).toEqual([]);
  for (const { id, file } of entries) expect(await catalogue.resolve(id)).toBe(file);
  for (const id of ['a_files:9:0_0.png', 'sub:B_Files:9:0_0.png']) {
    await expect(catalogue.resolve(id)).rejects.toThrow(`there is no slide "${id}"`);
  }
});

test('a file with an ending of its kind is left out where it is something else', async () => {
  const some = { ...kind, isListed: async (file: string) => !file.endsWith('b.tif') };
  const catalogue = openCatalogue(folder, some);
  const { entries } = await catalogue.list();
  expect(entries.map(({ id }) => id)).toEqual(['A.PNG', 'brain:old:ä.png', 'folder.tif:inside.tif', 'link-in.tif']);
  await expect(catalogue.resolve('b.tif')).rejects.toMatchObject({ code: 'not-found' });
  expect(await catalogue.resolve('A.PNG')).toBe(join(folder, 'A.PNG'));
});

test('a folder may be an entry as a whole', async () => {
  const images = join(base, 'images');
  for (const name of ['a.zarr/0/0.tif', 'sub/b.ome.ZARR/c.tif', 'sub/c.tif', 'sub/d/e.tif']) {
    await mkdir(dirname(join(images, name)), { recursive: true });
    await writeFile(join(images, name), 'x');
  }
  await writeFile(join(images, 'file.zarr'), 'x');
  await mkdir(join(base, 'outside', 'far.zarr'));
  await symlink('../outside/far.zarr', join(images, 'far.zarr'));
  await symlink('a.zarr', join(images, 'near.zarr'));
  const catalogue = openCatalogue(images, { name: 'slide', endings: ['.tif'], folders: ['.zarr'] });
  const { entries, warnings } = await catalogue.list();
  expect(entries.map(({ id, title }) => [id, title])).toEqual([
    ['a.zarr', 'a'],
    ['near.zarr', 'near'],
    ['sub:b.ome.ZARR', 'sub/b'],
    ['sub:c.tif', 'sub/c'],
    ['sub:d:e.tif', 'sub/d/e'],
  ]);
  expect(warnings).toEqual(['far.zarr is not listed: the link leads out of the folder']);
  for (const { id, file } of entries) expect(await catalogue.resolve(id)).toBe(file);
  for (const id of ['a.zarr:0:0.tif', 'sub:b.ome.ZARR:c.tif', 'file.zarr', 'far.zarr', 'sub', 'sub:d']) {
    await expect(catalogue.resolve(id)).rejects.toThrow(`there is no slide "${id}"`);
  }
});

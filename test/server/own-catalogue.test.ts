import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadOwnCatalogue, type OwnCatalogue, ownCatalogue } from '../../server/src/own-catalogue.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const folder = temporaryFolder();
const files: Record<string, string> = { 'case 1': '/archive/a.svs', 'case 2': '/archive/b.svs' };
const portal: OwnCatalogue = {
  async listSlides({ filter, after, limit }) {
    const ids = Object.keys(files).filter((id) => id.includes(filter) && (after === null || id > after));
    return { slides: ids.slice(0, limit).map((id) => ({ id })), next: ids.length > limit ? ids[limit - 1] : null };
  },
  getSlide: async (id) => (files[id] === undefined ? null : { file: files[id], title: `Slide of ${id}` }),
};

describe('a catalogue of one’s own', () => {
  test('lists what it is told, part by part, and knows its files', async () => {
    const catalogue = ownCatalogue('portal.mjs', portal);
    const first = await catalogue.list({ limit: 1 });
    expect(first).toEqual({
      entries: [{ id: 'case 1', title: 'Slide of case 1', file: '/archive/a.svs' }],
      warnings: [],
      next: 'case 1',
    });
    expect((await catalogue.list({ after: first.next ?? '', limit: 1 })).entries.map(({ id }) => id)).toEqual([
      'case 2',
    ]);
    expect((await catalogue.list({ filter: '2' })).entries).toHaveLength(1);
    expect(await catalogue.resolve('case 2')).toBe('/archive/b.svs');
    expect([...(catalogue.folders?.() ?? [])]).toEqual(['/archive']);
    await expect(catalogue.resolve('case 3')).rejects.toMatchObject({ code: 'not-found' });
  });

  test.each<[string, Partial<OwnCatalogue>, string]>([
    ['a relative path', { getSlide: async () => ({ file: 'a.svs' }) }, 'file: expected an absolute path'],
    [
      'an id that is a path',
      { listSlides: async () => ({ slides: [{ id: 'a/b' }] }) },
      "portal.mjs: listSlides: slides.0.id: expected a text without '/'",
    ],
    [
      'a failure',
      {
        listSlides: () => Promise.reject(new Error('the database is away')),
      },
      'portal.mjs: listSlides: the database is away',
    ],
  ])('%s is told in one sentence', async (_, wrong, says) => {
    await expect(ownCatalogue('portal.mjs', { ...portal, ...wrong }).list()).rejects.toThrow(says);
  });
});

describe('a module', () => {
  const load = async (text: string) => {
    const file = join(folder, `portal-${Math.random()}.mjs`);
    await writeFile(file, text);
    return loadOwnCatalogue(file);
  };

  test('that exports both functions is a catalogue', async () => {
    const catalogue = await load(
      `export const listSlides = async () => ({ slides: [{ id: 'a', title: 'A' }] });
       export const getSlide = async (id) => id === 'a' && { file: '/a.tif' } || null;`,
    );
    expect((await catalogue.list()).entries).toEqual([{ id: 'a', title: 'A', file: '/a.tif' }]);
  });

  test.each([
    ['export const listSlides = () => {};', 'found no getSlide'],
    ['export const = ;', 'expected a JavaScript module, found '],
  ])('of %j is refused', async (text, says) => {
    await expect(load(text)).rejects.toThrow(says);
  });

  test('that is not there is refused', async () => {
    await expect(loadOwnCatalogue(join(folder, 'none.mjs'))).rejects.toThrow('expected a JavaScript module');
  });
});

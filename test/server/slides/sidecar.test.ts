import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sidecarFile, withSidecar } from '../../../server/src/slides/sidecar.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

const folder = temporaryFolder();
let slides = 0;

async function slideWith(text?: string) {
  const slide = { file: join(folder, `${slides++}.tif`), mpp: 0.25 };
  if (text !== undefined) await writeFile(sidecarFile(slide.file), text);
  return slide;
}

test.each<[string | undefined, number | undefined, { title?: string; mpp: number }]>([
  [undefined, undefined, { mpp: 0.25 }],
  ['{}', undefined, { mpp: 0.25 }],
  ['{ "mpp": 0.5 }', undefined, { mpp: 0.5 }],
  ['{ "title": "Case 7", "mpp": 0.5 }', 1, { title: 'Case 7', mpp: 1 }],
])('beside a slide of 0.25 microns per pixel %j, and %j by the caller, give %j', async (text, given, expected) => {
  const { file, ...said } = await withSidecar(await slideWith(text), given);
  expect(said).toEqual(expected);
});

test.each([
  ['{ "mpp": 0 }', 'mpp: expected microns per pixel above 0'],
  ['{ "mpp": "0.5" }', 'mpp: expected microns per pixel'],
  ['{ "titel": "x" }', 'titel'],
  ['mpp = 0.5', 'expected JSON such as {"mpp": 0.5}'],
])('%s is refused by its name', async (text, says) => {
  const slide = await slideWith(text);
  const refusal = withSidecar(slide);
  await expect(refusal).rejects.toMatchObject({ code: 'unreadable-slide', message: expect.stringContaining(says) });
  await expect(refusal).rejects.toThrow(sidecarFile(slide.file));
});

test('a folder in its place is refused', async () => {
  const slide = await slideWith();
  await mkdir(sidecarFile(slide.file));
  await expect(withSidecar(slide)).rejects.toThrow('expected a file that can be read, found EISDIR');
});

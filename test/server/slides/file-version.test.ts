import { appendFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fileVersion, whileUnchanged } from '../../../server/src/slides/file-version.ts';
import { temporaryFolder } from '../../command-line.ts';
import { syntheticHeatmap } from '../heatmaps/synthetic-heatmap.ts';

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => rm(folder, { recursive: true }));

const CHANGES: [string, (file: string) => Promise<void>][] = [
  ['grew', (file) => appendFile(file, 'more')],
  ['was written again', (file) => utimes(file, new Date(), new Date(Date.now() + 5000))],
  ['was removed', (file) => rm(file)],
];

test.each(CHANGES)('what was read of a slide that %s meanwhile is not taken', async (_, change) => {
  const regionFile = join(folder, 'slide.tif');
  await writeFile(regionFile, 'pixels');
  const { slide } = await syntheticHeatmap(2, 2);
  const described = { ...slide, regionFile, version: await fileVersion(regionFile) };
  expect(await whileUnchanged(described, Promise.resolve('read'))).toBe('read');
  const reading = change(regionFile).then(() => 'read');
  await expect(whileUnchanged(described, reading)).rejects.toThrow(/changed while it was in use|found no such file/);
});

import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningCommand, startCommand } from '../../command-line.ts';
import { demoModelFiles, type SmallCatalogue, smallCatalogue } from '../../small-catalogue.ts';

let catalogue: SmallCatalogue;
let server: RunningCommand;

beforeAll(async () => {
  catalogue = await smallCatalogue();
  const { slides, models, store } = catalogue;
  const { golden: _golden, ...manifest } = JSON.parse(await readFile(demoModelFiles.manifest, 'utf8'));
  const { mpp } = manifest.resolution;
  for (const [name, resolution] of Object.entries({ any: 'any', twice: { mpp: 2 * mpp } })) {
    await copyFile(demoModelFiles.model, join(models, `${name}.h5`));
    await writeFile(join(models, `${name}.manifest.json`), JSON.stringify({ ...manifest, resolution }));
  }
  server = await startCommand('serve', '--slides', slides, '--models', models, '--store', store, '--port', '0');
});
afterAll(async () => {
  await server?.stop();
  await rm(catalogue.root, { recursive: true, force: true });
});

const get = (path: string) => fetch(new URL(`heatmaps/tissue.tif/${path}`, server.address));
const bytes = async (path: string) => Buffer.from(await (await get(path)).arrayBuffer());

test('each level of a model for any resolution is classified at its own', async () => {
  const descriptor = await (await get('any.h5.json')).json();
  expect(descriptor.levelMode).toBe(true);
  expect(descriptor.warnings).toEqual([]);
  const { maxLevel } = descriptor;
  // A model for twice the slide's microns per pixel cuts the same patches, and the slide's own those of full resolution.
  const below = `_files/${maxLevel - 1}/1_1.npy`;
  expect(await bytes(`any.h5${below}`)).toEqual(await bytes(`twice.h5${below}`));
  const full = `_files/${maxLevel}/2_2.npy`;
  expect(await bytes(`any.h5${full}`)).toEqual(await bytes(`tissue.h5${full}`));
  expect(await bytes(`any.h5${below}`)).not.toEqual(await bytes(`tissue.h5${below}`));
});

test('its coarse levels are those of the smallest that holds a patch', async () => {
  const overview = await get('any.h5_files/8/0_0.npy');
  expect(overview.status).toBe(200);
  expect(overview.headers.get('x-cam-missing')).toBe('0');
});

test('a painted tile, the score at a point and the breakdown work as for any other model', async () => {
  const { maxLevel } = await (await get('any.h5.json')).json();
  expect((await get(`any.h5_files/${maxLevel - 2}/0_0.png?top=2`)).status).toBe(200);
  const { classes } = await (await get('any.h5/score?x=300&y=300')).json();
  expect(classes.length).toBeGreaterThan(1);
  expect(await (await get('any.h5/breakdown')).json()).toMatchObject({ of: 'slide', exact: false });
});

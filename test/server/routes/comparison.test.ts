import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { changedSettings, defaultSettings } from '../../../plugin/src/changed-settings.ts';
import { paintComparedScores } from '../../../plugin/src/compared-pixels.ts';
import { otherClass } from '../../../plugin/src/shown.ts';
import { checkedTile } from '../../../plugin/src/tile-pixels.ts';
import { tileRequest } from '../../../plugin/src/tile-request.ts';
import type { HeatmapDescriptor } from '../../../shared/heatmap-descriptor.ts';
import { type RunningCommand, startCommand } from '../../command-line.ts';
import { demoModelFiles, type SmallCatalogue, smallCatalogue } from '../../small-catalogue.ts';

let catalogue: SmallCatalogue;
let server: RunningCommand;

/**
 * Beside the demo model one for twice its microns per pixel, whose patches are twice as wide on the slide, with a class
 * renamed.
 */
beforeAll(async () => {
  catalogue = await smallCatalogue();
  const { slides, models, store } = catalogue;
  const { golden: _golden, ...manifest } = JSON.parse(await readFile(demoModelFiles.manifest, 'utf8'));
  const [first, ...rest] = manifest.classes;
  const renamed = { ...first, name: 'renamed' };
  const other = { ...manifest, classes: [renamed, ...rest], resolution: { mpp: 2 * manifest.resolution.mpp } };
  await copyFile(demoModelFiles.model, join(models, 'twice.h5'));
  await writeFile(join(models, 'twice.manifest.json'), JSON.stringify(other));
  server = await startCommand('serve', '--slides', slides, '--models', models, '--store', store, '--port', '0');
});
afterAll(async () => {
  await server?.stop();
  await rm(catalogue.root, { recursive: true, force: true });
});

const get = (path: string) => fetch(new URL(`heatmaps/tissue.tif/${path}`, server.address));
const describeModel = async (model: string): Promise<HeatmapDescriptor> => (await get(`${model}.json`)).json();
const pixels = async (path: string) =>
  sharp(await (await get(path)).arrayBuffer())
    .ensureAlpha()
    .raw()
    .toBuffer();

test.each([
  { level: 11, column: 1, row: 2 },
  { level: 9, column: 0, row: 0 },
])('tile %j has the bytes that the plugin paints of the two', async (address) => {
  const [own, other] = await Promise.all(['tissue.h5', 'twice.h5'].map(describeModel));
  expect(other.grid.columns).toBeLessThan(own.grid.columns);
  const name = own.classes[1].name;
  const place = `_files/${address.level}/${address.column}_${address.row}`;
  const query = `mode=difference&compare=twice.h5&opacity=1`;
  for (const classes of [[name], [own.classes[0].name, 'renamed']]) {
    const named = classes.map((one) => `class=${encodeURIComponent(one)}`).join('&');
    const tile = await get(`tissue.h5${place}.png?${query}&${named}`);
    expect(tile.headers.get('x-cam-missing')).toBe('0');
    expect(tile.headers.get('cache-control')).not.toContain('immutable');
    const changes = { mode: 'difference', compareWith: 'twice', classes } as const;
    const settings = changedSettings(defaultSettings(own), changes, own, other);
    const [first, second] = await Promise.all(
      [
        { heatmap: own, model: 'tissue.h5', request: tileRequest(settings, own) },
        { heatmap: other, model: 'twice.h5', request: tileRequest(settings, other, [otherClass(settings, other)]) },
      ].map(async ({ heatmap, model, request }) => {
        const npy = await (await get(`${model}${place}.npy?classes=${request.planes.join()}`)).arrayBuffer();
        return { address, request, tile: checkedTile(new Uint8Array(npy), address, request, heatmap) };
      }),
    );
    const painted = paintComparedScores(first, own, second, other, settings);
    const [png, webp] = await Promise.all(
      ['png', 'webp'].map((format) => pixels(`tissue.h5${place}.${format}?${query}&${named}`)),
    );
    expect(png.some((byte) => byte > 0)).toBe(true);
    expect(png.equals(Buffer.from(painted?.data ?? []))).toBe(true);
    expect(webp.equals(png)).toBe(true);
  }
});

test('a model minus itself is the middle of the colours', async () => {
  const { classes } = await describeModel('tissue.h5');
  const query = `mode=difference&compare=tissue.h5&opacity=1&colormap=%23000000,%230a141e,%23ffffff&class=${encodeURIComponent(classes[0].name)}`;
  const data = await pixels(`tissue.h5_files/11/1_1.png?${query}`);
  expect(new Set(Array.from({ length: data.length / 4 }, (_, i) => data.readUInt32BE(4 * i).toString(16))).size).toBe(
    1,
  );
});

test.each([
  ['mode=difference&compare=none.h5', 404, 'none.h5'],
  ['mode=difference&compare=twice.h5', 400, 'class: expected one for both models, or one of each, found none'],
  ['mode=single&compare=twice.h5', 400, 'compare: expected mode difference, found single'],
  ['mode=difference&compare=', 400, 'compare: expected the id of a model'],
  ['mode=difference&compare=twice.h5&class=FIRST', 400, 'class: expected one of renamed'],
])('%s is refused with %i, by the tile and the .dzi', async (query, status, message) => {
  const { classes } = await describeModel('tissue.h5');
  const full = query.replace('FIRST', encodeURIComponent(classes[0].name));
  for (const path of [`tissue.h5_files/11/1_1.png?${full}`, `tissue.h5.dzi?${full}`]) {
    const answer = await get(path);
    expect(answer.status).toBe(status);
    expect((await answer.json()).error.message).toContain(message);
  }
});

test('the .dzi of a comparison is that of the slide, and a picture of two models is refused', async () => {
  const { classes } = await describeModel('tissue.h5');
  const query = `mode=difference&compare=twice.h5&class=${encodeURIComponent(classes[1].name)}`;
  expect(await (await get(`tissue.h5.dzi?${query}`)).text()).toMatch(/Size Width="2000" Height="1300"/);
  expect((await get(`tissue.h5.png?${query}`)).status).toBe(400);
});

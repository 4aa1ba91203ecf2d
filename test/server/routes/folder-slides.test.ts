import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningCommand, runCommand, startCommand } from '../../command-line.ts';
import { type SmallCatalogue, smallCatalogue, TISSUE_SLIDE } from '../../small-catalogue.ts';
import { writeZarr } from '../slides/written-zarr.ts';

let catalogue: SmallCatalogue;
let folder: string;
let model: string;
let server: RunningCommand;

/** The slide `tissue.tif` as a folder of lossless tiles, and as OME-Zarr. */
beforeAll(async () => {
  catalogue = await smallCatalogue();
  folder = join(catalogue.root, 'folders');
  model = join(catalogue.models, 'tissue.h5');
  await mkdir(folder);
  const tissue = join(catalogue.slides, 'tissue.tif');
  await sharp(tissue).png().tile({ size: 254, overlap: 1, layout: 'dz' }).toFile(join(folder, 'tissue.dz'));
  await writeFile(join(folder, 'tissue.dzi.json'), '{"mpp": 0.5}');
  const { width, height } = TISSUE_SLIDE;
  const data = new Uint8Array(await sharp(tissue).raw().toBuffer());
  const samples = { axes: ['y', 'x', 'c'], shape: [height, width, 3], data };
  const scale = { x: 0.5, y: 0.5 };
  await writeZarr(join(folder, 'tissue.ome.zarr'), [samples], {
    zarrFormat: 3,
    chunks: [512, 512, 3],
    packed: true,
    scale,
  });
  await writeFile(
    join(folder, 'all.dzc'),
    '<Collection xmlns="http://schemas.microsoft.com/deepzoom/2008" MaxLevel="7"><Items/></Collection>',
  );
  const { models, store } = catalogue;
  server = await startCommand('serve', '--slides', folder, '--models', models, '--store', store, '--port', '0');
});
afterAll(async () => {
  await server?.stop();
  await rm(catalogue.root, { recursive: true, force: true });
});

const get = (path: string) => fetch(new URL(path, server.address));

test('folders are listed as one slide each, and a collection with the reason why not', async () => {
  const { slides, unreadable } = JSON.parse(await (await get('slides')).text());
  const size = { width: TISSUE_SLIDE.width, height: TISSUE_SLIDE.height, mpp: 0.5 };
  expect(slides).toEqual([
    { id: 'tissue.dzi', title: 'tissue.dzi', format: 'Deep Zoom', ...size },
    { id: 'tissue.ome.zarr', title: 'tissue.ome.zarr', format: 'OME-Zarr', ...size },
  ]);
  expect(unreadable).toMatchObject([
    { id: 'all.dzc', message: expect.stringContaining('it is a Deep Zoom collection of many images') },
  ]);
});

test('file, Deep Zoom and OME-Zarr have the same breakdown', async () => {
  const breakdownOf = async (slide: string) => {
    const { stdout, stderr } = await runCommand('analyze', slide, model, '--store', catalogue.store, '--json');
    expect(stderr).toBe('');
    return JSON.parse(stdout).breakdown;
  };
  const file = await breakdownOf(join(catalogue.slides, 'tissue.tif'));
  expect(await breakdownOf(join(folder, 'tissue.ome.zarr'))).toEqual(file);
  expect(await breakdownOf(join(folder, 'tissue.dzi'))).toEqual(file);
});

/** Pixels of a slide tile of full resolution, or why there are none. */
async function tileOf(id: string, position: string) {
  const answer = await get(`slides/${id}_files/11/${position}.png`);
  const body = Buffer.from(await answer.arrayBuffer());
  return answer.status === 200 ? sharp(body).raw().toBuffer() : JSON.parse(body.toString()).error.message;
}

test.each([
  ['tissue.dzi', 256],
  ['tissue.ome.zarr', 512],
])('%s serves the pixels of the file in tiles of %i pixels', async (id, size) => {
  const region = { left: size, top: size, width: size, height: size };
  const expected = await sharp(join(catalogue.slides, 'tissue.tif')).extract(region).raw().toBuffer();
  expect(Buffer.compare(await tileOf(id, '1_1'), expected)).toBe(0);
});

test('what is part of a folder is no slide', async () => {
  for (const path of ['tissue_files:10:0_0.png', 'tissue.ome.zarr:0:zarr.json']) {
    expect((await get(`slides/${path}.dzi`)).status).toBe(404);
  }
});

test('a tile that goes is noticed, and named', async () => {
  expect(await tileOf('tissue.dzi', '1_1')).toBeInstanceOf(Buffer);
  await rm(join(folder, 'tissue_files', '11', '1_1.png'));
  expect(await tileOf('tissue.dzi', '1_1')).toBe(
    'tissue.dzi cannot be read as a slide: its tile tissue_files/11/1_1.png is missing',
  );
});

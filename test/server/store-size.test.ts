import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HeatmapDescriptor } from '../../shared/heatmap-descriptor.ts';
import { type RunningCommand, startCommand } from '../command-line.ts';
import { type SmallCatalogue, smallCatalogue } from '../small-catalogue.ts';

let catalogue: SmallCatalogue;
beforeAll(async () => {
  catalogue = await smallCatalogue();
});
afterAll(() => rm(catalogue.root, { recursive: true }));

/** With room for a kilobyte: for none. */
const serve = () =>
  startCommand(
    ...['serve', '--slides', catalogue.slides, '--models', catalogue.models, '--store', catalogue.store],
    ...['--port', '0', '--store-size', '0.000001'],
  );
const kept = async () => (await readdir(join(catalogue.store, 'heatmaps'))).sort();

/** Opens a heatmap and has a tile of it computed. @returns its fingerprint */
async function look({ address }: RunningCommand, slide: string): Promise<string> {
  const tile = await fetch(new URL(`heatmaps/${slide}/tissue.h5_files/9/0_0.npy`, address));
  expect(tile.headers.get('X-Cam-Missing')).toBe('0');
  const descriptor: HeatmapDescriptor = await (
    await fetch(new URL(`heatmaps/${slide}/tissue.h5.json`, address))
  ).json();
  return descriptor.fingerprint;
}

test('beyond its size the store loses whole heatmaps that nobody uses, and never one in use', async () => {
  const first = await serve();
  const tissue = await look(first, 'tissue.tif');
  expect(await kept()).toEqual([tissue]);
  await first.stop();

  const second = await serve();
  const piece = await look(second, 'brain:piece.png');
  await expect.poll(kept).toEqual([piece]);
  expect(second.stderr()).toContain(`the store was full; removed heatmaps ${tissue}`);
  expect(await look(second, 'tissue.tif')).toBe(tissue);
  await second.stop();
  expect(await kept()).toEqual([piece, tissue].sort());
});

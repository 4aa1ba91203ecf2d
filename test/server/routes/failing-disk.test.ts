import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HeatmapDescriptor } from '../../../shared/heatmap-descriptor.ts';
import { startCommand } from '../../command-line.ts';
import { type SmallCatalogue, smallCatalogue } from '../../small-catalogue.ts';
import { smallDisk } from '../../small-disk.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

const HEATMAP = 'heatmaps/tissue.tif/tissue.h5';
const polling = { interval: 50 };
const folder = temporaryFolder();
const disk = smallDisk(join(folder, 'disk'), 12 * 1024 ** 2);
let catalogue: SmallCatalogue;
beforeAll(async () => {
  catalogue = await smallCatalogue();
});
afterAll(async () => {
  disk?.unmount();
  await rm(catalogue.root, { recursive: true, force: true });
});

test.skipIf(!disk)(
  'a disk that fills while a server runs stops nothing, is told, and is made up for before it ends',
  async () => {
    const { slides, models } = catalogue;
    const store = join(folder, 'disk');
    const start = () => startCommand('serve', '--slides', slides, '--models', models, '--store', store, '--port', '0');
    let server = await start();
    const json = async (path: string, init?: RequestInit) => (await fetch(new URL(path, server.address), init)).json();
    const descriptor = (): Promise<HeatmapDescriptor> => json(`${HEATMAP}.json`);
    await descriptor();
    // As large as it gets.
    await writeFile(join(store, 'filler'), Buffer.alloc(20 * 1024 ** 2)).catch(() => {});
    await json(`${HEATMAP}/analysis`, { method: 'POST' });
    await expect.poll(async () => (await descriptor()).analysis.state, polling).toBe('done');
    expect((await descriptor()).analysis.patches).toEqual({ known: 150, total: 150 });
    await expect.poll(async () => (await descriptor()).storeProblem, polling).toContain('the disk is full');
    expect(server.stderr()).toContain('the disk is full');
    const tile = await fetch(new URL(`${HEATMAP}_files/11/1_1.npy`, server.address));
    expect(tile.headers.get('x-cam-missing')).toBe('0');

    await rm(join(store, 'filler'));
    await expect.poll(async () => (await descriptor()).storeProblem, polling).toBeNull();
    expect(server.stderr()).toContain('stored again');
    await server.stop();
    server = await start();
    expect((await descriptor()).analysis.patches.known).toBe(150);
    await server.stop();
  },
);

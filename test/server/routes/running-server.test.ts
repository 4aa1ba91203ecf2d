import { readFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { useServer } from '../../served-catalogue.ts';

const server = useServer();

const get = (path: string, init?: RequestInit) => fetch(new URL(path, server.address), init);
const getJson = async (path: string, init?: RequestInit) => (await get(path, init)).json();

/** Sends a signal to the worker processes, the server's only children. */
function signalWorkers(signal: NodeJS.Signals): void {
  const { pid } = server.process;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  for (const child of children) process.kill(Number(child), signal);
}

test('a tile is answered in time although the worker is held', async () => {
  await getJson('heatmaps/tissue.tif/tissue.h5.json');
  signalWorkers('SIGSTOP');
  try {
    const tile = await get('heatmaps/tissue.tif/tissue.h5_files/8/0_0.png?top=2&wait=0.5');
    expect(tile.status).toBe(200);
    expect(tile.headers.get('cache-control')).toBe('no-store');
    expect(await getJson('healthz')).toMatchObject({ status: 'ok' });
  } finally {
    signalWorkers('SIGCONT');
  }
  const tile = await get('heatmaps/tissue.tif/tissue.h5_files/8/0_0.png?top=2');
  expect(tile.headers.get('x-cam-missing')).toBe('0');
});

test('a tile is answered although the worker is killed while it computes', async () => {
  const answer = get('heatmaps/tissue.tif/tissue.h5_files/11/3_3.npy');
  signalWorkers('SIGKILL');
  const tile = await answer;
  expect(tile.status).toBe(200);
  expect(tile.headers.get('x-cam-missing')).toBe('0');
  expect(server.stderr()).toContain('started again');
});

test('new names in the manifest change neither what is known nor an analysis that runs', async () => {
  const address = 'heatmaps/tissue.tif/tissue.h5/analysis';
  await get(address, { method: 'POST' });
  const manifest = join(server.models, 'tissue.manifest.json');
  const content = JSON.parse(await readFile(manifest, 'utf8'));
  content.classes[0].name = 'Renamed';
  await writeFile(manifest, JSON.stringify(content));
  const { classes } = await getJson('heatmaps/tissue.tif/tissue.h5.json');
  expect(classes[0].name).toBe('Renamed');
  await expect.poll(async () => (await getJson(address)).state).toBe('done');
  const { classified } = await getJson('healthz');
  const { patches } = await getJson(address);
  expect(patches).toEqual({ known: 150, total: 150 });
  // The task that the killed worker had is counted once.
  expect(classified).toBe(150);
});

test('a damaged spot fails the tiles that touch it, and no other', async () => {
  const file = join(server.slides, 'damaged.tif');
  await sharp(join(server.slides, 'tissue.tif'))
    .tiff({ tile: true, tileWidth: 256, tileHeight: 256, compression: 'deflate' })
    .toFile(file);
  const bytes = await readFile(file);
  // About a third of the way down.
  const start = Math.floor(bytes.length * 0.3);
  bytes.fill(0x55, start, start + 60_000);
  await writeFile(file, bytes);
  await writeFile(`${file}.json`, '{ "mpp": 0.5 }');
  const tiles = Array.from({ length: 48 }, (_, i) => `${i % 8}_${Math.floor(i / 8)}`);
  const statusOf = async (tile: string) => (await get(`heatmaps/damaged.tif/tissue.h5_files/11/${tile}.npy`)).status;
  const together = await Promise.all(tiles.map(statusOf));
  const failed = together.filter((status) => status !== 200);
  expect(new Set(failed)).toEqual(new Set([422]));
  expect(failed.length).toBeLessThanOrEqual(20);
  const oneByOne: number[] = [];
  for (const tile of tiles) oneByOne.push(await statusOf(tile));
  expect(together).toEqual(oneByOne);
});

test('a store that somebody emptied is filled again', async () => {
  const tile = 'slides/brain:piece.png_files/10/0_0.png';
  const before = Buffer.from(await (await get(tile)).arrayBuffer());
  await rm(server.store, { recursive: true });
  const after = await get(tile);
  expect(after.status).toBe(200);
  expect(before.equals(Buffer.from(await after.arrayBuffer()))).toBe(true);
});

test('messages do not tell where the folders lie', async () => {
  for (const path of ['slides/text.png.dzi', 'heatmaps/tissue.tif/cut.h5.json', 'heatmaps/tiny.png/tissue.h5.json']) {
    const { error } = await getJson(path);
    expect(error.message).not.toContain(server.root);
  }
  expect(JSON.stringify(await getJson('models'))).not.toContain(server.root);
});

test('a page of another origin cannot start an analysis; the server’s own can', async () => {
  const post = (origin: string) =>
    get('heatmaps/brain:piece.png/tissue.h5/analysis', { method: 'POST', headers: { Origin: origin } });
  expect((await post('https://evil.example')).status).toBe(403);
  expect((await getJson('heatmaps/brain:piece.png/tissue.h5/analysis')).state).toBe('none');
  expect((await post(new URL(server.address).origin)).status).toBe(202);
});

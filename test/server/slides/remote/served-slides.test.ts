import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningCommand, runCommand, startCommand } from '../../../command-line.ts';
import { type SmallCatalogue, smallCatalogue } from '../../../small-catalogue.ts';
import { iiifServer } from './iiif-server.ts';
import { type TileServer, tileServer } from './tile-server.ts';

let catalogue: SmallCatalogue;
let origin: RunningCommand;
let iiif: TileServer;
/** Takes requests and answers none. */
let silent: TileServer;
let model: string;
/** Tiles of full resolution that the IIIF server does not have. */
const missing = new Set<string>();
/** Whether it answers nothing but that it is in trouble. */
let isDown = false;

beforeAll(async () => {
  catalogue = await smallCatalogue();
  const { slides, models, store } = catalogue;
  model = join(models, 'tissue.h5');
  origin = await startCommand('serve', '--slides', slides, '--models', models, '--store', store, '--port', '0');
  silent = await tileServer(() => {});
  const tissue = await sharp(join(slides, 'tissue.tif')).raw().toBuffer({ resolveWithObject: true });
  const { width, height } = tissue.info;
  const tiles = [{ width: 256, scaleFactors: [1, 2, 4, 8] }];
  const answer = iiifServer({ data: tissue.data, width, height }, { version: 3, level: 2, info: { tiles } });
  iiif = await tileServer((request, response) => {
    const isMissing = [...missing].some((region) => request.url?.includes(`/${region}/`));
    if (isDown) response.writeHead(503).end();
    else if (isMissing) response.writeHead(404).end();
    else void answer(request, response);
  });
});
afterAll(async () => {
  await origin?.stop();
  await rm(catalogue.root, { recursive: true, force: true });
});

const originHost = () => new URL(origin.address).host;

/** A file that tells of a remote slide. */
async function written(name: string, source: object): Promise<string> {
  const file = join(catalogue.root, `${name}.json`);
  await writeFile(file, JSON.stringify({ ...source, mpp: 0.5 }));
  return file;
}

/** Everything but the slide's name and the time it took. */
async function breakdownOf(slide: string): Promise<{ class: string; probability: number }[]> {
  const hosts = ['--remote-host', originHost(), '--remote-host', iiif.host];
  const store = join(catalogue.root, 'other-store');
  const { status, stdout, stderr } = await runCommand('analyze', slide, model, '--store', store, ...hosts, '--json');
  expect([status, stderr]).toEqual([0, '']);
  const { breakdown, exact, patches } = JSON.parse(stdout);
  expect([exact, patches.known]).toEqual([true, patches.total]);
  return breakdown;
}

describe('the breakdown of a slide', () => {
  let expected: Awaited<ReturnType<typeof breakdownOf>>;
  beforeAll(async () => {
    expected = await breakdownOf(join(catalogue.slides, 'tissue.tif'));
  });

  test('is the same through its own Deep Zoom tiles and through IIIF, where those are lossless', async () => {
    const dzi = { type: 'dzi', url: `${origin.address}slides/tissue.tif.dzi?format=png` };
    expect(await breakdownOf(await written('dzi-png', dzi))).toEqual(expected);
    const image = { type: 'iiif', url: `${iiif.address}/tissue`, format: 'png' };
    expect(await breakdownOf(await written('iiif-png', image))).toEqual(expected);
  });

  test('is nearly the same through JPEG', async () => {
    const sources = [
      await written('dzi-jpeg', { type: 'dzi', url: `${origin.address}slides/tissue.tif.dzi` }),
      await written('iiif-jpeg', { type: 'iiif', url: `${iiif.address}/tissue/info.json` }),
    ];
    for (const source of sources) {
      const found = await breakdownOf(source);
      expect(found.map((row) => row.class)).toEqual(expected.map((row) => row.class));
      const differences = found.map(({ probability }, i) => Math.abs(probability - expected[i].probability));
      expect(Math.max(...differences)).toBeLessThan(1e-2);
      // Others than the lossless ones.
      expect(Math.max(...differences)).toBeGreaterThan(0);
    }
  });
});

describe('a server of remote slides', () => {
  let server: RunningCommand;
  const get = (path: string) => fetch(new URL(path, server.address));

  beforeAll(async () => {
    const slides = join(catalogue.root, 'remote-slides');
    await mkdir(slides);
    const about = { title: 'Far away', mpp: 0.5 };
    const sources = {
      'a.json': { type: 'dzi', url: `${origin.address}slides/tissue.tif.dzi?format=png`, ...about },
      'b.json': { type: 'iiif', url: `${iiif.address}/tissue`, format: 'png', mpp: 0.5 },
      'bare.json': { type: 'iiif', url: `${iiif.address}/tissue` },
      'c.json': { type: 'dzi', url: 'http://tiles.example.org/c.dzi' },
      'd.json': { type: 'dzi', url: `${origin.address}slides/nothing.tif.dzi` },
      'e.tif.json': { mpp: 1 },
      'f.json': { type: 'dzi', url: `${silent.address}/f.dzi` },
    };
    for (const [name, source] of Object.entries(sources)) await writeFile(join(slides, name), JSON.stringify(source));
    const config = join(catalogue.root, 'serve.json');
    await writeFile(config, JSON.stringify({ slides, remoteHost: [originHost(), iiif.host, silent.host], port: 0 }));
    const store = join(catalogue.root, 'third-store');
    server = await startCommand('serve', '--config', config, '--models', catalogue.models, '--store', store);
  });
  afterAll(() => server?.stop());

  test('lists those that can be read, and says why the others cannot, without waiting for a server that is silent', async () => {
    const list = async () => (await get('slides')).json();
    // Somebody else needs the processor, too: what is not there within a second is in a later list.
    await expect.poll(async () => (await list()).slides.length, { timeout: 20_000 }).toBe(3);
    const { slides, unreadable } = await list();
    const size = { width: 2000, height: 1300 };
    expect(slides).toEqual([
      { id: 'a.json', title: 'Far away', ...size, mpp: 0.5, format: 'Deep Zoom (remote)' },
      { id: 'b.json', title: 'b', ...size, mpp: 0.5, format: 'IIIF 3 (remote)' },
      { id: 'bare.json', title: 'bare', ...size, mpp: null, format: 'IIIF 3 (remote)' },
    ]);
    expect(unreadable.map(({ id }: { id: string }) => id)).toEqual(['c.json', 'd.json', 'f.json']);
    expect(unreadable[0].message).toContain('--remote-host, tiles.example.org is not one');
    expect(unreadable[1].message).toContain('it is missing there (status 404)');
    expect(unreadable[2].message).toMatch(/f\.json is not reached yet|it was not there whole after 8 s/);
  });

  test('serves their tiles, the same bytes as the server that has the file', async () => {
    for (const path of ['11/3_2.png', '11/7_5.png', '10/1_1.png', '8/0_0.png']) {
      const own = await fetch(new URL(`slides/tissue.tif_files/${path}`, origin.address));
      const remote = await get(`slides/a.json_files/${path}`);
      expect(remote.status).toBe(200);
      expect(Buffer.compare(Buffer.from(await remote.arrayBuffer()), Buffer.from(await own.arrayBuffer()))).toBe(0);
    }
  });

  test('says where a resolution that is missing belongs', async () => {
    const { error } = await (await get('heatmaps/bare.json/tissue.h5.json')).json();
    expect(error.message).toContain('found none; give them in the file itself, as "mpp": 0.5');
  });

  test('fails the patches and tiles over a tile that is missing, and no other', async () => {
    missing.add('512,512,256,256');
    const tile = async (path: string) => {
      const answer = await get(path);
      return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
    };
    const damaged = await tile('slides/b.json_files/11/2_2.png');
    expect(damaged).toMatchObject({ status: 422, type: expect.stringContaining('json') });
    expect(damaged.text).toContain(
      `b.json cannot be read as a slide: its tile ${iiif.address}/tissue/512,512,256,256/256,256/0/default.png cannot be used: it is missing there (status 404)`,
    );
    expect((await tile('slides/b.json_files/11/0_0.png')).status).toBe(200);
    const heatmap = 'heatmaps/b.json/tissue.h5';
    expect((await tile(`${heatmap}_files/11/2_2.npy`)).status).toBe(422);
    expect((await tile(`${heatmap}_files/11/6_4.npy`)).status).toBe(200);
    missing.clear();
    expect((await tile(`${heatmap}_files/11/2_2.npy`)).status).toBe(200);
  });

  test('shows what is known while the other server is down, and an analysis waits for it', async () => {
    const heatmap = 'heatmaps/b.json/tissue.h5';
    const analysis = async (init?: RequestInit) => {
      return (await fetch(new URL(`${heatmap}/analysis`, server.address), init)).json();
    };
    isDown = true;
    const far = await get('slides/b.json_files/11/7_5.png');
    expect([far.status, far.headers.get('retry-after')]).toEqual([503, '5']);
    expect((await far.json()).error).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('its server answered with status 503; try again later'),
    });
    const tile = await get(`${heatmap}_files/11/7_0.npy`);
    expect([tile.status, tile.headers.get('cache-control')]).toEqual([200, 'no-store']);
    await analysis({ method: 'POST' });
    // Until it has given up for now: nothing more is asked for.
    let asked = iiif.asked.length;
    const isQuiet = () => {
      const before = asked;
      asked = iiif.asked.length;
      return before === asked;
    };
    await expect.poll(isQuiet, { interval: 4000 }).toBe(true);
    expect((await analysis()).state).toBe('running');
    isDown = false;
    await expect.poll(async () => (await analysis()).state, { timeout: 60_000, interval: 500 }).toBe('done');
    const { patches } = await analysis();
    expect(patches.known).toBe(patches.total);
  });
});

test('the command line says which host has to be named', async () => {
  const file = await written('unnamed', { type: 'dzi', url: `${origin.address}slides/tissue.tif.dzi` });
  const refused = await runCommand('inspect', file);
  expect(refused.status).toBe(1);
  expect(refused.stderr).toBe(
    `openseadragon-cam: unnamed.json cannot be read as a slide: ${origin.address}slides/tissue.tif.dzi cannot be used: pixels are fetched only from hosts named with --remote-host, ${originHost()} is not one\n`,
  );
  const told = await runCommand('inspect', file, '--remote-host', originHost(), '--json');
  expect(JSON.parse(told.stdout)).toMatchObject({ format: 'Deep Zoom (remote)', width: 2000, height: 1300 });
  const wrong = await runCommand('inspect', file, '--remote-host', 'https://a/b');
  expect(wrong.stderr).toContain('--remote-host: expected HOST or HOST:PORT, found "https://a/b"');
});

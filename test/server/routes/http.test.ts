import { rm } from 'node:fs/promises';
import { request } from 'node:http';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeNpy } from '../../../shared/codecs/npy.ts';
import type { HeatmapDescriptor } from '../../../shared/heatmap-descriptor.ts';
import { type RunningCommand, startCommand } from '../../command-line.ts';
import { type SmallCatalogue, smallCatalogue } from '../../small-catalogue.ts';

let catalogue: SmallCatalogue;
let server: RunningCommand;

beforeAll(async () => {
  catalogue = await smallCatalogue();
  const { slides, models, store } = catalogue;
  server = await startCommand(
    ...['serve', '--slides', slides, '--models', models, '--store', store, '--port', '0'],
    ...['--cors', 'https://viewer.example'],
  );
});
afterAll(async () => {
  await server?.stop();
  await rm(catalogue.root, { recursive: true });
});

const get = (path: string, init?: RequestInit) => fetch(new URL(path, server.address), init);
const getJson = async (path: string, init?: RequestInit) => (await get(path, init)).json();
const HEATMAP = 'heatmaps/tissue.tif/tissue.h5';

test('lists slides and models; those that cannot be read are told apart, with the reason', async () => {
  const { slides, unreadable } = await getJson('slides');
  expect(slides.map(({ id }: { id: string }) => id)).toEqual(['brain:piece.png', 'cut.png', 'tiny.png', 'tissue.tif']);
  expect(slides.at(-1)).toMatchObject({ title: 'tissue', width: 2000, height: 1300, format: 'TIFF' });
  expect(unreadable).toMatchObject([{ id: 'text.png', message: expect.stringContaining('text.png') }]);
  const models = await getJson('models');
  expect(models.models.map(({ id }: { id: string }) => id)).toEqual(['tissue.h5']);
  expect(models.unreadable.map(({ id }: { id: string }) => id)).toEqual(['cut.h5', 'json.h5', 'names.h5', 'text.onnx']);
});

test('a slide in a subfolder is a Deep Zoom image', async () => {
  const dzi = await get('slides/brain%3Apiece.png.dzi?format=png');
  expect(dzi.headers.get('content-type')).toContain('application/xml');
  expect(await dzi.text()).toMatch(/Format="png" Overlap="0" TileSize="256">\s*<Size Width="700" Height="500"/);
  const tile = await get('slides/brain:piece.png_files/10/2_1.png');
  expect(await sharp(await tile.arrayBuffer()).metadata()).toMatchObject({ format: 'png', width: 188, height: 244 });
});

test('a thumbnail is the whole slide, and not sent twice', async () => {
  const thumbnail = await get('slides/brain%3Apiece.png/thumbnail.jpeg');
  expect(thumbnail.headers.get('cache-control')).toBe('no-cache');
  expect(await sharp(await thumbnail.arrayBuffer()).metadata()).toMatchObject({
    format: 'jpeg',
    width: 256,
    height: 183,
  });
  const etag = thumbnail.headers.get('etag') ?? '';
  const again = await get('slides/brain%3Apiece.png/thumbnail.jpeg', {
    // Else `fetch` adds no-cache by itself.
    headers: { 'if-none-match': etag, 'cache-control': 'max-age=0' },
  });
  expect(again.status).toBe(304);
  const png = await get('slides/brain%3Apiece.png/thumbnail.png?size=100');
  expect(await sharp(await png.arrayBuffer()).metadata()).toMatchObject({ format: 'png', width: 100, height: 71 });
});

describe('a heatmap', () => {
  test('has exactly the size of its slide and describes its tiles', async () => {
    const descriptor: HeatmapDescriptor = await getJson(`${HEATMAP}.json`);
    expect(descriptor).toMatchObject({ width: 2000, height: 1300, tileSize: 256, overlap: 1, maxLevel: 11 });
    expect(descriptor.grid).toMatchObject({ rows: 10, columns: 15, downsample: 1 });
    expect(await (await get(`${HEATMAP}.dzi?top=2`)).text()).toMatch(
      /Overlap="1"[^>]*>\s*<Size Width="2000" Height="1300"/,
    );
  });

  test('score tiles are NumPy arrays with the planes that were asked for', async () => {
    const tile = await get(`${HEATMAP}_files/11/1_1.npy?classes=0,2`);
    expect(tile.headers.get('x-cam-missing')).toBe('0');
    const { dtype, shape } = decodeNpy(new Uint8Array(await tile.arrayBuffer()));
    expect(dtype).toBe('|u1');
    expect(shape[0]).toBe(4);
    const cam = decodeNpy(new Uint8Array(await (await get(`${HEATMAP}_files/11/1_1.npy?score=cam`)).arrayBuffer()));
    expect(cam.dtype).toBe('<f2');
  });

  test('painted tiles are PNG or lossless WebP of the same pixels', async () => {
    const [png, webp] = await Promise.all(
      ['png', 'webp'].map(async (format) => {
        const tile = await get(`${HEATMAP}_files/10/1_1.${format}?top=3&opacity=0.7`);
        return sharp(await tile.arrayBuffer())
          .raw()
          .toBuffer({ resolveWithObject: true });
      }),
    );
    expect(png.info).toMatchObject({ width: 258, height: 258, channels: 4 });
    expect(webp.data.equals(png.data)).toBe(true);
  });

  test('an exact tile with its fingerprint is immutable; another fingerprint, or none, is not', async () => {
    const { fingerprint } = await getJson(`${HEATMAP}.json`);
    const address = `${HEATMAP}_files/11/0_0.npy`;
    const now = await get(`${address}?v=${fingerprint}`);
    expect(now.headers.get('cache-control')).toContain('immutable');
    expect((await get(`${address}?v=old`)).headers.get('cache-control')).toBe('no-cache');
    const etag = now.headers.get('etag') ?? '';
    // Node's fetch would add `no-cache`, which asks for the whole answer.
    const headers = { 'If-None-Match': etag, 'Cache-Control': 'max-age=0' };
    const again = await get(address, { headers });
    expect(again.status).toBe(304);
  });

  test('a tile that may not wait has what is known, and is not stored', async () => {
    const tile = await get('heatmaps/brain:piece.png/tissue.h5_files/10/0_0.npy?wait=0');
    expect(tile.status).toBe(200);
    expect(tile.headers.get('cache-control')).toBe('no-store');
    expect(Number(tile.headers.get('x-cam-missing'))).toBeGreaterThan(0);
    const { data, shape } = decodeNpy(new Uint8Array(await tile.arrayBuffer()));
    const plane = shape[1] * shape[2];
    expect(data.subarray(-2 * plane).every((value) => value === 0)).toBe(true);
  });

  test('tells every class at a point, nothing in the remainder, and the breakdown of a region', async () => {
    const { patch, classes } = await getJson(`${HEATMAP}/score?x=300&y=200`);
    expect(patch).toEqual({ x: 256, y: 128, width: 128, height: 128, row: 1, column: 2 });
    const sum = classes.reduce((total: number, { probability }: { probability: number }) => total + probability, 0);
    expect(sum).toBeCloseTo(1, 5);
    expect(await getJson(`${HEATMAP}/score?x=1990&y=1290`)).toMatchObject({ patch: null, classes: null });
    const region = await getJson(`${HEATMAP}/breakdown?region=256,128,128,128`);
    expect(region).toMatchObject({ exact: true, of: 'region', patches: { known: 1, total: 1 } });
    expect(region.breakdown[0].probability).toBeCloseTo(classes[0].probability, 6);
  });

  test('a whole-slide analysis runs until every patch is known', async () => {
    const address = 'heatmaps/brain:piece.png/tissue.h5/analysis';
    const started = await get(address, { method: 'POST' });
    expect(started.status).toBe(202);
    await expect.poll(async () => (await getJson(address)).state).toBe('done');
    expect(await getJson(address)).toMatchObject({ missing: 0, patches: { known: 15, total: 15 } });
    expect(await getJson('heatmaps/brain:piece.png/tissue.h5/breakdown')).toMatchObject({ exact: true });
  });
});

describe('a wrong request is told in one sentence', () => {
  test.each([
    ['slides/none.png.dzi', 404, 'none.png'],
    ['slides/text.png.dzi', 422, 'text.png'],
    ['slides/cut.png_files/10/0_0.png', 422, 'cut.png'],
    ['slides/..%2F..%2Fetc%2Fpasswd.dzi', 404, 'passwd'],
    ['slides/..:tissue.tif.dzi', 404, 'tissue.tif'],
    ['slides/%2e%2e%2fslides%2ftissue.tif.dzi', 404, 'tissue.tif'],
    ['slides/tissue.tif_files/12/0_0.jpeg', 404, 'no such tile'],
    ['slides/tissue.tif_files/11/8_0.jpeg', 404, 'no such tile'],
    ['slides/tissue.tif.dzi?format=gif', 400, 'one of jpeg, png'],
    ['slides/tissue.tif/thumbnail.jpeg?size=0', 400, 'from 1 to 2048'],
    ['slides/tissue.tif/thumbnail.jpeg?size=9999', 400, 'from 1 to 2048'],
    ['slides/tissue.tif/thumbnail.gif', 404, 'nothing'],
    ['slides/none.tif/thumbnail.jpeg', 404, 'none.tif'],
    ['slides/cut.png/thumbnail.png', 422, 'cut.png'],
    ['heatmaps/tissue.tif/none.h5.json', 404, 'none.h5'],
    ['heatmaps/tissue.tif/..%2Fmodels%2Ftissue.h5.json', 404, 'tissue.h5'],
    ['heatmaps/tiny.png/tissue.h5.json', 422, '40 x 30'],
    ['heatmaps/tissue.tif/cut.h5.json', 422, 'cut.h5'],
    ['heatmaps/tissue.tif/text.onnx.json', 422, 'text.onnx'],
    ['heatmaps/tissue.tif/json.h5.json', 422, 'json.manifest.json'],
    ['heatmaps/tissue.tif/names.h5.json', 422, 'names.manifest.json'],
    [`${HEATMAP}_files/12/0_0.png`, 404, 'no such tile'],
    [`${HEATMAP}_files/11/0_6.npy`, 404, 'no such tile'],
    [`${HEATMAP}_files/11/0_0.gif`, 404, '.npy, .png or .webp'],
    [`${HEATMAP}_files/11/0_0.png?class=Nothing`, 400, 'expected one of'],
    [`${HEATMAP}.dzi?class=Nothing`, 400, 'expected one of'],
    [`${HEATMAP}_files/11/0_0.png?opacity=1.5`, 400, 'from 0 to 1'],
    [`${HEATMAP}_files/11/0_0.png?colormap=jet`, 400, 'viridis'],
    [`${HEATMAP}_files/11/0_0.png?top=0`, 400, 'top'],
    [`${HEATMAP}_files/11/0_0.png?wait=60`, 400, '0 to 10'],
    [`${HEATMAP}_files/11/0_0.npy?classes=99`, 400, 'classes'],
    [`${HEATMAP}_files/11/0_0.npy?score=sum`, 400, 'probability, cam, patch'],
    [`${HEATMAP}/score?x=5000&y=1`, 400, '1999'],
    [`${HEATMAP}/score?x=5`, 400, 'y: expected'],
    [`${HEATMAP}/breakdown?region=1,2,3`, 400, 'x,y,width,height'],
    ['nowhere', 404, 'nothing'],
  ])('%s', async (path, status, words) => {
    const answer = await get(path);
    expect(answer.status).toBe(status);
    const { error } = await answer.json();
    expect(error.message).toContain(words);
    expect(error.message).not.toMatch(/\n|at .*\.js:/);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  test('and the server goes on', async () => {
    expect(await getJson('healthz')).toMatchObject({ status: 'ok' });
    expect((await get(`${HEATMAP}_files/11/0_0.png`)).status).toBe(200);
  });
});

describe('who may read', () => {
  test.each([
    ['https://viewer.example', 'https://viewer.example'],
    ['https://other.example', null],
  ])('a page of %s gets Access-Control-Allow-Origin: %s', async (origin, expected) => {
    const answer = await get('slides', { headers: { Origin: origin } });
    expect(answer.headers.get('access-control-allow-origin')).toBe(expected);
    const preflight = await get('slides', {
      method: 'OPTIONS',
      headers: {
        Origin: origin,
        'Access-Control-Request-Method': 'GET',
        'Access-Control-Request-Headers': 'authorization',
      },
    });
    expect(preflight.headers.get('access-control-allow-headers')).toBe(expected && 'authorization');
  });

  test('a server on a loopback address answers to loopback names only', async () => {
    const { port } = new URL(server.address);
    const statusFor = (host: string) =>
      new Promise((resolve) => {
        request({ host: '127.0.0.1', port, path: '/slides', headers: { Host: host } }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        }).end();
      });
    expect(await statusFor(`localhost:${port}`)).toBe(200);
    expect(await statusFor(`evil.example:${port}`)).toBe(403);
  });
});

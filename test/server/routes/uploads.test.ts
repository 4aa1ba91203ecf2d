import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningCommand, startCommand } from '../../command-line.ts';
import { type SmallCatalogue, smallCatalogue } from '../../small-catalogue.ts';

let catalogue: SmallCatalogue;
let server: RunningCommand;
let piece: Buffer;

const serve = (...options: string[]) => {
  const { slides, models, store } = catalogue;
  return startCommand(
    ...['serve', '--slides', slides, '--models', models, '--store', store, '--port', '0'],
    ...['--cors', 'https://viewer.example', ...options],
  );
};

beforeAll(async () => {
  catalogue = await smallCatalogue();
  piece = await readFile(join(catalogue.slides, 'brain/piece.png'));
  server = await serve('--uploads', '2');
});
afterAll(async () => {
  await server?.stop();
  await rm(catalogue.root, { recursive: true });
});

const get = (path: string, init?: RequestInit) => fetch(new URL(path, server.address), init);
const getJson = async (path: string) => (await get(path)).json();
const upload = (query: string, body: Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
  get(`uploads?${query}`, { method: 'POST', body, headers });
const bytes = () => new Uint8Array(piece);

/** What uploads have on disk, the locks of running servers left out. */
async function filesLeft(): Promise<string[]> {
  const all = await readdir(join(catalogue.store, 'uploads'), { recursive: true, withFileTypes: true }).catch(() => []);
  return all.filter((entry) => entry.isFile() && !entry.name.startsWith('lock')).map(({ name }) => name);
}

test('an image that was added is a slide with heatmaps, listed to nobody and removed with all of them', async () => {
  const answer = await upload('name=cells.png&mpp=0.5', bytes(), { Origin: new URL(server.address).origin });
  expect(answer.status).toBe(201);
  const { id, ...rest } = await answer.json();
  expect(rest).toEqual({ title: 'cells.png', width: 700, height: 500, mpp: 0.5, format: 'PNG' });
  expect(id).toMatch(/^upload:[\w-]{22}$/);
  const name = encodeURIComponent(id);
  expect(answer.headers.get('location')).toBe(`uploads/${name}`);

  expect(JSON.stringify(await getJson('slides'))).not.toContain(id);
  expect((await get(`slides/${name}_files/10/0_0.png`)).status).toBe(200);
  const tile = await get(`heatmaps/${name}/tissue.h5_files/10/0_0.npy`);
  expect(tile.headers.get('x-cam-missing')).toBe('0');
  const analysis = `heatmaps/${name}/tissue.h5/analysis`;
  await get(analysis, { method: 'POST' });
  await expect.poll(async () => (await getJson(analysis)).state).toBe('done');
  // The same pixels in the catalogue have a heatmap of their own there, and the same values.
  await get('heatmaps/brain:piece.png/tissue.h5/analysis', { method: 'POST' });
  const own = async () => (await getJson('heatmaps/brain:piece.png/tissue.h5/analysis')).state;
  await expect.poll(own).toBe('done');
  const { breakdown } = await getJson(`heatmaps/${name}/tissue.h5/breakdown`);
  expect(breakdown).toEqual((await getJson('heatmaps/brain:piece.png/tissue.h5/breakdown')).breakdown);

  expect((await filesLeft()).length).toBeGreaterThan(3);
  expect((await get(`uploads/${name}`, { method: 'DELETE' })).status).toBe(204);
  expect(await filesLeft()).toEqual([]);
  for (const path of [`slides/${name}.dzi`, `heatmaps/${name}/tissue.h5.json`, `uploads/${name}`]) {
    expect((await get(path)).status).toBe(404);
  }
  expect((await getJson(`slides/${name}.dzi`)).error.message).toContain('no longer here');
});

test('a model that names its resolution gets it when it is said, and is told what is missing before', async () => {
  // That of a screen, which says nothing of a microscope.
  const unknown = await sharp(piece).withMetadata({ density: 72 }).png().toBuffer();
  const { id } = await (await upload('name=unknown.png', new Uint8Array(unknown))).json();
  const heatmap = `heatmaps/${encodeURIComponent(id)}/tissue.h5.json`;
  const { error } = await getJson(heatmap);
  expect(error.message).toMatch(/^unknown\.png: expected its microns per pixel.*say them when the image is added$/);
  const { models } = await getJson('models');
  const told = await get(`uploads/${encodeURIComponent(id)}?mpp=${models[0].mpp}`, { method: 'PUT' });
  expect(await told.json()).toMatchObject({ id, mpp: 0.5 });
  expect((await get(heatmap)).status).toBe(200);
});

test('an image can be removed while somebody looks at it and it is analysed', async () => {
  const before = await filesLeft();
  const large = await sharp(join(catalogue.slides, 'tissue.tif')).jpeg().toBuffer();
  const { id } = await (await upload('name=large.jpg&mpp=0.5', new Uint8Array(large))).json();
  const heatmap = `heatmaps/${encodeURIComponent(id)}/tissue.h5`;
  await get(`${heatmap}/analysis`, { method: 'POST' });
  const gone = new AbortController();
  const view = await get('view', {
    method: 'POST',
    body: JSON.stringify([{ heatmap: `/${heatmap}.json`, region: [0, 0, 2000, 1300], level: 11 }]),
    signal: gone.signal,
  });
  const reader = view.body?.getReader();
  await reader?.read();
  expect((await get(`uploads/${encodeURIComponent(id)}`, { method: 'DELETE' })).status).toBe(204);
  expect(await filesLeft()).toEqual(before);
  expect((await get(`${heatmap}/analysis`)).status).toBe(404);
  gone.abort();
  const waiting = async () => (await getJson('healthz')).waiting;
  await expect.poll(waiting).toEqual({ wishes: 0, tasks: 0 });
  expect(await filesLeft()).toEqual(before);
  expect(server.stderr()).not.toMatch(/"level":50|Error/);
});

test('what is no image is refused in one sentence, and nothing of it is left', async () => {
  const before = await filesLeft();
  const answer = await upload('name=notes.txt', new Uint8Array(Buffer.from('no image at all')));
  expect(answer.status).toBe(422);
  const { error } = await answer.json();
  expect(error.message).toMatch(/^notes\.txt cannot be read as a slide: [^\n]*$/);
  expect(await filesLeft()).toEqual(before);
});

test('a length that is too large is answered before the body is sent', async () => {
  const answer = await new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    const headers = { 'Content-Length': 3_000_000_000 };
    const sent = request(new URL('uploads', server.address), { method: 'POST', headers }, (response) => {
      let text = '';
      response.on('data', (part) => {
        text += part;
      });
      response.on('end', () => {
        resolve({ status: response.statusCode, text });
        sent.destroy();
      });
    });
    sent.on('error', reject);
    sent.write('x');
  });
  expect(answer.status).toBe(413);
  expect(JSON.parse(answer.text).error.message).toContain('at most 2 MB');
});

test('a body without a length is refused once it is too large', async () => {
  let sentBytes = 0;
  const stream = new ReadableStream({
    pull(controller) {
      sentBytes += 100_000;
      controller.enqueue(new Uint8Array(100_000));
      if (sentBytes >= 4_000_000) controller.close();
    },
  });
  const before = await filesLeft();
  const init = { method: 'POST', body: stream, duplex: 'half' as const };
  expect((await get('uploads?name=a.png', init)).status).toBe(413);
  expect(await filesLeft()).toEqual(before);
});

test('a client that goes away in the middle leaves nothing', async () => {
  const before = await filesLeft();
  const sent = request(new URL('uploads?name=half.png', server.address), {
    method: 'POST',
    headers: { 'Content-Length': piece.length },
  });
  sent.on('error', () => {});
  sent.write(piece.subarray(0, 1000));
  await expect.poll(filesLeft).toContain('half.png');
  sent.destroy();
  await expect.poll(filesLeft).toEqual(before);
});

test.each(['https://evil.example', 'https://viewer.example', 'null'])(
  'a page of the origin %s cannot add or remove an image',
  async (origin) => {
    const { id } = await (await upload('name=a.png', bytes())).json();
    const foreign = await upload('name=b.png', bytes(), { Origin: origin });
    expect(foreign.status).toBe(403);
    const path = `uploads/${encodeURIComponent(id)}`;
    expect((await get(path, { method: 'DELETE', headers: { Origin: origin } })).status).toBe(403);
    expect((await get(path)).status).toBe(200);
    await get(path, { method: 'DELETE' });
  },
);

test.each(['mpp=0', 'mpp=much', 'mpp=-1'])('%s is told', async (query) => {
  const answer = await upload(query, bytes());
  expect(answer.status).toBe(400);
  expect((await answer.json()).error.message).toMatch(/^mpp: expected microns per pixel above 0/);
});

test('the list says whether images can be added; they cannot unless that was asked for', async () => {
  expect((await getJson('slides')).uploads).toEqual({ bytes: 2_000_000, seconds: 3600 });
  const plain = await serve();
  try {
    expect((await (await fetch(`${plain.address}slides`)).json()).uploads).toBe(null);
    const refused = await fetch(`${plain.address}uploads?name=a.png`, { method: 'POST', body: bytes() });
    expect(refused.status).toBe(405);
  } finally {
    await plain.stop();
  }
});

test('a server that ends takes all images along; one that was killed leaves that to the next', async () => {
  const own = await serve('--uploads');
  const add = (address: string) => fetch(`${address}uploads?name=own.png`, { method: 'POST', body: bytes() });
  await add(own.address);
  expect(await filesLeft()).toContain('own.png');
  await own.stop();
  expect(await filesLeft()).not.toContain('own.png');
  const killed = await serve('--uploads');
  await add(killed.address);
  const ended = new Promise((resolve) => killed.process.once('exit', resolve));
  killed.process.kill('SIGKILL');
  await ended;
  expect(await filesLeft()).toContain('own.png');
  const next = await serve();
  await expect.poll(filesLeft).not.toContain('own.png');
  await next.stop();
  // The one that still runs has kept its own.
  expect((await stat(join(catalogue.store, 'uploads'))).isDirectory()).toBe(true);
});

import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningCommand, startCommand, temporaryFolder } from '../../command-line.ts';

const FIXTURES = fileURLToPath(new URL('../../fixtures', import.meta.url));

/** One of each container, by folder; every refused one is beside them. */
const READABLE: Record<string, string> = {
  'keras-1.2.2-vgg': 'model.h5',
  'keras-3.15-vgg16': 'model.keras',
  'tfjs-converter-shards': 'model.json',
  'onnx-external-data': 'model.onnx',
};

let root: string;
let server: RunningCommand;
let refused: string[];

beforeAll(async () => {
  root = await temporaryFolder();
  for (const folder of ['models', 'slides']) await mkdir(join(root, folder));
  refused = (await readdir(FIXTURES)).filter((name) => name.startsWith('refuse-'));
  for (const folder of [...Object.keys(READABLE), ...refused]) {
    await cp(join(FIXTURES, folder), join(root, 'models', folder), { recursive: true });
  }
  await sharp({ create: { width: 300, height: 200, channels: 3, background: '#b08090' } })
    .png()
    .toFile(join(root, 'slides/slide.png'));
  const folders = ['--slides', join(root, 'slides'), '--models', join(root, 'models'), '--store', join(root, 'store')];
  server = await startCommand('serve', ...folders, '--port', '0');
});
afterAll(async () => {
  await server?.stop();
  await rm(root, { recursive: true, force: true });
});

const getJson = async (path: string) => (await fetch(new URL(path, server.address))).json();

test('every container is listed, and of every other file why it cannot be read, in one line without paths', async () => {
  const { models, unreadable } = await getJson('models');
  const ids = models.map(({ id }: { id: string }) => id);
  for (const [folder, file] of Object.entries(READABLE)) expect(ids).toContain(`${folder}:${file}`);
  const listed: { id: string; message: string }[] = unreadable;
  const folders = new Set(listed.map(({ id }) => id.split(':')[0]));
  expect([...folders].sort()).toEqual([...refused].sort());
  for (const { message } of listed) {
    expect(message).not.toContain('\n');
    expect(message).not.toContain(root);
    expect(message.length).toBeGreaterThan(20);
  }
  expect(await getJson('healthz')).toMatchObject({ status: 'ok' });
});

test.each(Object.entries(READABLE))('%s/%s has a heatmap', async (folder, file) => {
  const heatmap = `heatmaps/slide.png/${folder}:${file}`;
  const { engine, method, maxLevel } = await getJson(`${heatmap}.json`);
  expect({ engine, method }).toEqual({ engine: 'onnxruntime-float32', method: 'cam' });
  const tile = await fetch(new URL(`${heatmap}_files/${maxLevel}/0_0.png?top=2`, server.address));
  expect(tile.status).toBe(200);
  expect(tile.headers.get('x-cam-missing')).toBe('0');
});

test('a request for a refused one says why, and the server goes on', async () => {
  const { unreadable } = await getJson('models');
  for (const { id } of unreadable) {
    const response = await fetch(new URL(`heatmaps/slide.png/${id}.json`, server.address));
    expect(response.status).toBe(422);
    expect((await response.json()).error.code).toBe('unreadable-model');
  }
  expect(server.stderr()).not.toContain('died');
});

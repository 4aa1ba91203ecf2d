import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningCommand, startCommand, temporaryFolder } from '../../command-line.ts';
import { APERIO_PICTURES, aperioSlide } from '../slides/aperio-slide.ts';

let root: string;
let plain: RunningCommand;
let open: RunningCommand;

beforeAll(async () => {
  root = await temporaryFolder();
  const [slides, models] = ['slides', 'models'].map((name) => join(root, name));
  await mkdir(join(slides, 'case'), { recursive: true });
  await mkdir(models);
  await writeFile(join(slides, 'case', 'a.svs'), aperioSlide());
  const serve = (store: string, ...words: string[]) =>
    startCommand(
      'serve',
      '--slides',
      slides,
      '--models',
      models,
      '--store',
      join(root, store),
      '--port',
      '0',
      ...words,
    );
  [plain, open] = await Promise.all([serve('one'), serve('two', '--labels')]);
});
afterAll(async () => {
  await Promise.all([plain?.stop(), open?.stop()]);
  await rm(root, { recursive: true, force: true });
});

const SLIDE = 'slides/case%3Aa.svs';
const get = (server: RunningCommand, path: string, headers?: Record<string, string>) =>
  fetch(new URL(path, server.address), { headers });

test('lists and serves nothing that shows the label', async () => {
  expect(await (await get(plain, `${SLIDE}/associated`)).json()).toEqual({
    associated: [{ name: 'thumbnail', width: 128, height: 96 }],
  });
  for (const name of ['label', 'macro']) {
    const answer = await get(plain, `${SLIDE}/associated/${name}.png`);
    expect(answer.status).toBe(404);
    const { error } = await answer.json();
    expect(error.message).toMatch(new RegExp(`^"${name}" may show the slide's label.*--labels$`));
  }
});

test('with --labels it serves them', async () => {
  const { associated } = await (await get(open, `${SLIDE}/associated`)).json();
  expect(associated.map(({ name }: { name: string }) => name)).toEqual(['label', 'macro', 'thumbnail']);
  const answer = await get(open, `${SLIDE}/associated/label.png`);
  expect(answer.headers.get('content-type')).toBe('image/png');
  const pixels = await sharp(await answer.arrayBuffer())
    .raw()
    .toBuffer();
  expect(Buffer.compare(pixels, APERIO_PICTURES.label.data)).toBe(0);
});

test('what a client has is not sent again', async () => {
  const first = await get(plain, `${SLIDE}/associated/thumbnail.jpeg`);
  expect(first.headers.get('content-type')).toBe('image/jpeg');
  const etag = first.headers.get('etag') ?? '';
  const headers = { 'if-none-match': etag, 'cache-control': 'max-age=0' };
  expect((await get(plain, `${SLIDE}/associated/thumbnail.jpeg`, headers)).status).toBe(304);
});

test.each([
  [`${SLIDE}/associated/thumbnail.gif`, 'expected the name of an image and .jpeg or .png'],
  ['slides/none.svs/associated', 'none.svs'],
  ['slides/none.svs/associated/thumbnail.png', 'none.svs'],
])('%s is not found', async (path, words) => {
  const answer = await get(plain, path);
  expect(answer.status).toBe(404);
  expect((await answer.json()).error.message).toContain(words);
});

test('the thumbnail of a slide is made of the slide', async () => {
  const answer = await get(plain, `${SLIDE}/thumbnail.png?size=64`);
  expect(await sharp(await answer.arrayBuffer()).metadata()).toMatchObject({ width: 64, height: 48 });
});

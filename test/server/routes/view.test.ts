import { copyFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningCommand, startCommand } from '../../command-line.ts';
import { demoModelFiles, type SmallCatalogue, smallCatalogue } from '../../small-catalogue.ts';
import { isSharp, openView } from './event-reader.ts';

let catalogue: SmallCatalogue;
let server: RunningCommand;
const ORIGIN = 'https://viewer.example';
const HEATMAP = '/heatmaps/tissue.tif/tissue.h5.json';
/** The slide has 2,000 x 1,300 pixels: 11 levels and full resolution. */
const FULL = 11;

beforeAll(async () => {
  catalogue = await smallCatalogue();
  const { slides, models, store } = catalogue;
  // A map by gradients has no probability of a cell.
  await copyFile(demoModelFiles.model, join(models, 'logits.h5'));
  await writeFile(join(models, 'logits.manifest.json'), '{ "method": "hirescam" }');
  const folders = ['--slides', slides, '--models', models, '--store', store];
  server = await startCommand('serve', ...folders, '--cors', ORIGIN, '--port', '0');
});
afterAll(async () => {
  await server?.stop();
  await rm(catalogue.root, { recursive: true, force: true });
});

const getJson = async (path: string) => (await fetch(new URL(path, server.address))).json();
const idle = async () => {
  for (;;) {
    const { waiting } = await getJson('healthz');
    if (waiting.wishes === 0 && waiting.tasks === 0) return;
    await setTimeout(20);
  }
};

test('begins with every tile in view, has them computed, and tells each that became better', async () => {
  const view = await openView(server.address, [{ heatmap: HEATMAP, region: [0, 0, 600, 500], level: FULL }]);
  expect(view.headers.get('content-type')).toContain('text/event-stream');
  await view.until((event) => isSharp(event));
  view.close();
  const tiles = view.events.flatMap((event) => (event.name === 'tiles' ? [event.data.tiles] : []));
  expect(tiles[0].map(({ column, row }) => `${column}_${row}`)).toEqual(['0_0', '1_0', '2_0', '0_1', '1_1', '2_1']);
  const last = new Map(tiles.flat().map((tile) => [`${tile.column}_${tile.row}`, tile]));
  for (const [name, { revision, missing, exact }] of last) {
    expect({ missing, exact }).toEqual({ missing: 0, exact: true });
    const tile = await fetch(new URL(`heatmaps/tissue.tif/tissue.h5_files/${FULL}/${name}.npy?wait=0`, server.address));
    expect(tile.headers.get('x-cam-missing')).toBe('0');
    expect(Number(tile.headers.get('x-cam-revision'))).toBe(revision);
  }
  const revisions = tiles.flat().filter(({ column, row }) => column === 0 && row === 0);
  expect(revisions.every(({ revision }, i) => i === 0 || revision > revisions[i - 1].revision)).toBe(true);
});

test('tells the breakdown of view and slide, and how far it is', async () => {
  const view = await openView(server.address, [{ heatmap: HEATMAP, region: [700, 0, 300, 300], level: FULL }]);
  await view.until((event) => isSharp(event));
  const ofView = await view.until(({ name, data }) => name === 'breakdown' && data.scope === 'view' && data.exact);
  expect(ofView.data).toMatchObject({ view: 0, of: 'region' });
  const ofSlide = view.events.find(({ name, data }) => name === 'breakdown' && data.scope === 'slide');
  expect(ofSlide?.data).toMatchObject({ view: 0, of: 'slide', exact: false });
  view.close();
  const progress = view.events.flatMap((event) => (event.name === 'progress' ? [event.data] : []));
  expect(progress.at(-1)).toMatchObject({ missing: 0, secondsLeft: 0, analysis: { state: 'none' } });
  expect(progress.at(-1)?.patchesPerSecond).toBeGreaterThan(0);
});

test('tells the order of the classes where it is asked for, as painted tiles take it', async () => {
  const address = `${HEATMAP}?background=otsu`;
  expect((await getJson(address.slice(1))).classOrder).toBeNull();
  const view = { heatmap: address, region: [1900, 1200, 100, 100], level: FULL } as const;
  const opened = await openView(server.address, [view, { ...view, classOrder: true }]);
  const { data } = await opened.until(({ name }) => name === 'classOrder');
  opened.close();
  const { classOrder, classes, analysis } = await getJson(address.slice(1));
  expect(data).toEqual({ view: 1, classOrder });
  expect([...classOrder].sort()).toEqual(classes.map((_: unknown, index: number) => index));
  expect(analysis.missing).toBeGreaterThan(0);
  const [top, named] = await Promise.all(
    ['top=1&mode=blend', `class=${encodeURIComponent(classes[classOrder[0]].name)}&mode=blend`].map(async (query) => {
      const tile = await fetch(
        new URL(`heatmaps/tissue.tif/tissue.h5_files/8/0_0.png?background=otsu&${query}`, server.address),
      );
      return Buffer.from(await tile.arrayBuffer());
    }),
  );
  expect(top.equals(named)).toBe(true);
});

test('events are merged to at most four a second of a kind, whatever the number of tasks', async () => {
  const view = await openView(server.address, [{ heatmap: HEATMAP, region: [0, 0, 2000, 1300], level: FULL }]);
  const start = performance.now();
  await view.until((event) => isSharp(event));
  const seconds = (performance.now() - start) / 1000;
  view.close();
  // Four at any time, the last of them when all is done, and four more in every second that follows.
  expect(view.events.filter(({ name }) => name === 'progress').length).toBeLessThanOrEqual(4 * seconds + 4);
});

test('is told of what others have computed', async () => {
  const region: [number, number, number, number] = [0, 0, 2000, 1300];
  const heatmap = `${HEATMAP}?overlap=2`;
  // Down to the stride of the overview and no further.
  const watcher = await openView(server.address, [{ heatmap, region, level: 8 }]);
  await watcher.until((event) => isSharp(event));
  const before = watcher.events.length;
  const other = await openView(server.address, [{ heatmap, region: [0, 0, 200, 200], level: FULL }]);
  await other.until((event) => isSharp(event));
  other.close();
  await expect.poll(() => watcher.events.slice(before).some(({ name }) => name === 'tiles')).toBe(true);
  watcher.close();
});

test('a client that leaves withdraws what nobody else wants', async () => {
  const heatmap = `${HEATMAP}?overlap=4`;
  const view = await openView(server.address, [{ heatmap, region: [0, 0, 2000, 1300], level: FULL }]);
  await view.until(({ name }) => name === 'tiles');
  view.close();
  await idle();
  const { analysis } = await getJson('heatmaps/tissue.tif/tissue.h5.json?overlap=4');
  expect(analysis.missing).toBeGreaterThan(analysis.patches.total / 2);
});

describe('what is wrong with a request', () => {
  test.each<[string, unknown, string]>([
    ['no list', {}, 'expected a list of views'],
    ['no address', [{ region: [0, 0, 1, 1], level: 0 }], 'heatmap'],
    ['a region without extent', [{ heatmap: HEATMAP, region: [0, 0, 0, 1], level: 0 }], 'region'],
    ['half a level', [{ heatmap: HEATMAP, region: [0, 0, 1, 1], level: 0.5 }], 'level'],
  ])('%s is told with 400', async (_, body, message) => {
    const response = await fetch(new URL('view', server.address), { method: 'POST', body: JSON.stringify(body) });
    expect(response.status).toBe(400);
    expect((await response.json()).error.message).toContain(message);
  });

  test.each<[string, object, string]>([
    ['a slide that there is not', { heatmap: '/heatmaps/none.tif/tissue.h5.json' }, 'none.tif'],
    ['a model that cannot be read', { heatmap: '/heatmaps/tissue.tif/cut.h5.json' }, 'cut.h5'],
    ['another address', { heatmap: '/slides/tissue.tif.dzi' }, 'expected an address like'],
    ['a level that there is not', { level: 99 }, 'expected a level from 0 to 11'],
    ['an option that there is not', { heatmap: `${HEATMAP}?overlap=3` }, 'overlap'],
    [
      'a score that the model does not have',
      { heatmap: '/heatmaps/tissue.tif/logits.h5.json', score: 'probability' },
      'score',
    ],
  ])('%s is told by an event, and the others go on', async (_, changes, message) => {
    const good = { heatmap: HEATMAP, region: [0, 0, 100, 100] as [number, number, number, number], level: FULL };
    const view = await openView(server.address, [{ ...good, ...changes }, good]);
    const error = await view.until(({ name }) => name === 'error');
    expect(error.data).toMatchObject({ view: 0 });
    expect(JSON.stringify(error.data)).toContain(message);
    await view.until((event) => isSharp(event, 1));
    view.close();
  });
});

test('a page of an origin that was named may look, after asking; others may not', async () => {
  const asked = await fetch(new URL('view', server.address), {
    method: 'OPTIONS',
    headers: {
      Origin: ORIGIN,
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'content-type',
    },
  });
  expect(asked.status).toBe(204);
  expect(asked.headers.get('access-control-allow-methods')).toContain('POST');
  const views = [{ heatmap: HEATMAP, region: [0, 0, 100, 100] as [number, number, number, number], level: FULL }];
  const named = await openView(server.address, views, { Origin: ORIGIN });
  expect(named.status).toBe(200);
  expect(named.headers.get('access-control-allow-origin')).toBe(ORIGIN);
  named.close();
  const other = await openView(server.address, views, { Origin: 'https://elsewhere.example' });
  expect(other.status).toBe(403);
});

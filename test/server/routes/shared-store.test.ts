import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { generateDemoSlide } from '../../../demo/slide/generate.ts';
import { type RunningCommand, runCommand, startCommand } from '../../command-line.ts';
import { type SmallCatalogue, smallCatalogue } from '../../small-catalogue.ts';

const cli = fileURLToPath(new URL('../../../server/dist/cli.js', import.meta.url));
const HEATMAP = 'heatmaps/slide.tif/tissue.h5';
/** 4096 x 3072 pixels in patches of 128. */
const PATCHES = 32 * 24;

let catalogue: SmallCatalogue;
let stores = 0;
let store: string;

beforeAll(async () => {
  catalogue = await smallCatalogue();
  await generateDemoSlide(join(catalogue.slides, 'slide.tif'), { seed: 22, width: 4096, height: 3072 });
});
afterAll(() => rm(catalogue.root, { recursive: true, force: true }));
beforeEach(() => {
  store = join(catalogue.root, `store-${stores++}`);
});

const serve = () =>
  startCommand('serve', '--slides', catalogue.slides, '--models', catalogue.models, '--store', store, '--port', '0');
const json = async ({ address }: RunningCommand, path: string, init?: RequestInit) =>
  (await fetch(new URL(path, address), init)).json();
const slideAndModel = () => [
  join(catalogue.slides, 'slide.tif'),
  join(catalogue.models, 'tissue.h5'),
  '--store',
  store,
];

describe('analyze beside a server with the same store', () => {
  test('has the server classify the slide, and prints the same breakdown', async () => {
    const server = await serve();
    await json(server, `${HEATMAP}.json`);
    const { status, stdout } = await runCommand('analyze', ...slideAndModel(), '--json');
    expect(status).toBe(0);
    const { breakdown, patches } = JSON.parse(stdout);
    expect(patches).toEqual({ known: PATCHES, total: PATCHES });
    expect(breakdown).toEqual((await json(server, `${HEATMAP}/breakdown`)).breakdown);
    expect((await json(server, 'healthz')).classified).toBe(PATCHES);
    await server.stop();
  });

  test('leaves the server at work when it is interrupted', async () => {
    const server = await serve();
    await json(server, `${HEATMAP}.json?overlap=4`);
    const command = spawn(process.execPath, [cli, 'analyze', ...slideAndModel(), '--overlap', '4'], {
      stdio: 'ignore',
    });
    while ((await json(server, `${HEATMAP}/analysis?overlap=4`)).state !== 'running') await setTimeout(20);
    command.kill('SIGINT');
    const [status] = await once(command, 'exit');
    expect(status).not.toBe(0);
    expect((await json(server, `${HEATMAP}/analysis?overlap=4`)).state).toBe('running');
    await server.stop();
  });

  test('ends at once where nothing is to be classified', async () => {
    const server = await serve();
    const region = ['--region', '3000,2000,128,128'];
    await json(server, `${HEATMAP}.json`);
    const first = await runCommand('analyze', ...slideAndModel(), ...region);
    const second = await runCommand('analyze', ...slideAndModel(), ...region);
    expect([first.status, second.status]).toEqual([0, 0]);
    await server.stop();
  });
});

test('a second server on one store works in memory, says so, and takes over when the first has ended', async () => {
  const first = await serve();
  await json(first, `${HEATMAP}.json`);
  const second = await serve();
  expect((await json(second, `${HEATMAP}.json`)).storeProblem).toContain(`process ${first.process.pid}`);
  await json(second, `${HEATMAP}/analysis`, { method: 'POST' });
  while ((await json(second, `${HEATMAP}/analysis`)).state === 'running') await setTimeout(50);
  await first.stop();
  while ((await json(second, `${HEATMAP}.json`)).storeProblem !== null) await setTimeout(100);
  await second.stop();
  const third = await serve();
  expect((await json(third, `${HEATMAP}.json`)).analysis.patches.known).toBe(PATCHES);
  await third.stop();
});

test('an analysis goes on after a restart, also of a region and with options, until it is stopped for good', async () => {
  const query = '?overlap=4';
  const region = [0, 0, 3000, 3000];
  const init = { method: 'POST', body: JSON.stringify({ region }) };
  let server = await serve();
  await json(server, `${HEATMAP}/analysis${query}`, init);
  await server.stop();
  server = await serve();
  const stateOf = () => json(server, `${HEATMAP}/analysis${query}`);
  while ((await stateOf()).state !== 'running') await setTimeout(50);
  expect((await stateOf()).region.rectangle).toEqual(region);
  await json(server, `${HEATMAP}/analysis${query}`, { method: 'DELETE' });
  await server.stop();
  server = await serve();
  await setTimeout(1500);
  expect((await stateOf()).state).toBe('none');
  await server.stop();
});

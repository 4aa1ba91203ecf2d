import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { keptAnalyses } from '../../server/src/store/analysis-file.ts';
import type { AnalysisState, Breakdown, HeatmapDescriptor } from '../../shared/heatmap-descriptor.ts';
import { type RunningCommand, runCommand, startCommand, temporaryFolder } from '../command-line.ts';
import { paintSlide } from '../painted-slides.ts';
import { childrenOf, killProcess } from '../processes.ts';
import { demoModelFiles } from '../small-catalogue.ts';
import { readStored } from '../stored-results.ts';

const cli = fileURLToPath(new URL('../../server/dist/cli.js', import.meta.url));
const { model } = demoModelFiles;
const HEATMAP = 'heatmaps/slide.tif/model.h5';

let folder: string;
let slide: string;
/** What an analysis says that has a store to itself. */
let alone: Breakdown;
beforeAll(async () => {
  folder = await temporaryFolder();
  slide = join(folder, 'slides/slide.tif');
  await paintSlide(slide, { seed: 21, width: 4224, height: 3072 });
  alone = JSON.parse((await analyze(join(folder, 'alone'))).stdout);
});
afterAll(() => rm(folder, { recursive: true }));

const running = new Set<RunningCommand>();
async function serve(store: string): Promise<RunningCommand> {
  const folders = ['--slides', dirname(slide), '--models', dirname(model), '--store', store];
  const server = await startCommand('serve', ...folders, '--port', '0');
  running.add(server);
  return server;
}
afterEach(async () => {
  for (const server of running) await server.stop();
  running.clear();
});

const analyze = (store: string) => runCommand('analyze', slide, model, '--store', store, '--json');

async function ask<T>({ address }: RunningCommand, path: string, request?: RequestInit): Promise<T> {
  const response = await fetch(new URL(path, address), request);
  expect(response.ok).toBe(true);
  return response.json();
}
const descriptor = (server: RunningCommand) => ask<HeatmapDescriptor>(server, `${HEATMAP}.json`);
const classified = async (server: RunningCommand) => (await ask<{ classified: number }>(server, 'healthz')).classified;
const startAnalysis = (server: RunningCommand, query = '', region?: number[]) =>
  ask<AnalysisState>(server, `${HEATMAP}/analysis${query}`, { method: 'POST', body: JSON.stringify({ region }) });

/** Ends a server as a crash does. */
async function kill(server: RunningCommand): Promise<void> {
  running.delete(server);
  const ended = new Promise((resolve) => server.process.once('exit', resolve));
  const pid = server.process.pid ?? 0;
  for (const victim of [pid, ...(await childrenOf(pid))]) killProcess(victim);
  await ended;
}

const polling = { interval: 20 };

test('analyze beside a server follows its analysis, and ends with the same breakdown', async () => {
  const store = join(folder, 'followed');
  const server = await serve(store);
  await descriptor(server);
  const { status, stdout, stderr } = await analyze(store);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const { breakdown, patches, exact } = JSON.parse(stdout);
  expect({ breakdown, patches, exact }).toEqual({ breakdown: alone.breakdown, patches: alone.patches, exact: true });
  expect(await classified(server)).toBe(alone.patches.total);
  expect(await ask<Breakdown>(server, `${HEATMAP}/breakdown`)).toMatchObject({ breakdown, exact: true });
});

test('analyze beside a server ends at once where nothing is to be classified', async () => {
  const store = join(folder, 'nothing');
  const server = await serve(store);
  await descriptor(server);
  const region = ['--region', '3000,2000,128,128'];
  const first = await runCommand('analyze', slide, model, '--store', store, ...region);
  const second = await runCommand('analyze', slide, model, '--store', store, ...region);
  expect([first.status, second.status]).toEqual([0, 0]);
});

test('an interrupt of analyze beside a server leaves the server’s analysis running', async () => {
  const store = join(folder, 'interrupted');
  const server = await serve(store);
  await descriptor(server);
  const child = spawn(process.execPath, [cli, 'analyze', slide, model, '--store', store], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await expect.poll(() => classified(server), polling).toBeGreaterThan(0);
  child.kill('SIGINT');
  expect(await ended).toBe(130);
  await expect.poll(() => classified(server), polling).toBe(alone.patches.total);
});

test('a second server on a store works in memory and says so; when the first is killed it takes over, its analysis too', async () => {
  const store = join(folder, 'two');
  const first = await serve(store);
  await startAnalysis(first);
  const { pid } = first.process;
  const second = await serve(store);
  const { storeProblem } = await descriptor(second);
  expect(storeProblem).toContain(`process ${pid} (${first.address}${HEATMAP}.json) writes this heatmap`);
  expect(second.stderr().match(/writes this heatmap/g)).toHaveLength(1);
  const tile = await fetch(new URL(`${HEATMAP}_files/13/4_4.npy`, second.address));
  expect(tile.headers.get('X-Cam-Missing')).toBe('0');
  await kill(first);
  await expect.poll(async () => (await descriptor(second)).storeProblem, polling).toBeNull();
  await expect.poll(async () => (await descriptor(second)).analysis.state, polling).toBe('done');
  await second.stop();
  running.delete(second);
  const stored = await readStored(store);
  expect(stored).toEqual(await readStored(join(folder, 'alone')));
});

test('an analysis goes on after a crash, with its region and options, until it is deleted', async () => {
  const store = join(folder, 'resumed');
  const region = [100, 200, 4000, 2800];
  const query = '?overlap=2&background=class:Background';
  const first = await serve(store);
  const names = (await descriptor(first)).classes.map(({ name }) => name);
  const options = query.replace('Background', names[0]);
  await startAnalysis(first, options, region);
  await expect.poll(() => classified(first), polling).toBeGreaterThan(0);
  await kill(first);

  const second = await serve(store);
  await expect.poll(() => classified(second), polling).toBeGreaterThan(0);
  const state = await ask<AnalysisState>(second, `${HEATMAP}/analysis${options}`);
  expect(state).toMatchObject({ state: 'running', region: { rectangle: region } });
  await ask(second, `${HEATMAP}/analysis${options}`, { method: 'DELETE' });
  await expect.poll(() => keptAnalyses(join(store, 'heatmaps')), polling).toEqual([]);
  await kill(second);
  const third = await serve(store);
  expect(await ask<AnalysisState>(third, `${HEATMAP}/analysis${options}`)).toMatchObject({ state: 'none' });
});

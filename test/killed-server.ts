import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { openDiskResults } from '../server/src/store/disk-results.ts';
import type { PatchRecord, ResultShape } from '../server/src/store/result-layout.ts';
import { topLevel } from '../server/src/values/known-patches.ts';
import { type RunningCommand, startCommand } from './command-line.ts';

/** Folders of a server, and the address of one heatmap in it. */
export interface KilledServer {
  slides: string;
  models: string;
  store: string;
  /** `heatmaps/{slide}/{model}` */
  heatmap: string;
}

/** What was left after each kill. */
export interface Kill {
  /** Patches known when the server was last asked before it died, and when the next one was first asked. */
  before: number;
  after: number;
  /** Whether the next one went on with the analysis by itself. */
  resumed: boolean;
}

const start = ({ slides, models, store }: KilledServer) =>
  startCommand('serve', '--slides', slides, '--models', models, '--store', store, '--port', '0');

async function stateOf(server: RunningCommand, { heatmap }: KilledServer) {
  return (await fetch(new URL(`${heatmap}/analysis`, server.address))).json();
}

/**
 * Has a slide analysed by servers that are killed after so many milliseconds of it, each followed by the next, and lets the last one
 * come to its end.
 */
export async function analyseWithKills(folders: KilledServer, delays: readonly number[]): Promise<Kill[]> {
  const kills: Kill[] = [];
  let server = await start(folders);
  await fetch(new URL(`${folders.heatmap}/analysis`, server.address), { method: 'POST' });
  for (const delay of delays) {
    await until(server, folders, ({ state }) => state === 'running');
    await setTimeout(delay);
    const { patches } = await stateOf(server, folders);
    const exited = new Promise((done) => server.process.once('exit', done));
    server.process.kill('SIGKILL');
    await exited;
    server = await start(folders);
    const next = await stateOf(server, folders);
    const { state } = await until(server, folders, (found) => found.state === 'running' || found.missing === 0);
    kills.push({
      before: patches.known,
      after: next.patches.known,
      resumed: state === 'running' || next.missing === 0,
    });
  }
  await until(server, folders, ({ state }) => state === 'done');
  await server.stop();
  return kills;
}

/** Has a slide analysed by a server whose worker processes are killed again and again. @returns patches classified */
export async function analyseWithWorkerKills(folders: KilledServer, delays: readonly number[]): Promise<number> {
  const server = await start(folders);
  await fetch(new URL(`${folders.heatmap}/analysis`, server.address), { method: 'POST' });
  for (const delay of delays) {
    await setTimeout(delay);
    const { pid } = server.process;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
    for (const child of children) process.kill(Number(child), 'SIGKILL');
  }
  await until(server, folders, ({ state }) => state !== 'running');
  const { state, error } = await stateOf(server, folders);
  if (state !== 'done') throw new Error(`the analysis has ${state}: ${error}`);
  const { classified } = await (await fetch(new URL('healthz', server.address))).json();
  await server.stop();
  return classified;
}

async function until(
  server: RunningCommand,
  folders: KilledServer,
  matches: (found: { state: string; missing: number }) => boolean,
) {
  for (;;) {
    const found = await stateOf(server, folders);
    if (matches(found)) return found;
    await setTimeout(20);
  }
}

/** Reads every chunk and record of the one heatmap of a store. @throws where any of it is damaged */
export async function storedResults(store: string): Promise<Map<number, PatchRecord>> {
  const [identity] = await readdir(join(store, 'heatmaps'));
  const folder = join(store, 'heatmaps', identity);
  const { attributes } = JSON.parse(await readFile(join(folder, 'data.zarr/zarr.json'), 'utf8'));
  const { grid, model, scores } = attributes;
  const classes: number = model.classes.length;
  const top = topLevel(grid.rows, grid.columns);
  const shape: ResultShape = { ...grid, classes, values: scores.length * classes, top };
  const disk = await openDiskResults(folder, {
    identity,
    shape,
    attributes,
    onDamage: (message) => {
      throw new Error(message);
    },
  });
  try {
    return await disk.read(Array.from({ length: grid.rows * grid.columns }, (_, index) => index));
  } finally {
    await disk.close();
  }
}

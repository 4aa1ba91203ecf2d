import { basename, dirname } from 'node:path';
import type { AnalysisState } from '../shared/heatmap-descriptor.ts';
import { type RunningCommand, startCommand } from './command-line.ts';
import { childrenOf, killProcess } from './processes.ts';
import { readStored, type StoredResults } from './stored-results.ts';

export interface KilledAnalysisOptions {
  /** Where none is yet. */
  store: string;
  /** Files, each in a folder that can be served. */
  slide: string;
  model: string;
  /** The server as a whole, and all that it has started with it, or one of its workers. */
  kill: 'server' | 'worker';
  kills: number;
  /** Milliseconds of work before each kill, drawn below this. */
  within: number;
  random: () => number;
}

export interface KilledAnalysis {
  /** What was in the store after each kill of the server. */
  afterKills: StoredResults[];
  /** Patches of each life of the server that its `/healthz` had told of, and that are not in the store or were before. */
  repeated: number[];
  /** After the analysis and the server's orderly end. */
  final: StoredResults;
  /** Kills that hit a running analysis. */
  hits: number;
}

/**
 * Starts an analysis once and kills at random moments. A killed server is started again, and nobody asks it for anything:
 * the analysis has to go on by itself.
 */
export async function killedAnalysis(options: KilledAnalysisOptions): Promise<KilledAnalysis> {
  const { store, slide, model, kill, kills, within, random } = options;
  const start = () =>
    startCommand('serve', '--slides', dirname(slide), '--models', dirname(model), '--store', store, '--port', '0');
  const analysis = `heatmaps/${basename(slide)}/${basename(model)}/analysis`;

  const afterKills: StoredResults[] = [];
  const repeated: number[] = [];
  let server = await start();
  const { patches } = await ask<AnalysisState>(server, analysis, { method: 'POST' });
  let known = 0;
  let hits = 0;
  const isDone = ({ classified }: Health) => known + classified >= patches.total;
  for (let i = 0; i < kills; i++) {
    let last = await until(server, (found) => found.classified > 0 || isDone(found));
    for (const end = performance.now() + random() * within; performance.now() < end; await pause(20)) {
      last = await health(server);
    }
    if (isDone(last)) break;
    hits++;
    const pid = server.process.pid ?? 0;
    const children = await childrenOf(pid);
    if (kill === 'worker') {
      // One may just have ended by the kill before.
      if (children.length > 0) killProcess(children[Math.floor(random() * children.length)]);
      continue;
    }
    const ended = new Promise((resolve) => server.process.once('exit', resolve));
    for (const victim of [pid, ...children]) killProcess(victim);
    await ended;
    const found = await readStored(store);
    afterKills.push(found);
    repeated.push(Math.max(0, last.classified - (found.known - known)));
    known = found.known;
    server = await start();
  }
  const last = await until(server, isDone);
  await server.stop();
  const final = await readStored(store);
  repeated.push(last.classified - (final.known - known));
  return { afterKills, repeated, final, hits };
}

interface Health {
  classified: number;
}

const health = (server: RunningCommand): Promise<Health> => ask(server, 'healthz');

async function until(server: RunningCommand, isReached: (health: Health) => boolean): Promise<Health> {
  const end = performance.now() + 300_000;
  for (;;) {
    const found = await health(server);
    if (isReached(found)) return found;
    if (performance.now() > end) throw new Error(`the analysis does not go on:\n${server.stderr()}`);
    await pause(20);
  }
}

async function ask<T>({ address }: RunningCommand, path: string, request?: RequestInit): Promise<T> {
  const response = await fetch(new URL(path, address), request);
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.json();
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

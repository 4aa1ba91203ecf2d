import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { tileCount } from '../shared/geometry/deep-zoom.ts';
import type { HeatmapDescriptor } from '../shared/heatmap-descriptor.ts';
import type { RunningCommand } from '../test/command-line.ts';
import { HEATMAP, withAnalysedDemo } from './analysed-demo.ts';
import { run as slideTiles } from './slide-tiles.ts';
import { quantile, spread } from './statistics.ts';

/** Painted tiles of a level that are timed, each in a style that was never asked for. */
const PAINTED = 60;
const STYLES = ['class=Tumour', 'top=4', 'top=6&mode=argmax'];

/** Cached tiles: an open loop, and a closed one. */
const RATE = 200;
const CONNECTIONS = 16;
const ROUNDS = 4;
const SECONDS = 3;
/** Milliseconds from the change of the load to the measurement. */
const SETTLING = 500;

interface Load {
  p50: number;
  p99: number;
  perSecond: number;
  failures: number;
}

/**
 * Slide tiles; then tiles of a heatmap that is known: painted ones that are not kept, kept ones in an open loop beside an
 * analysis and the analysis beside them, and kept ones as fast as they go against a bare server.
 */
export async function run(): Promise<void> {
  await slideTiles();
  await withAnalysedDemo(async (server) => {
    const descriptor: HeatmapDescriptor = await (await fetch(new URL(`${HEATMAP}.json`, server.address))).json();
    await paintedTiles(server, descriptor);
    const addresses = cachedAddresses(server, descriptor);
    await besideAnalysis(server, addresses);
    await againstBareServer(addresses);
  });
}

async function paintedTiles(server: RunningCommand, descriptor: HeatmapDescriptor): Promise<void> {
  console.log('painted tiles, not kept, from known values: ms over HTTP, one client, median and 90 % of 60');
  let serial = 0;
  for (const style of STYLES) {
    const columns: string[] = [];
    for (let level = 8; level <= descriptor.maxLevel; level++) {
      const count = tileCount(descriptor, level);
      const times: number[] = [];
      for (let i = 0; i < PAINTED; i++) {
        const [column, row] = [(i * 7) % count.columns, (i * 5) % count.rows];
        const opacity = (0.3 + serial++ * 1e-5).toFixed(5);
        const address = `${HEATMAP}_files/${level}/${column}_${row}.png?${style}&opacity=${opacity}`;
        const start = performance.now();
        await (await fetch(new URL(address, server.address))).arrayBuffer();
        times.push(performance.now() - start);
      }
      columns.push(`${level}: ${quantile(times, 0.5).toFixed(1)} / ${quantile(times, 0.9).toFixed(1)}`);
    }
    console.log(`  ${style.padEnd(18)} ${columns.join(', ')}`);
  }
}

function cachedAddresses(server: RunningCommand, descriptor: HeatmapDescriptor): string[] {
  const level = descriptor.maxLevel - 1;
  const addresses: string[] = [];
  for (let i = 0; i < 100; i++) {
    const tile = `${HEATMAP}_files/${level}/${i % 20}_${Math.floor(i / 20)}.npy?v=${descriptor.fingerprint}`;
    addresses.push(new URL(tile, server.address).href);
  }
  return addresses;
}

/** A process that asks for tiles whenever it is told to. */
interface LoadGenerator {
  load(options: { rate?: number; seconds: number }): Promise<Load>;
  stop(): void;
}

async function startLoadGenerator(addresses: string[]): Promise<LoadGenerator> {
  const settings = JSON.stringify({ addresses, connections: CONNECTIONS });
  const child = fork(path.join(import.meta.dirname, 'load-generator.mjs'), [settings]);
  await once(child, 'message');
  return {
    async load(options) {
      child.send(options);
      const [found] = await once(child, 'message');
      return found;
    },
    stop: () => child.disconnect(),
  };
}

/** Takes turns, within one analysis, between leaving it alone and asking for kept tiles beside it. */
async function besideAnalysis(server: RunningCommand, addresses: string[]): Promise<void> {
  const generator = await startLoadGenerator(addresses);
  await generator.load({ seconds: 1 });
  // Sixteen times the patches, so that it lasts.
  const analysis = new URL(`${HEATMAP}/analysis?overlap=4`, server.address);
  await fetch(analysis, { method: 'POST' });
  const known = async () => (await (await fetch(analysis)).json()).patches.known as number;
  while ((await known()) < 1000) await setTimeout(50);
  const rate = async (work: () => Promise<unknown>) => {
    await setTimeout(SETTLING);
    const [before, start] = [await known(), performance.now()];
    await work();
    return ((await known()) - before) / ((performance.now() - start) / 1000);
  };
  const ratios: number[] = [];
  const loads: Load[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const alone = await rate(() => setTimeout(SECONDS * 1000));
    const beside = await rate(async () => loads.push(await generator.load({ rate: RATE, seconds: SECONDS })));
    ratios.push(beside / alone);
  }
  generator.stop();
  const { state } = await (await fetch(analysis)).json();
  console.log(
    `kept tiles, ${RATE} requests/s over ${CONNECTIONS} connections beside an analysis${state === 'running' ? '' : ' (which ended too early)'}`,
  );
  console.log(
    `  p50 ${spread(
      loads.map(({ p50 }) => p50),
      2,
    )} ms, p99 ${spread(
      loads.map(({ p99 }) => p99),
      1,
    )} ms, ${loads.reduce((sum, { failures }) => sum + failures, 0)} failures`,
  );
  console.log(`  the analysis keeps ${spread(ratios, 2)} of its speed`);
  await fetch(analysis, { method: 'DELETE' });
}

async function againstBareServer(addresses: string[]): Promise<void> {
  const response = await fetch(addresses[0], { headers: { 'Accept-Encoding': 'gzip' } });
  const size = Number(response.headers.get('content-length')) || (await response.arrayBuffer()).byteLength;
  const child = fork(path.join(import.meta.dirname, 'buffer-server.mjs'), [String(size)]);
  const [port] = await once(child, 'message');
  const bare = await startLoadGenerator([`http://127.0.0.1:${port}/`]);
  const ours = await startLoadGenerator(addresses);
  const ratios: number[] = [];
  const speeds: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const ceiling = await bare.load({ seconds: SECONDS });
    const found = await ours.load({ seconds: SECONDS });
    if (round === 0) continue;
    speeds.push(found.perSecond);
    ratios.push(found.perSecond / ceiling.perSecond);
  }
  for (const generator of [bare, ours]) generator.stop();
  child.disconnect();
  console.log(`kept tiles of ${size} bytes as fast as ${CONNECTIONS} connections go, nothing analysed`);
  console.log(`  ${spread(speeds, 0)} requests/s, ${spread(ratios, 2)} of node:http with a buffer of that size`);
}

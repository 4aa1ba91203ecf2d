import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DEMO_SLIDE, generateDemoSlide } from '../demo/slide/generate.ts';
import { levelScale, maxLevel, type TileAddress, tileCount } from '../shared/geometry/deep-zoom.ts';
import { seededRandom } from '../shared/seeded-random.ts';
import { startCommand } from '../test/command-line.ts';
import { processorSecondsBelow } from './processor-time.ts';
import { writeJpegTrestle } from './slide-files.ts';
import { deepZoomGenerator, iipsrv, ourServer, sharpServer, type TileServer } from './slide-servers.ts';
import { quantile } from './statistics.ts';

const SEED = 18;
const TILE_SIZE = 256;

/** Tiles of a round that each server is asked for; rounds take turns. */
const TILES = 10;
const ROUNDS = 20;

/** How far below full resolution: levels that the file has, all of them. */
const DISTANCES = [0, 0, 0, 1, 2];

interface Times {
  cold: number[][];
  again: number[][];
  /** Seconds of processor time for the cold ones. */
  processor: number;
  /** Time that a server says it took itself. */
  inside: number[];
}

/**
 * Tiles of slides over HTTP, never asked for before and asked for again, beside other tile servers: of a TIFF with JPEG
 * tiles, with pieces of it that no stored tile has, and of the same picture as a slide that is read through OpenSlide.
 */
export async function run(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'cam-bench-'));
  try {
    const slides = path.join(folder, 'slides');
    await mkdir(slides);
    const tiff = path.join(slides, 'tiff.tif');
    const trestle = path.join(slides, 'trestle.tif');
    await generateDemoSlide(tiff, { ...DEMO_SLIDE, seed: SEED });
    await writeJpegTrestle(trestle, tiff, DEMO_SLIDE, TILE_SIZE);
    const ours = await startCommand(
      ...['serve', '--slides', slides, '--models', slides, '--store', path.join(folder, 'store'), '--port', '0'],
    );
    try {
      const size = { width: DEMO_SLIDE.width, height: DEMO_SLIDE.height };
      await compare('a TIFF with JPEG tiles of 256 pixels', tiff, size, (file) => [
        ourServer('as stored', ours, file),
        ourServer('?quality=85', ours, file, '?quality=85'),
        deepZoomGenerator(file),
        sharpServer(file),
        iipsrv(file),
      ]);
      await compare('the same JPEG tiles in a slide read through OpenSlide', trestle, size, (file) => [
        ourServer('through OpenSlide', ours, file),
        deepZoomGenerator(file),
      ]);
    } finally {
      await ours.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function compare(
  title: string,
  file: string,
  size: { width: number; height: number },
  start: (file: string) => Promise<TileServer | string>[],
): Promise<void> {
  console.log(`${title}: ms a tile over HTTP, one client, ${TILES * ROUNDS} tiles, median and 90 %`);
  const servers: TileServer[] = [];
  for (const starting of start(file)) {
    const server = await starting;
    if (typeof server === 'string') console.log(`  ${server}`);
    else servers.push(server);
  }
  try {
    const times = new Map(
      servers.map((server): [TileServer, Times] => [server, { cold: [], again: [], inside: [], processor: 0 }]),
    );
    const tiles = wholeTiles(size);
    // What is opened with the first tile is not meant.
    for (const server of servers) await server.tile(tiles[tiles.length - 1]);
    for (let round = 0; round < ROUNDS; round++) {
      const asked = tiles.slice(round * TILES, (round + 1) * TILES);
      for (const server of servers) {
        const found = times.get(server);
        if (found === undefined || server.pid === undefined) continue;
        const before = await processorSecondsBelow(server.pid);
        found.cold.push(await timed(server, asked, found.inside));
        found.processor += (await processorSecondsBelow(server.pid)) - before;
        found.again.push(await timed(server, asked, []));
      }
    }
    const [first] = servers;
    const reference = times.get(first);
    for (const [server, { cold, again, inside, processor }] of times) {
      const ratios = cold.map((values, i) => quantile(values, 0.5) / quantile(reference?.cold[i] ?? values, 0.5));
      const spreadOf = (values: number[][]) =>
        [0.5, 0.9].map((q) => quantile(values.flat(), q).toFixed(2)).join(' and ');
      const own = inside.length > 0 ? `, ${quantile(inside, 0.5).toFixed(2)} by its own clock` : '';
      const range = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
      const ratio = server === first ? '' : `; ${quantile(ratios, 0.5).toFixed(2)} (${range}) times the first`;
      const work = ((1000 * processor) / (TILES * ROUNDS)).toFixed(2);
      console.log(
        `  ${server.name.padEnd(35)} cold ${spreadOf(cold)}${own}, ${work} of processors; again ${spreadOf(again)}${ratio}`,
      );
    }
  } finally {
    for (const server of servers) await server.stop();
  }
}

async function timed(server: TileServer, tiles: readonly TileAddress[], inside: number[]): Promise<number[]> {
  const times: number[] = [];
  for (const tile of tiles) {
    const start = performance.now();
    const own = await server.tile(tile);
    times.push(performance.now() - start);
    if (own !== null) inside.push(own);
  }
  return times;
}

/** Different tiles that lie wholly inside the slide, in no order. */
function wholeTiles(size: { width: number; height: number }): TileAddress[] {
  const random = seededRandom(SEED);
  const found = new Map<string, TileAddress>();
  while (found.size < TILES * ROUNDS + 1) {
    const level = maxLevel(size) - DISTANCES[found.size % DISTANCES.length];
    const scale = levelScale(size, level);
    const count = tileCount({ ...size, tileSize: TILE_SIZE, overlap: 0 }, level);
    const columns = Math.min(count.columns, Math.floor(size.width / scale / TILE_SIZE));
    const rows = Math.min(count.rows, Math.floor(size.height / scale / TILE_SIZE));
    const tile = { level, column: Math.floor(random() * columns), row: Math.floor(random() * rows) };
    found.set(JSON.stringify(tile), tile);
  }
  return [...found.values()];
}

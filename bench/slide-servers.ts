import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import type { TileAddress } from '../shared/geometry/deep-zoom.ts';
import type { RunningCommand } from '../test/command-line.ts';
import { fastcgiClient } from './fastcgi.ts';

/** Something that serves the tiles of one slide. */
export interface TileServer {
  name: string;
  pid: number | undefined;
  /** Asks for a JPEG tile; milliseconds that the server says it took, or null. */
  tile(address: TileAddress): Promise<number | null>;
  stop(): Promise<void>;
}

const IIPSRV = '/usr/lib/iipimage-server/iipsrv.fcgi';
const IIPSRV_PORT = 9471;

/** Python with openslide-python. */
const PYTHON = process.env.OPENSLIDE_PYTHON ?? 'python3';

export async function ourServer(
  name: string,
  { address, process: { pid } }: RunningCommand,
  file: string,
  query = '',
): Promise<TileServer> {
  return overHttp(
    `ours, ${name}`,
    pid,
    (tile) => new URL(`slides/${path.basename(file)}_files/${nameOf(tile)}.jpeg${query}`, address),
  );
}

/** openslide-python's DeepZoomGenerator behind Python's own HTTP server, or why there is none. */
export async function deepZoomGenerator(file: string): Promise<TileServer | string> {
  const script = path.join(import.meta.dirname, 'deep_zoom_generator.py');
  if (spawnSync(PYTHON, ['-c', 'import openslide.deepzoom']).status !== 0) {
    return `openslide-python is left out: ${PYTHON} has none (OPENSLIDE_PYTHON names another)`;
  }
  return await childServer('openslide-python, DeepZoomGenerator', spawn(PYTHON, [script, file]));
}

/** Nothing but sharp behind node:http: a region of a page for each tile. */
export async function sharpServer(file: string): Promise<TileServer> {
  const script = path.join(import.meta.dirname, 'sharp-server.mjs');
  return await childServer('sharp alone, a region of a page', spawn(process.execPath, [script, file]));
}

/** iipsrv, asked by FastCGI without a web server before it, or why it is left out. */
export async function iipsrv(file: string): Promise<TileServer | string> {
  if (!existsSync(IIPSRV)) return 'iipsrv is left out: it is not installed (apt-get install iipimage-server)';
  const env = { ...process.env, JPEG_QUALITY: '85', VERBOSITY: '0', LOGFILE: '/dev/null' };
  const child = spawn(IIPSRV, ['--bind', `127.0.0.1:${IIPSRV_PORT}`], { env, stdio: 'ignore' });
  const client = await connected(() => fastcgiClient(IIPSRV_PORT));
  return {
    pid: child.pid,
    name: 'iipsrv, by FastCGI without HTTP',
    async tile(address) {
      const answer = await client.get(`DeepZoom=${file}_files/${nameOf(address)}.jpg`);
      if (!/content-type: *image\/jpeg/i.test(answer.toString('latin1', 0, 500))) throw new Error('iipsrv: no JPEG');
      return null;
    },
    async stop() {
      client.close();
      await end(child);
    },
  };
}

async function childServer(name: string, child: ChildProcess): Promise<TileServer> {
  if (child.stdout === null) throw new Error('no output');
  child.stderr?.resume();
  const [address] = await once(createInterface(child.stdout), 'line');
  const server = overHttp(name, child.pid, (tile) => new URL(`${nameOf(tile)}.jpeg`, address));
  return {
    ...server,
    async stop() {
      await server.stop();
      await end(child);
    },
  };
}

function overHttp(name: string, pid: number | undefined, addressOf: (tile: TileAddress) => URL): TileServer {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  return {
    name,
    pid,
    tile: (tile) =>
      new Promise((resolve, reject) => {
        const request = http.get(addressOf(tile), { agent }, (response) => {
          if (response.statusCode !== 200) reject(new Error(`${name}: status ${response.statusCode}`));
          const own = response.headers['x-milliseconds'];
          response.resume();
          response.once('end', () => resolve(own === undefined ? null : Number(own)));
        });
        request.once('error', reject);
      }),
    stop: async () => agent.destroy(),
  };
}

/** It takes a moment until a server listens. */
async function connected<T>(connect: () => Promise<T>): Promise<T> {
  for (let left = 100; ; left--) {
    try {
      return await connect();
    } catch (error) {
      if (left === 0) throw error;
      await setTimeout(50);
    }
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill();
  await once(child, 'exit');
}

function nameOf({ level, column, row }: TileAddress): string {
  return `${level}/${column}_${row}`;
}

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { encodeNpy } from '../../shared/codecs/npy.ts';
import { classColour } from '../../shared/colour/palette.ts';
import { maxLevel, type TileAddress } from '../../shared/geometry/deep-zoom.ts';
import { patchGrid } from '../../shared/geometry/patch-grid.ts';
import { tileWindow } from '../../shared/geometry/score-raster.ts';
import type { HeatmapDescriptor, Method, Score } from '../../shared/heatmap-descriptor.ts';

const root = path.resolve(fileURLToPath(import.meta.url), '../../..');
const require = createRequire(import.meta.url);

/** A made-up heatmap of 2000 x 1400 pixels: patches of 64 with 8 x 8 cells, and a remainder. */
export function describeHeatmap(classes: number, method: Method = 'cam'): HeatmapDescriptor {
  const slide = { width: 2000, height: 1400 };
  const grid = patchGrid(slide, { patchWidth: 64, patchHeight: 64, cellRows: 8, cellColumns: 8 }, 1);
  return {
    slide: 'slide',
    model: `model${classes}`,
    title: `Tissue, ${classes} classes`,
    ...slide,
    tileSize: 256,
    overlap: 1,
    maxLevel: maxLevel(slide),
    strides: new Array(maxLevel(slide) + 1).fill(1),
    method,
    engine: 'none',
    classes: Array.from({ length: classes }, (_, i) => ({ name: className(i), color: classColour(i) })),
    grid,
    scores: method === 'cam' ? ['probability', 'cam', 'patch'] : ['cam', 'patch'],
    encodings: {
      probability: { dtype: '|u1', one: 255 },
      cam: { dtype: '<f2', one: 1 },
      patch: { dtype: '|u1', one: 255 },
    },
    fingerprint: 'f1',
    tiles: `model${classes}_files/`,
    options: { overlap: 1, background: null },
    levelMode: false,
    storeProblem: null,
    analysis: {
      state: 'none',
      region: null,
      patches: { known: 0, total: 651 },
      missing: 651,
      patchesPerSecond: null,
      seconds: null,
    },
    warnings: [],
  };
}

const NAMES = ['Lesion', 'Gray matter', 'White matter', 'Blank'];
const className = (index: number) => NAMES[index] ?? `class ${index}`;

/** Score, 0 to 1, of a class at a place of the slide (0 to 1 in both directions): one soft spot for each class. */
function scoreAt(index: number, x: number, y: number): number {
  const angle = 1 + (index * 2 * Math.PI) / 5;
  const distance = Math.hypot(x - 0.5 - 0.25 * Math.cos(angle), (y - 0.5 - 0.25 * Math.sin(angle)) * 0.7);
  return Math.exp(-((distance / 0.16) ** 2));
}

/** Mean probability of each class on the slide. */
const OF_SLIDE = [0.084, 0.512, 0.374, 0.03];

/** What the fake server can be told to do, and what it was asked. */
export interface Control {
  /** Paths with queries, in order. */
  requests: string[];
  /** Coverage byte and `X-Cam-Missing` of tiles. */
  coverage: number;
  missing: number;
  /** Patches of the slide that are classified, of 651. */
  known: number;
  method: Method;
  /** Lowest and highest value of the score `cam`. */
  cam: [low: number, high: number];
  /** Mean probability of each class in a region. */
  inRegion: number[];
  /** Status of tile requests. */
  tileStatus: number;
  /** Values of the header `X-Test` with the path of their request. */
  headers: string[];
  /** Requests that may wait (`wait=5`) are answered when it resolves. */
  held: Promise<void>;
  /** The most requests that waited at a time. */
  mostWaiting: number;
}

/** A tile's body as the server sends it. */
export function tileBody(
  descriptor: HeatmapDescriptor,
  address: TileAddress,
  planes: number[],
  score: Score,
  coverage: number,
  [low, high] = [0, 1],
): Uint8Array {
  const window = tileWindow(descriptor, descriptor.grid, address, score === 'patch' ? 0 : 'cells');
  const { rows, columns, rowStart, columnStart, rasterLevel } = window;
  const perPatch = rasterLevel === 'cells' ? 1 / 8 : 2 ** rasterLevel;
  const one = score === 'cam' ? 1 : 255;
  const data = new Float64Array((planes.length + 2) * rows * columns);
  planes.forEach((index, plane) => {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const x = ((columnStart + column + 0.5) * perPatch) / descriptor.grid.columns;
        const y = ((rowStart + row + 0.5) * perPatch) / descriptor.grid.rows;
        const value = Math.round(255 * scoreAt(index, x, y)) * (one / 255);
        data[(plane * rows + row) * columns + column] = score === 'cam' ? low + (high - low) * value : value;
      }
    }
  });
  data.fill((coverage * one) / 255, planes.length * rows * columns, (planes.length + 1) * rows * columns);
  const shape = [planes.length + 2, rows, columns];
  return score === 'cam'
    ? encodeNpy({ dtype: '<f2', shape, data })
    : encodeNpy({ dtype: '|u1', shape, data: Uint8Array.from(data) });
}

/**
 * Serves a page with OpenSeadragon and the plugin, a grey slide of one tile, and made-up heatmaps of any number of
 * classes by the HTTP interface.
 */
export async function startHeatmapServer(plugin: { script: string; style: string }) {
  const openseadragon = await readFile(
    path.join(path.dirname(require.resolve('openseadragon/package.json')), 'build/openseadragon/openseadragon.min.js'),
  );
  const control: Control = {
    requests: [],
    coverage: 255,
    missing: 0,
    known: 651,
    method: 'cam',
    cam: [0, 1],
    inRegion: OF_SLIDE,
    tileStatus: 200,
    headers: [],
    held: Promise.resolve(),
    mostWaiting: 0,
  };
  const page = (dark: boolean) => `<!doctype html><html lang="en" style="color-scheme: ${dark ? 'dark' : 'light'}">
    <meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Test</title><link rel="stylesheet" href="/plugin.css">
    <style>body { margin: 0 } #viewer { height: 100vh; background: ${dark ? '#0b0c0e' : '#e9e9ec'} }</style>
    <div id="viewer"></div><script src="/openseadragon.js"></script><script src="/plugin.js"></script>`;

  const answer = (
    url: URL,
  ): { status?: number; type: string; body: string | Uint8Array; headers?: Record<string, string> } => {
    if (url.pathname === '/') return { type: 'text/html', body: page(url.searchParams.has('dark')) };
    if (url.pathname === '/openseadragon.js') return { type: 'text/javascript', body: openseadragon };
    if (url.pathname === '/plugin.js') return { type: 'text/javascript', body: plugin.script };
    if (url.pathname === '/plugin.css') return { type: 'text/css', body: plugin.style };
    const heatmap = /^\/heatmaps\/slide\/model(\d+)(.*)$/.exec(url.pathname);
    if (!heatmap)
      return { status: 404, type: 'application/json', body: '{"error":{"code":"not-found","message":"no"}}' };
    const descriptor = describeHeatmap(Number(heatmap[1]), control.method);
    const json = (value: unknown) => ({ type: 'application/json', body: JSON.stringify(value) });
    if (heatmap[2] === '.json') {
      const analysis = { ...descriptor.analysis, patches: { known: control.known, total: 651 } };
      return json({ ...descriptor, analysis });
    }
    if (heatmap[2] === '/breakdown') {
      const exact = control.known === 651;
      const shares = descriptor.classes.map((info, i) => {
        const probability = (url.searchParams.has('region') ? control.inRegion : OF_SLIDE)[i] ?? 0;
        const spread = exact ? 0 : 0.03;
        return { class: info.name, probability, low: Math.max(0, probability - spread), high: probability + spread };
      });
      return json({
        breakdown: shares,
        patches: { known: control.known, total: 651 },
        exact,
        of: url.searchParams.has('region') ? 'region' : 'slide',
      });
    }
    if (heatmap[2] === '/score') {
      const [x, y] = ['x', 'y'].map((name) => Number(url.searchParams.get(name)));
      const classes = descriptor.classes.map((info, i) => {
        const value = scoreAt(i, x / 1984, y / 1344);
        return { class: info.name, probability: value, cell: value, cam: value };
      });
      return json({ x, y, patch: { x: 0, y: 0, width: 64, height: 64, row: 0, column: 0 }, classes });
    }
    const tile = /^_files\/(\d+)\/(\d+)_(\d+)\.npy$/.exec(heatmap[2]);
    if (!tile || control.tileStatus !== 200) {
      return { status: tile ? control.tileStatus : 404, type: 'text/plain', body: 'no' };
    }
    const [level, column, row] = tile.slice(1).map(Number);
    const planes = (url.searchParams.get('classes') ?? '').split(',').map(Number);
    const score = url.searchParams.get('score');
    if (score !== 'probability' && score !== 'cam' && score !== 'patch')
      return { status: 400, type: 'text/plain', body: '' };
    return {
      type: 'application/octet-stream',
      body: tileBody(descriptor, { level, column, row }, planes, score, control.coverage, control.cam),
      headers: { 'X-Cam-Missing': String(control.missing), 'Cache-Control': 'no-store' },
    };
  };

  let waiting = 0;
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    control.requests.push(url.pathname + url.search);
    const asked = request.headers['x-test'];
    if (typeof asked === 'string') control.headers.push(`${url.pathname} ${asked}`);
    if (Number(url.searchParams.get('wait')) > 0) {
      control.mostWaiting = Math.max(control.mostWaiting, ++waiting);
      await control.held;
      waiting--;
    }
    const { status = 200, type, body, headers = {} } = answer(url);
    response.writeHead(status, { 'Content-Type': type, ...headers }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/`,
    control,
    close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  };
}

/** Builds the plugin's UMD bundle and style sheet in memory. */
export async function buildPlugin(): Promise<{ script: string; style: string }> {
  const built = await build({
    configFile: path.join(root, 'plugin/vite.config.ts'),
    logLevel: 'silent',
    build: { write: false, sourcemap: false },
  });
  const outputs = (Array.isArray(built) ? built : [built]).flatMap((result) =>
    'output' in result ? result.output : [],
  );
  let script = '';
  let style = '';
  for (const file of outputs) {
    if (file.type === 'chunk' && file.fileName.endsWith('.umd.js')) script = file.code;
    if (file.type === 'asset' && file.fileName.endsWith('.css')) style = String(file.source);
  }
  return { script, style };
}

/** Bundles one module of the plugin as a script that sets `window[name]` to its exports. */
export async function buildModule(file: string, name: string): Promise<string> {
  const built = await build({
    root,
    configFile: false,
    logLevel: 'silent',
    build: { write: false, lib: { entry: path.join(root, file), name, formats: ['iife'] } },
  });
  for (const result of Array.isArray(built) ? built : [built]) {
    if ('output' in result) return result.output[0].code;
  }
  throw new Error(`${file} was not built`);
}

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import type { TileAddress } from '../../shared/geometry/deep-zoom.ts';
import type { AnalysisState, Breakdown, HeatmapDescriptor, Method } from '../../shared/heatmap-descriptor.ts';
import { describeHeatmap, describeModel } from './made-up-heatmaps.ts';
import { scoreAt, tileBody } from './made-up-scores.ts';
import { type FakeStream, openFakeStream, tellAll, type ViewState } from './view-streams.ts';

const require = createRequire(import.meta.url);

/** Mean probability of each class on the slide. */
const OF_SLIDE = [0.084, 0.512, 0.374, 0.03];

/** What the fake server is told to do, and what it was asked. */
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
  /** Revision of tiles, and of those that have one of their own, by `level/column_row`. */
  revision: number;
  revisions: Record<string, number>;
  /** A tile, `level/column_row`, that is sent as it was when it was asked for, when `until` resolves. */
  held: { tile: string; until: Promise<void> } | undefined;
  /** Status of `POST /view`, and its `Retry-After`. */
  viewStatus: number;
  retryAfter: string;
  /** The view streams that were asked for, in order. */
  streams: FakeStream[];
  /** The analysis of the slide, and what was sent to it. */
  analysis: AnalysisState;
  sent: { method: string; path: string; body: unknown }[];
  /** Status of answers to `POST` of an analysis. */
  analysisStatus: number;
  /** Whether it is a host of files, without headers of its own and without view streams. */
  isStatic: boolean;
}

/** A server at rest: everything is computed. */
export function freshControl(): Control {
  return {
    requests: [],
    coverage: 255,
    missing: 0,
    known: 651,
    method: 'cam',
    cam: [0, 1],
    inRegion: OF_SLIDE,
    tileStatus: 200,
    headers: [],
    revision: 1,
    revisions: {},
    held: undefined,
    viewStatus: 200,
    retryAfter: '',
    streams: [],
    analysis: { ...describeHeatmap(4).analysis, state: 'done', missing: 0, patches: { known: 651, total: 651 } },
    sent: [],
    analysisStatus: 202,
    isStatic: false,
  };
}

/**
 * Serves a page with OpenSeadragon and the plugin, a grey slide of one tile, and made-up heatmaps of any number of
 * classes by the HTTP interface.
 */
export async function startHeatmapServer(plugin: { script: string; onDemand: string; style: string }) {
  const openseadragon = await readFile(
    path.join(path.dirname(require.resolve('openseadragon/package.json')), 'build/openseadragon/openseadragon.min.js'),
  );
  const control = freshControl();
  const breakdownOf = (descriptor: HeatmapDescriptor, region: boolean): Breakdown => {
    const exact = control.known === 651;
    const shares = descriptor.classes.map((info, i) => {
      const probability = (region ? control.inRegion : OF_SLIDE)[i] ?? 0;
      const spread = exact ? 0 : 0.03;
      return { class: info.name, probability, low: Math.max(0, probability - spread), high: probability + spread };
    });
    const patches = { known: control.known, total: 651 };
    if (!region) return { breakdown: shares, patches, exact, of: 'slide' };
    const statistics = shares.map(({ class: name, probability }) => {
      const pixels = probability * 2e6;
      return { class: name, pixels, squareMillimetres: pixels / 4e6, histogram: [] };
    });
    return { breakdown: shares, patches, exact, of: 'region', ...{ statistics } };
  };
  const revisionOf = ({ level, column, row }: TileAddress) =>
    control.revisions[`${level}/${column}_${row}`] ?? control.revision;
  const viewState = (): ViewState => ({
    descriptor: (heatmap) => describeModel(/(\w+)\.json/.exec(heatmap)?.[1] ?? '', control.method),
    tile: (address) => {
      const { missing, coverage } = control;
      return { ...address, revision: revisionOf(address), missing, exact: coverage === 255 };
    },
    breakdown: breakdownOf,
    patches: { known: control.known, total: 651 },
    analysis: control.analysis,
  });
  const page = (dark: boolean) => `<!doctype html><html lang="en" style="color-scheme: ${dark ? 'dark' : 'light'}">
    <meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Test</title><link rel="stylesheet" href="/plugin.css">
    <style>body { margin: 0 } #viewer { height: 100vh; background: ${dark ? '#0b0c0e' : '#e9e9ec'} }</style>
    <div id="viewer"></div><script src="/openseadragon.js"></script><script src="/plugin.js"></script>`;

  const answer = (
    url: URL,
    isPost: boolean,
  ): { status?: number; type: string; body: string | Uint8Array; headers?: Record<string, string> } => {
    if (url.pathname === '/') return { type: 'text/html', body: page(url.searchParams.has('dark')) };
    if (url.pathname === '/openseadragon.js') return { type: 'text/javascript', body: openseadragon };
    if (url.pathname === '/plugin.js') return { type: 'text/javascript', body: plugin.script };
    if (url.pathname === '/on-demand.umd.js') return { type: 'text/javascript', body: plugin.onDemand };
    if (url.pathname === '/plugin.css') return { type: 'text/css', body: plugin.style };
    const heatmap = /^\/heatmaps\/slide\/((?:model|other)\d+)(.*)$/.exec(url.pathname);
    if (!heatmap)
      return { status: 404, type: 'application/json', body: '{"error":{"code":"not-found","message":"no"}}' };
    const descriptor = describeModel(heatmap[1], control.method);
    const json = (value: unknown) => ({ type: 'application/json', body: JSON.stringify(value) });
    if (heatmap[2] === '.json') {
      const analysis = { ...descriptor.analysis, patches: { known: control.known, total: 651 } };
      return json({ ...descriptor, analysis });
    }
    if (heatmap[2] === '/breakdown') {
      return json(breakdownOf(descriptor, isPost || url.searchParams.has('region')));
    }
    if (heatmap[2] === '/analysis') return json(control.analysis);
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
      headers: control.isStatic ? {} : tileHeaders({ level, column, row }),
    };
  };
  const tileHeaders = (address: TileAddress) => ({
    'X-Cam-Missing': String(control.missing),
    'X-Cam-Revision': String(revisionOf(address)),
    'Cache-Control': 'no-store',
  });

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    control.requests.push(url.pathname + url.search);
    const asked = request.headers['x-test'];
    if (typeof asked === 'string') control.headers.push(`${url.pathname} ${asked}`);
    if (url.pathname === '/view') {
      const status = control.isStatic ? 404 : control.viewStatus;
      if (status === 200) {
        const stream = await openFakeStream(request, response, viewState());
        if (stream) control.streams.push(stream);
      } else response.writeHead(status, control.retryAfter ? { 'Retry-After': control.retryAfter } : {}).end();
      return;
    }
    if (request.method !== 'GET') {
      const method = request.method ?? '';
      const sent = await text(request);
      control.sent.push({ method, path: url.pathname, body: sent === '' ? undefined : JSON.parse(sent) });
      if (url.pathname.endsWith('/analysis')) {
        if (control.analysisStatus >= 400) {
          const error = { code: 'busy', message: 'another region of this slide is being analysed' };
          response.writeHead(control.analysisStatus, { 'Retry-After': '5' }).end(JSON.stringify({ error }));
          return;
        }
        control.analysis = { ...control.analysis, state: method === 'POST' ? 'running' : 'none' };
      }
    }
    const { status = 200, type, body, headers = {} } = answer(url, request.method === 'POST');
    if (control.held && url.pathname.endsWith(`${control.held.tile}.npy`)) await control.held.until;
    response.writeHead(status, { 'Content-Type': type, ...headers }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/`,
    control,
    /** Tells open streams what is known now. */
    announce: () => {
      for (const stream of control.streams) if (stream.isOpen) tellAll(stream, viewState());
    },
    close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  };
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { levelScale, type TileAddress } from '../../shared/geometry/deep-zoom.ts';
import type { AnalysisState, Breakdown, HeatmapDescriptor } from '../../shared/heatmap-descriptor.ts';
import type { TileRevision, ViewEvents, ViewRequest } from '../../shared/view-events.ts';

/** A view stream that the fake server was asked for. */
export interface FakeStream {
  views: ViewRequest[];
  /** Value of the header `X-Test`. */
  header: string | undefined;
  isOpen: boolean;
  send<Name extends keyof ViewEvents>(name: Name, data: ViewEvents[Name]): void;
  /** As a server does that goes away. */
  end(): void;
}

/** What the fake server tells in a stream. */
export interface ViewState {
  descriptor(heatmap: string): HeatmapDescriptor;
  tile(address: TileAddress): TileRevision;
  breakdown(descriptor: HeatmapDescriptor, region: boolean): Breakdown;
  patches: { known: number; total: number };
  analysis: AnalysisState;
}

/**
 * Answers `POST /view`: begins with the present state of every view, and goes on as the test says. Undefined where the
 * page has gone on before it had asked to the end.
 */
export async function openFakeStream(
  request: IncomingMessage,
  response: ServerResponse,
  state: ViewState,
): Promise<FakeStream | undefined> {
  const body = await text(request).catch(() => undefined);
  if (body === undefined || response.closed) return undefined;
  const header = request.headers['x-test'];
  const stream: FakeStream = {
    views: JSON.parse(body),
    header: typeof header === 'string' ? header : undefined,
    isOpen: true,
    send: (name, data) => response.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`),
    end: () => response.socket?.destroy(),
  };
  response.on('close', () => {
    stream.isOpen = false;
  });
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  response.write(':\n');
  tellAll(stream, state);
  return stream;
}

/** Tells everything that the views of a stream show. */
export function tellAll(stream: FakeStream, state: ViewState): void {
  stream.views.forEach((request, view) => {
    const descriptor = state.descriptor(request.heatmap);
    const tiles = tilesOf(descriptor, request).map(state.tile);
    const missing = tiles.reduce((sum, tile) => sum + tile.missing, 0);
    stream.send('tiles', { view, tiles });
    for (const scope of ['view', 'slide'] as const) {
      stream.send('breakdown', { view, scope, ...state.breakdown(descriptor, scope === 'view') });
    }
    const patchesPerSecond = missing > 0 ? 2 : null;
    stream.send('progress', {
      view,
      patches: state.patches,
      missing,
      patchesPerSecond,
      secondsLeft: patchesPerSecond && missing / patchesPerSecond,
      analysis: state.analysis,
    });
  });
}

/** The tiles of a view's level that its region touches. */
export function tilesOf(descriptor: HeatmapDescriptor, { region, level }: ViewRequest): TileAddress[] {
  const side = descriptor.tileSize * levelScale(descriptor, level);
  const [x, y, width, height] = region;
  const tiles: TileAddress[] = [];
  for (let row = Math.floor(y / side); row * side < y + height; row++) {
    for (let column = Math.floor(x / side); column * side < x + width; column++) tiles.push({ level, column, row });
  }
  return tiles;
}

import type OpenSeadragon from 'openseadragon';
import type { TileAddress } from '../../shared/geometry/deep-zoom.ts';
import type { FetchedTile } from './heatmap-client.ts';
import { pauseAfter } from './pauses.ts';
import type { TileRequest } from './tile-request.ts';
import type { TileScores } from './tile-scores.ts';

/** Milliseconds after which a first request for a tile counts as failed; OpenSeadragon itself gives up after 30 s. */
const TIMEOUT = 20_000;

/**
 * The scores with which a tile begins. Where the fetch fails they are none, with those of a coarser tile to stand in: a
 * tile that failed would never be asked for again. @throws only where OpenSeadragon wants the tile no more
 */
export async function firstScores(
  { level, x, y }: OpenSeadragon.Tile,
  {
    request,
    fetch,
    signal,
    standIn,
    succeeded,
    failed,
  }: {
    request: TileRequest;
    fetch(address: TileAddress, request: TileRequest, signal: AbortSignal): Promise<FetchedTile>;
    signal: AbortSignal;
    standIn(): TileScores | undefined;
    succeeded(): void;
    failed(error: unknown): void;
  },
): Promise<TileScores> {
  const address = { level, column: x, row: y };
  const common = { address, request, stale: false, painted: -1 };
  try {
    const fetched = await fetch(address, request, AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]));
    succeeded();
    return { ...common, ...fetched, fruitless: 0, notBefore: 0 };
  } catch (error) {
    if (signal.aborted) throw error;
    failed(error);
    const nothing = { tile: undefined, missing: Number.POSITIVE_INFINITY, revision: undefined, standIn: standIn() };
    return { ...common, ...nothing, fruitless: 1, notBefore: performance.now() + pauseAfter(0) };
  }
}

/** The finest scores that are there for a tile's place, of the tiles loaded. */
export function coarserScores(
  { level, bounds }: OpenSeadragon.Tile,
  loaded: readonly OpenSeadragon.Tile[],
  scores: WeakMap<OpenSeadragon.Tile, TileScores>,
): TileScores | undefined {
  const centre = bounds.getCenter();
  return loaded
    .filter((tile) => tile.level < level && tile.bounds.containsPoint(centre) && scores.get(tile)?.tile)
    .sort((a, b) => b.level - a.level)
    .map((tile) => scores.get(tile))
    .at(0);
}

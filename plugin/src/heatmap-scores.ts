import type OpenSeadragon from 'openseadragon';
import type { HeatmapDescriptor } from '../../shared/heatmap-descriptor.ts';
import { coarserScores, firstScores } from './first-scores.ts';
import type { FetchedTile, HeatmapClient } from './heatmap-client.ts';
import { type Refinement, refinement } from './refinement.ts';
import { satisfies, type TileRequest } from './tile-request.ts';
import type { TileScores } from './tile-scores.ts';

/** The scores of one heatmap behind the tiles of a layer. */
export interface HeatmapScores {
  descriptor: HeatmapDescriptor;
  of(tile: OpenSeadragon.Tile): TileScores | undefined;
  /** Whether a tile's scores are there as they are wanted now. */
  hasWanted(tile: OpenSeadragon.Tile): boolean;
  /** Fetches those with which a tile begins. @throws only where OpenSeadragon wants the tile no more */
  load(tile: OpenSeadragon.Tile, headers: object, signal: AbortSignal): Promise<TileScores>;
  /** A tile that is there begins without any: they are asked for when it is on screen. */
  begin(tile: OpenSeadragon.Tile): void;
  drop(tile: OpenSeadragon.Tile): void;
  refining: Refinement;
  destroy(): void;
}

export function heatmapScores(
  client: HeatmapClient,
  descriptor: HeatmapDescriptor,
  host: {
    visible(): OpenSeadragon.Tile[];
    loaded(): OpenSeadragon.Tile[];
    wanted(): TileRequest;
    /** Requests at a time for what is to be refined. */
    most(): number;
    fetched(request: TileRequest, fetched: FetchedTile): void;
    improved(): void;
    succeeded(): void;
    failed(error: unknown): void;
  },
): HeatmapScores {
  const scores = new WeakMap<OpenSeadragon.Tile, TileScores>();
  /** OpenSeadragon goes on loading the tiles of an item that is taken away. */
  const life = new AbortController();
  const fetch: HeatmapClient['tile'] = async (...request) => {
    const fetched = await client.tile(...request);
    host.fetched(request[2], fetched);
    return fetched;
  };
  const failed = (error: unknown) => {
    if (!life.signal.aborted) host.failed(error);
  };

  const refining = refinement<OpenSeadragon.Tile>({
    visible: host.visible,
    scoresOf: (tile) => scores.get(tile),
    wanted: host.wanted,
    most: host.most,
    fetch: (tile, { address }, request, signal) =>
      fetch(descriptor, address, request, { headers: tile.ajaxHeaders ?? {}, signal }),
    improved: () => {
      host.succeeded();
      host.improved();
    },
    failed,
  });

  return {
    descriptor,
    of: (tile) => scores.get(tile),
    hasWanted: (tile) => {
      const found = scores.get(tile);
      return found?.tile !== undefined && satisfies(found.request, host.wanted());
    },
    load: async (tile, headers, signal) => {
      const tileScores = await firstScores(tile, {
        request: host.wanted(),
        fetch: (address, request, limited) =>
          fetch(descriptor, address, request, { headers, signal: AbortSignal.any([limited, life.signal]) }),
        signal,
        standIn: () => coarserScores(tile, host.loaded(), scores),
        succeeded: host.succeeded,
        failed,
      });
      scores.set(tile, tileScores);
      return tileScores;
    },
    begin: (tile) => {
      if (scores.has(tile)) return;
      const address = { level: tile.level, column: tile.x, row: tile.y };
      const nothing = { tile: undefined, missing: Number.POSITIVE_INFINITY, revision: undefined };
      const due = { stale: false, fruitless: 0, notBefore: 0, painted: -1 };
      scores.set(tile, { address, request: host.wanted(), ...nothing, ...due });
    },
    drop: (tile) => scores.delete(tile),
    refining,
    destroy: () => {
      life.abort();
      refining.destroy();
    },
  };
}

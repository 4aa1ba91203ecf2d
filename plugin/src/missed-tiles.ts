import type OpenSeadragon from 'openseadragon';

/** Tiles of the image beneath that OpenSeadragon has given up: it asks for none of them a second time. */
export interface MissedTiles {
  /** The server answers again: has those that are still wanted asked for. */
  again(): void;
  end(): void;
}

/** Remembers the tiles that could not be loaded of an image, so that a server that was away leaves no hole in the slide. */
export function missedTiles(viewer: OpenSeadragon.Viewer, base: OpenSeadragon.TiledImage): MissedTiles {
  const missed = new Set<OpenSeadragon.Tile>();
  const onFailed = ({ tile, tiledImage, tileRequest }: OpenSeadragon.TileLoadFailedEvent) => {
    // One that the server has answered for is not there. Of an image without a request nobody can tell.
    if (tiledImage === base && tile && !tileRequest?.status) missed.add(tile);
  };
  viewer.addHandler('tile-load-failed', onFailed);
  return {
    again: () => {
      if (missed.size === 0) return;
      for (const tile of missed) tile.exists = true;
      missed.clear();
      base.update(true);
    },
    end: () => {
      viewer.removeHandler('tile-load-failed', onFailed);
      missed.clear();
    },
  };
}

import type OpenSeadragon from 'openseadragon';
import { levelSize } from '../../shared/geometry/deep-zoom.ts';
import type { HeatmapDescriptor } from '../../shared/heatmap-descriptor.ts';

/** OpenSeadragon's name for our tiles' data before they are painted. */
const DATA_TYPE = 'camScores';

/** A loaded tile in OpenSeadragon's cache until a drawer needs pixels. */
interface TilePayload {
  paint(): CanvasRenderingContext2D;
}

/** Where the source takes its tiles from. */
export interface TileLoader {
  /** Resolves for a failed fetch too (with an empty tile): a tile that fails once is never asked for again. */
  load(tile: OpenSeadragon.Tile, headers: object, signal: AbortSignal): Promise<TilePayload>;
}

const taught = new WeakSet<object>();
let layers = 0;

/**
 * A tile source of scores: exactly the slide's pyramid from the largest level that is a single tile upwards. Painting is
 * the conversion from scores to a canvas, so that any drawer, and any plugin that filters tiles, gets an ordinary canvas.
 */
export function scoreSource(
  osd: typeof OpenSeadragon,
  descriptor: HeatmapDescriptor,
  loader: TileLoader,
): OpenSeadragon.TileSource {
  if (!taught.has(osd.converter)) {
    taught.add(osd.converter);
    osd.converter.learn(DATA_TYPE, DATA_TYPE, (_tile: OpenSeadragon.Tile, payload: TilePayload) => payload, 0, 1);
    osd.converter.learn(DATA_TYPE, 'context2d', (_tile: OpenSeadragon.Tile, payload: TilePayload) => payload.paint());
  }
  const layer = ++layers;
  const running = new WeakMap<OpenSeadragon.ImageJob, AbortController>();
  const source = new osd.TileSource({
    width: descriptor.width,
    height: descriptor.height,
    tileSize: descriptor.tileSize,
    tileOverlap: descriptor.overlap,
    minLevel: largestSingleTileLevel(descriptor),
    maxLevel: descriptor.maxLevel,
  });

  // Never fetched as it is: the query depends on what is shown when the tile is loaded.
  const url = (level: number, x: number, y: number) => `cam:${layer}/${level}/${x}_${y}`;
  source.getTileUrl = url;
  // Two layers of one heatmap are painted differently: OpenSeadragon must not share their tiles.
  source.getTileHashKey = url;
  source.hasTransparency = () => true;
  source.equals = (other) => other === source;

  source.downloadTileStart = (job) => {
    const controller = new AbortController();
    running.set(job, controller);
    loader.load(job.tile, job.ajaxHeaders ?? {}, controller.signal).then(
      (payload) => job.finish(payload, null, DATA_TYPE),
      () => {
        // Aborted: OpenSeadragon ends the job itself.
      },
    );
  };
  source.downloadTileAbort = (job) => running.get(job)?.abort();
  return source;
}

function largestSingleTileLevel(descriptor: HeatmapDescriptor): number {
  let level = descriptor.maxLevel;
  while (level > 0) {
    const { width, height } = levelSize(descriptor, level);
    if (Math.max(width, height) <= descriptor.tileSize) break;
    level--;
  }
  return level;
}

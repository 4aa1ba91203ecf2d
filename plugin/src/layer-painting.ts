import type OpenSeadragon from 'openseadragon';
import type { HeatmapDescriptor } from '../../shared/heatmap-descriptor.ts';
import type { LayerScores } from './layer-scores.ts';
import type { LayerTiles } from './layer-tiles.ts';
import type { CamSettings } from './options.ts';
import { repainting } from './repainting.ts';
import { canvasOf, tileImages } from './tile-images.ts';
import type { TileScores } from './tile-scores.ts';

/** What the tiles of a layer look like. */
export interface LayerPainting {
  /** A tile as those on screen are painted now. */
  canvas(tile: OpenSeadragon.Tile, tileScores: TileScores): CanvasRenderingContext2D;
  /** Whether a tile was painted with the present settings. */
  isPresent(tileScores: TileScores): boolean;
  /** Repaints what is not as it should be. */
  request(): void;
  /** Repaints for other settings; resolves when they are on screen. */
  restyle(): Promise<void>;
  /** Nothing is on screen: tiles begin with the present settings. */
  begin(): void;
  /** Nobody waits for settings any more. */
  release(): void;
  destroy(): void;
}

function isLoaded(tile: OpenSeadragon.Tile): boolean {
  return tile.getCache(tile.originalCacheKey)?.loaded === true;
}

export function layerPainting(
  osd: typeof OpenSeadragon,
  viewer: OpenSeadragon.Viewer,
  descriptor: HeatmapDescriptor,
  { visible, loaded }: LayerTiles,
  { own, comparison, isWhole }: LayerScores,
  settings: () => CamSettings,
): LayerPainting {
  let revision = 0;
  const images = tileImages();
  /** What tiles are being painted with, and what those on screen show: a round of repainting lies between the two. */
  const now = () => ({ settings: settings(), revision, other: comparison() });
  let current = now();
  let shown = current;
  /** Those who wait for the present settings to be on screen. */
  let waiting: (() => void)[] = [];
  const release = () => {
    for (const resolve of waiting) resolve();
    waiting = [];
  };

  const paint = (tile: OpenSeadragon.Tile, tileScores: TileScores, style: typeof current) => {
    const other = style.other?.scores.of(tile);
    for (const painted of other ? [tileScores, other] : [tileScores]) painted.painted = style.revision;
    const from = style.other && other && { ...style.other.of, scores: other };
    return images.paint(tileScores, descriptor, style.settings, from);
  };
  const show = (tile: OpenSeadragon.Tile, image: ImageData) => {
    // Through the cache: going through `tile-invalidated` would miscount the viewer's tiles for ever.
    const cache = isLoaded(tile) ? tile.getCache(tile.originalCacheKey) : undefined;
    // In the canvas itself, where the drawer keeps no copy of it.
    if (tile.tiledImage?.getDrawer().getType() === 'canvas' && cache?.data.canvas?.width === image.width) {
      cache.data.putImageData(image, 0, 0);
      tile.tiledImage.viewer.forceRedraw();
    } else cache?.setDataAs(canvasOf(image), 'context2d');
    images.release(image);
  };

  const painting = repainting<OpenSeadragon.Tile>({
    visible,
    loaded,
    begin: () => {
      if (visible().every(isWhole)) current = now();
    },
    isOutdated: (tile) => {
      const found = [own.of(tile), current.other?.scores.of(tile)];
      const isOld = found.some((tileScores) => tileScores && tileScores.painted !== current.revision);
      return isOld && isLoaded(tile) && isWhole(tile);
    },
    paint: (tile) => {
      const tileScores = own.of(tile);
      const image = tileScores && paint(tile, tileScores, current);
      return () => {
        if (image) show(tile, image);
      };
    },
    shown: (tiles) => {
      shown = current;
      if (shown.revision === revision) release();
      // Another plugin shows a filtered copy: it has to make it anew.
      const filtered = tiles.filter((tile) => isLoaded(tile) && tile.cacheKey !== tile.originalCacheKey);
      if (filtered.length > 0) viewer.world.requestTileInvalidateEvent(filtered, osd.now(), true);
    },
  });

  return {
    canvas: (tile, tileScores) => {
      const image = paint(tile, tileScores, shown);
      const context = canvasOf(image);
      images.release(image);
      return context;
    },
    isPresent: ({ painted }) => painted === revision,
    request: painting.request,
    restyle: () => {
      revision++;
      painting.request();
      return new Promise((resolve) => waiting.push(resolve));
    },
    begin: () => {
      shown = now();
    },
    release,
    destroy: painting.destroy,
  };
}

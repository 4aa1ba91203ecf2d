import type OpenSeadragon from 'openseadragon';
import type { HeatmapDescriptor, Score } from '../../shared/heatmap-descriptor.ts';
import type { ScoreTile } from '../../shared/painting/style.ts';
import type { TileRevision } from '../../shared/view-events.ts';
import { coarserScores, firstScores } from './first-scores.ts';
import type { HeatmapClient } from './heatmap-client.ts';
import { listen } from './layer-handlers.ts';
import { layerTiles } from './layer-tiles.ts';
import { type MissedTiles, missedTiles } from './missed-tiles.ts';
import type { CamSettings } from './options.ts';
import { addLayer, follow } from './placement.ts';
import { premultipliedAlpha } from './premultiplied-alpha.ts';
import { refinement } from './refinement.ts';
import { repainting } from './repainting.ts';
import { scoreSource } from './score-source.ts';
import { paintAlike } from './shown.ts';
import { shownViews } from './shown-views.ts';
import { canvasOf, tileImages } from './tile-images.ts';
import { tileRequest } from './tile-request.ts';
import type { TileScores } from './tile-scores.ts';
import type { ShownView } from './view-stream/page-stream.ts';

/** Milliseconds from a frame to the look at what it has brought on screen. */
const VIEW_PAUSE = 50;

function isLoaded(tile: OpenSeadragon.Tile): boolean {
  return tile.getCache(tile.originalCacheKey)?.loaded === true;
}

/** The heatmap as an item of the viewer's world. */
export interface Layer {
  /** Undefined while it lies on no image. */
  item(): OpenSeadragon.TiledImage | undefined;
  source: OpenSeadragon.TileSource;
  /** Puts it on an image, first taking it off any other. */
  attach(base: OpenSeadragon.TiledImage): Promise<void>;
  detach(): void;
  /** Shows new settings; resolves when what is on screen is repainted. */
  apply(settings: CamSettings): Promise<void>;
  /** Asks for every tile on screen again, without a flash. */
  refresh(): void;
  /** What the server has of tiles in view: those that hold something else are asked for again. */
  announce(tiles: readonly TileRevision[]): void;
  /** What was announced is announced anew. */
  forgetAnnounced(): void;
  /** The server answers again: asks at once for what failed. */
  retry(): void;
  scoresOf(tile: OpenSeadragon.Tile): TileScores | undefined;
  /** Those behind the tiles on screen. */
  shownScores(): TileScores[];
  /** Tiles on screen that are not yet what they will be. */
  pending(): number;
  destroy(): void;
}

export function createLayer(
  osd: typeof OpenSeadragon,
  viewer: OpenSeadragon.Viewer,
  client: HeatmapClient,
  descriptor: HeatmapDescriptor,
  first: CamSettings,
  options: {
    ajaxHeaders?: Record<string, string>;
    ajaxWithCredentials?: boolean;
    /** Scores have come. */
    fetched(score: Score, tile: ScoreTile): void;
    /** What is on screen, or its scores, may have changed. */
    progress(): void;
    /** What is seen of it now, told again and again. */
    viewed(views: readonly ShownView[]): void;
    succeeded(): void;
    failed(error: Error): void;
  },
): Layer {
  let settings = first;
  let revision = 0;
  let item: OpenSeadragon.TiledImage | undefined;
  let attached = 0;
  let undo: (() => void)[] = [];
  let missed: MissedTiles | undefined;
  const scores = new WeakMap<OpenSeadragon.Tile, TileScores>();
  const images = tileImages();
  /** OpenSeadragon goes on loading the tiles of an item that is taken away. */
  const life = new AbortController();

  /** What tiles are being painted with, and what those on screen show: a round of repainting lies between the two. */
  let current = { settings, revision };
  let shown = current;

  const paint = (tileScores: TileScores, style: typeof current) => {
    tileScores.painted = style.revision;
    return images.paint(tileScores, descriptor, style.settings);
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

  const source = scoreSource(osd, descriptor, {
    load: async (tile, headers, signal) => {
      const tileScores = await firstScores(tile, {
        request: tileRequest(settings, descriptor),
        fetch: (address, request, limited) =>
          fetchTile(descriptor, address, request, { headers, signal: AbortSignal.any([limited, life.signal]) }),
        signal,
        standIn: () => coarserScores(tile, item ? viewer.tileCache.getLoadedTilesFor(item) : [], scores),
        succeeded: options.succeeded,
        failed: options.failed,
      });
      scores.set(tile, tileScores);
      return {
        paint: () => {
          const image = paint(tileScores, shown);
          const context = canvasOf(image);
          images.release(image);
          return context;
        },
      };
    },
  });

  const fetchTile: HeatmapClient['tile'] = async (...request) => {
    const fetched = await client.tile(...request);
    options.fetched(request[2].score, fetched.tile);
    return fetched;
  };

  const { navigatorItem, visible, loaded } = layerTiles(
    viewer,
    source,
    () => item,
    () => settings,
  );

  const painting = repainting<OpenSeadragon.Tile>({
    visible,
    loaded,
    begin: () => {
      current = { settings, revision };
    },
    isOutdated: (tile) => {
      const tileScores = scores.get(tile);
      return tileScores !== undefined && tileScores.painted !== current.revision && isLoaded(tile);
    },
    paint: (tile) => {
      const tileScores = scores.get(tile);
      const image = tileScores && paint(tileScores, current);
      return () => {
        if (image) show(tile, image);
      };
    },
    shown: (tiles) => {
      shown = current;
      // Another plugin shows a filtered copy: it has to make it anew.
      const filtered = tiles.filter((tile) => isLoaded(tile) && tile.cacheKey !== tile.originalCacheKey);
      if (filtered.length > 0) viewer.world.requestTileInvalidateEvent(filtered, osd.now(), true);
    },
  });

  const refining = refinement<OpenSeadragon.Tile>({
    visible,
    scoresOf: (tile) => scores.get(tile),
    wanted: () => tileRequest(settings, descriptor),
    fetch: (tile, { address }, request, signal) =>
      fetchTile(descriptor, address, request, { headers: tile.ajaxHeaders ?? {}, signal }),
    improved: () => {
      options.succeeded();
      painting.request();
      options.progress();
    },
    failed: options.failed,
  });

  const showNavigatorCopy = () => {
    navigatorItem()?.setOpacity(settings.showInNavigator && settings.visible ? settings.opacity : 0);
  };

  const onLoaded = (event: OpenSeadragon.TileEvent) => {
    if (event.tiledImage?.source !== source) return;
    const tileScores = event.tile && scores.get(event.tile);
    // The settings may have changed between painting and this.
    if (tileScores && tileScores.painted !== revision) painting.request();
    // The html drawer does not tell when it has drawn.
    viewTimer ||= window.setTimeout(onView, VIEW_PAUSE);
  };
  const onUnloaded = (event: OpenSeadragon.TileEvent) => {
    if (event.tile) scores.delete(event.tile);
  };
  let viewTimer = 0;
  /** What is on screen may have changed. */
  const onView = () => {
    viewTimer = 0;
    if (!item) return;
    refining.pump();
    options.viewed(shownViews(osd, viewer, { item, navigatorItem: navigatorItem() }, descriptor, settings));
    options.progress();
  };
  const onDrawn = () => {
    if (!viewTimer) viewTimer = window.setTimeout(onView, VIEW_PAUSE);
  };

  const detach = () => {
    attached++;
    const old = item;
    item = undefined;
    for (const step of undo.reverse()) step();
    undo = [];
    missed = undefined;
    if (old) options.viewed([]);
    if (old && viewer.world && viewer.world.getIndexOfItem(old) >= 0) viewer.world.removeItem(old);
  };

  const layer: Layer = {
    item: () => item,
    source,
    attach: async (base) => {
      detach();
      const attempt = attached;
      const added = await addLayer(viewer, base, source, {
        opacity: settings.visible ? settings.opacity : 0,
        compositeOperation: settings.compositeOperation,
        ajaxHeaders: options.ajaxHeaders,
        ajaxWithCredentials: options.ajaxWithCredentials,
      });
      if (attempt !== attached) {
        if (viewer.world.getIndexOfItem(added) >= 0) viewer.world.removeItem(added);
        return;
      }
      item = added;
      missed = missedTiles(viewer, base);
      undo.push(missed.end);
      // Translucent tiles that end between pixels would show their borders as lines in the canvas drawer.
      const rounding = { '*': osd.SUBPIXEL_ROUNDING_OCCURRENCES.ALWAYS };
      Object.assign(added, { subPixelRoundingForTransparency: rounding });
      undo.push(follow(osd, viewer, base, added), premultipliedAlpha(added.getDrawer()));
      if (viewer.navigator) undo.push(premultipliedAlpha(viewer.navigator.drawer));
      undo.push(
        listen(viewer, added, {
          loaded: onLoaded,
          unloaded: onUnloaded,
          drawn: onDrawn,
          navigatorChanged: showNavigatorCopy,
        }),
      );
      // What could not be shown before can be now, and was painted for settings that may be old.
      await layer.apply(settings);
    },
    detach,
    apply: async (next) => {
      const same = paintAlike(next, settings);
      settings = next;
      if (!item) {
        shown = { settings, revision };
        return;
      }
      const opacity = next.visible ? next.opacity : 0;
      if (item.getOpacity() !== opacity) item.setOpacity(opacity);
      if (item.getCompositeOperation() !== next.compositeOperation) item.setCompositeOperation(next.compositeOperation);
      showNavigatorCopy();
      if (!same) revision++;
      onView();
      if (same) return;
      await painting.request();
    },
    refresh: () => {
      for (const tile of loaded()) {
        const tileScores = scores.get(tile);
        if (tileScores) Object.assign(tileScores, { stale: true, notBefore: 0 });
      }
      refining.pump();
    },
    announce: (tiles) => {
      refining.announce(tiles);
      options.progress();
    },
    forgetAnnounced: refining.forget,
    retry: () => {
      refining.retry();
      missed?.again();
    },
    scoresOf: (tile) => scores.get(tile),
    shownScores: () => visible().flatMap((tile) => scores.get(tile) ?? []),
    pending: () => refining.pending(),
    destroy: () => {
      detach();
      life.abort();
      clearTimeout(viewTimer);
      refining.destroy();
      painting.destroy();
    },
  };
  return layer;
}

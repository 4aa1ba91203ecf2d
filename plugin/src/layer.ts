import type OpenSeadragon from 'openseadragon';
import type { HeatmapDescriptor, Score } from '../../shared/heatmap-descriptor.ts';
import type { ScoreTile } from '../../shared/painting/style.ts';
import type { HeatmapClient } from './heatmap-client.ts';
import { listen } from './layer-handlers.ts';
import { layerTiles } from './layer-tiles.ts';
import { type CamSettings, paintAlike } from './options.ts';
import { addLayer, follow } from './placement.ts';
import { premultipliedAlpha } from './premultiplied-alpha.ts';
import { pauseAfter, refinement } from './refinement.ts';
import { repainting } from './repainting.ts';
import { scoreSource } from './score-source.ts';
import { tileRequest } from './tile-request.ts';
import { paintCanvas, type TileScores } from './tile-scores.ts';

/** Milliseconds after which a first request for a tile counts as failed; OpenSeadragon itself gives up after 30 s. */
const FIRST_REQUEST_TIMEOUT = 20_000;

/** Milliseconds from a frame to the look at what it has brought on screen. */
const VIEW_PAUSE = 50;

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
  /** More patches are known: asks for estimated values on screen again. */
  grown(): void;
  /** The server answers again: asks at once for what failed. */
  retry(): void;
  scoresOf(tile: OpenSeadragon.Tile): TileScores | undefined;
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
    progress(): void;
    succeeded(): void;
    failed(error: Error): void;
  },
): Layer {
  let settings = first;
  let revision = 0;
  let item: OpenSeadragon.TiledImage | undefined;
  let attached = 0;
  let undo: (() => void)[] = [];
  const scores = new WeakMap<OpenSeadragon.Tile, TileScores>();

  const paint = (tileScores: TileScores) => {
    tileScores.painted = revision;
    return paintCanvas(tileScores, descriptor, settings);
  };

  const source = scoreSource(osd, descriptor, {
    load: async (tile, headers, signal) => {
      const tileScores = await firstScores(tile, headers, signal);
      scores.set(tile, tileScores);
      return { paint: () => paint(tileScores) };
    },
  });

  const fetchTile: HeatmapClient['tile'] = async (...request) => {
    const fetched = await client.tile(...request);
    options.fetched(request[2].score, fetched.tile);
    return fetched;
  };

  /** The finest scores that are there for a tile's place. */
  const coarser = ({ level, bounds }: OpenSeadragon.Tile): TileScores | undefined => {
    const centre = bounds.getCenter();
    return (item ? viewer.tileCache.getLoadedTilesFor(item) : [])
      .filter((tile) => tile.level < level && tile.bounds.containsPoint(centre) && scores.get(tile)?.tile)
      .sort((a, b) => b.level - a.level)
      .map((tile) => scores.get(tile))
      .at(0);
  };

  const firstScores = async (tile: OpenSeadragon.Tile, headers: object, signal: AbortSignal): Promise<TileScores> => {
    const address = { level: tile.level, column: tile.x, row: tile.y };
    const request = tileRequest(settings, descriptor);
    const common = { address, request, askedAt: performance.now(), stale: false, painted: -1 };
    try {
      const limited = AbortSignal.any([signal, AbortSignal.timeout(FIRST_REQUEST_TIMEOUT)]);
      const fetched = await fetchTile(descriptor, address, request, { wait: 0, headers, signal: limited });
      options.succeeded();
      return { ...common, ...fetched, fruitless: 0, notBefore: 0 };
    } catch (error) {
      if (signal.aborted) throw error;
      options.failed(error instanceof Error ? error : new Error(String(error)));
      const notBefore = performance.now() + pauseAfter(0);
      const nothing = { tile: undefined, missing: Number.POSITIVE_INFINITY, exact: false, standIn: coarser(tile) };
      return { ...common, ...nothing, fruitless: 1, notBefore };
    }
  };

  const { navigatorItem, visible, loaded } = layerTiles(
    viewer,
    source,
    () => item,
    () => settings,
  );

  const repaint = (tiles: OpenSeadragon.Tile[]) => {
    const filtered: OpenSeadragon.Tile[] = [];
    for (const tile of tiles) {
      const tileScores = scores.get(tile);
      const cache = tile.getCache(tile.originalCacheKey);
      if (!tileScores || !cache?.loaded) continue;
      // The cache is replaced in place: going through `tile-invalidated` would miscount the viewer's tiles for ever.
      cache.setDataAs(paint(tileScores), 'context2d');
      if (tile.cacheKey !== tile.originalCacheKey) filtered.push(tile);
    }
    // Another plugin shows a filtered copy: it has to make it anew.
    if (filtered.length > 0) viewer.world.requestTileInvalidateEvent(filtered, osd.now(), true);
  };

  const painting = repainting<OpenSeadragon.Tile>({
    visible,
    loaded,
    isOutdated: (tile) => {
      const tileScores = scores.get(tile);
      return tileScores !== undefined && tileScores.painted !== revision;
    },
    repaint,
  });

  const refining = refinement<OpenSeadragon.Tile>({
    visible,
    scoresOf: (tile) => scores.get(tile),
    wanted: () => tileRequest(settings, descriptor),
    fetch: (tile, { address }, request, wait, signal) =>
      fetchTile(descriptor, address, request, { wait, headers: tile.ajaxHeaders ?? {}, signal }),
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
      // Translucent tiles that end between pixels would show their borders as lines in the canvas drawer.
      const rounding = { '*': osd.SUBPIXEL_ROUNDING_OCCURRENCES.ALWAYS };
      Object.assign(added, { subPixelRoundingForTransparency: rounding });
      undo.push(follow(osd, base, added), premultipliedAlpha(added.getDrawer()));
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
      if (!item) return;
      const opacity = next.visible ? next.opacity : 0;
      if (item.getOpacity() !== opacity) item.setOpacity(opacity);
      if (item.getCompositeOperation() !== next.compositeOperation) item.setCompositeOperation(next.compositeOperation);
      showNavigatorCopy();
      if (same) return onView();
      revision++;
      refining.pump();
      await painting.request();
    },
    refresh: () => {
      for (const tile of loaded()) {
        const tileScores = scores.get(tile);
        if (tileScores) Object.assign(tileScores, { stale: true, notBefore: 0 });
      }
      refining.pump();
    },
    grown: refining.grown,
    retry: refining.retry,
    scoresOf: (tile) => scores.get(tile),
    pending: () => refining.pending(),
    destroy: () => {
      detach();
      clearTimeout(viewTimer);
      refining.destroy();
      painting.destroy();
    },
  };
  return layer;
}

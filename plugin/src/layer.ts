import type OpenSeadragon from 'openseadragon';
import type { HeatmapDescriptor, Score } from '../../shared/heatmap-descriptor.ts';
import type { ScoreTile } from '../../shared/painting/style.ts';
import type { TileRevision } from '../../shared/view-events.ts';
import type { paintComparedScores } from './compared-pixels.ts';
import type { HeatmapClient } from './heatmap-client.ts';
import { type HeatmapScores, heatmapScores } from './heatmap-scores.ts';
import { listen } from './layer-handlers.ts';
import { layerTiles } from './layer-tiles.ts';
import type { LiveView } from './live-view.ts';
import { type MissedTiles, missedTiles } from './missed-tiles.ts';
import type { CamSettings } from './options.ts';
import { addLayer, follow } from './placement.ts';
import { premultipliedAlpha } from './premultiplied-alpha.ts';
import type { Refinement } from './refinement.ts';
import { repainting } from './repainting.ts';
import { scoreSource } from './score-source.ts';
import { isCompared, otherClass, paintAlike } from './shown.ts';
import { shownViews } from './shown-views.ts';
import { canvasOf, tileImages } from './tile-images.ts';
import { type TileRequest, tileRequest } from './tile-request.ts';
import type { TileScores } from './tile-scores.ts';
import type { ShownView } from './view-stream/page-stream.ts';

/** Requests at a time: a browser has six connections, and the slide and the stream need some. */
const MOST_REQUESTS = 4;
/** Milliseconds from a frame to the look at what it has brought on screen. */
const VIEW_PAUSE = 50;

function isLoaded(tile: OpenSeadragon.Tile): boolean {
  return tile.getCache(tile.originalCacheKey)?.loaded === true;
}

/** A heatmap that is taken from the layer's own. */
export interface Compared {
  client: HeatmapClient;
  descriptor: HeatmapDescriptor;
  /** Loaded when two heatmaps are first compared. */
  paint: typeof paintComparedScores;
}

/** The heatmap as an item of the viewer's world. */
export interface Layer {
  /** Undefined while it lies on no image. */
  item(): OpenSeadragon.TiledImage | undefined;
  source: OpenSeadragon.TileSource;
  /** Puts it on an image, first taking it off any other. */
  attach(base: OpenSeadragon.TiledImage): Promise<void>;
  detach(): void;
  /** Shows new settings, and the heatmap that they compare with; resolves when what is on screen is repainted. */
  apply(settings: CamSettings, compared: Compared | undefined): Promise<void>;
  /** Asks for every tile on screen again, without a flash. */
  refresh(): void;
  /** What the server has of tiles in view: those that hold something else are asked for again. */
  announce(tiles: readonly TileRevision[]): void;
  /** What was announced is announced anew. */
  forgetAnnounced(): void;
  /** The server answers again: asks at once for what failed. */
  retry(): void;
  scoresOf(tile: OpenSeadragon.Tile): TileScores | undefined;
  /** Those of the heatmap that is compared with; undefined while none is. */
  compared(): { scores: HeatmapScores; live: LiveView } | undefined;
  /** Those behind the tiles on screen. */
  shownScores(): TileScores[];
  /** Tiles on screen that are not yet what they will be; of two heatmaps, of both together. */
  pending(): number;
  destroy(): void;
}

export function createLayer(
  osd: typeof OpenSeadragon,
  viewer: OpenSeadragon.Viewer,
  client: HeatmapClient,
  descriptor: HeatmapDescriptor,
  first: CamSettings,
  firstCompared: Compared | undefined,
  options: {
    ajaxHeaders?: Record<string, string>;
    ajaxWithCredentials?: boolean;
    /** Scores have come. */
    fetched(score: Score, tile: ScoreTile): void;
    /** What is on screen, or its scores, may have changed. */
    progress(): void;
    /** What is seen of it now, told again and again. */
    viewed(views: readonly ShownView[]): void;
    /** Another heatmap is compared with: what is seen of it is to be computed, too. */
    follow(compared: Compared, refining: Refinement): LiveView;
    succeeded(): void;
    failed(error: Error): void;
  },
): Layer {
  let settings = first;
  let revision = 0;
  let item: OpenSeadragon.TiledImage | undefined;
  let attached = 0;
  /** Whether it lies on an image, or is about to. */
  let isPlaced = false;
  let undo: (() => void)[] = [];
  let missed: MissedTiles | undefined;
  const images = tileImages();
  let compared = firstCompared;
  let comparison: { of: Compared; scores: HeatmapScores; live: LiveView } | undefined;

  /** What tiles are being painted with, and what those on screen show: a round of repainting lies between the two. */
  const now = () => ({ settings, revision, other: comparison });
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

  const source = scoreSource(osd, descriptor, {
    load: async (tile, headers, signal) => {
      const [tileScores] = await Promise.all([
        own.load(tile, headers, signal),
        comparison?.scores.load(tile, headers, signal),
      ]);
      // It may have begun meanwhile.
      comparison?.scores.begin(tile);
      return {
        paint: () => {
          const image = paint(tile, tileScores, shown);
          const context = canvasOf(image);
          images.release(image);
          return context;
        },
      };
    },
  });

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

  const scoresFor = (of: Omit<Compared, 'paint'>, wanted: () => TileRequest): HeatmapScores =>
    heatmapScores(of.client, of.descriptor, {
      visible,
      loaded,
      wanted,
      most: () => (comparison ? MOST_REQUESTS / 2 : MOST_REQUESTS),
      fetched: ({ score }, { tile }) => options.fetched(score, tile),
      improved: () => {
        painting.request();
        options.progress();
      },
      succeeded: options.succeeded,
      failed: (error) => {
        options.failed(error);
        // What waits for it need not any more.
        if (comparison) painting.request();
      },
    });
  const own = scoresFor({ client, descriptor }, () => tileRequest(settings, descriptor));

  /** Whether a tile has what it is to show of both heatmaps, or failed: until then it shows what it did, and nothing flashes. */
  const isWhole = (tile: OpenSeadragon.Tile) =>
    !comparison || both().every((scores) => scores.of(tile)?.fruitless !== 0 || scores.hasWanted(tile));

  const compare = () => {
    const wanted = isCompared(settings) && isPlaced ? compared : undefined;
    if (comparison?.of === wanted) return;
    comparison?.scores.destroy();
    comparison?.live.destroy();
    comparison = undefined;
    if (!wanted) return;
    const scores = scoresFor(wanted, () =>
      tileRequest(settings, wanted.descriptor, [otherClass(settings, wanted.descriptor)]),
    );
    for (const tile of loaded()) if (own.of(tile)) scores.begin(tile);
    comparison = { of: wanted, scores, live: options.follow(wanted, scores.refining) };
  };

  const showNavigatorCopy = () => {
    navigatorItem()?.setOpacity(settings.showInNavigator && settings.visible ? settings.opacity : 0);
  };

  const onLoaded = (event: OpenSeadragon.TileEvent) => {
    if (event.tiledImage?.source !== source) return;
    const tileScores = event.tile && own.of(event.tile);
    // The settings may have changed between painting and this.
    if (tileScores && tileScores.painted !== revision) painting.request();
    // The html drawer does not tell when it has drawn.
    viewTimer ||= window.setTimeout(onView, VIEW_PAUSE);
  };
  const onUnloaded = (event: OpenSeadragon.TileEvent) => {
    if (!event.tile) return;
    own.drop(event.tile);
    comparison?.scores.drop(event.tile);
  };
  const both = () => (comparison ? [own, comparison.scores] : [own]);
  let viewTimer = 0;
  /** What is on screen may have changed. */
  const onView = () => {
    viewTimer = 0;
    if (!item) return;
    for (const { refining } of both()) refining.pump();
    const views = shownViews(osd, viewer, { item, navigatorItem: navigatorItem() }, descriptor, settings);
    options.viewed(views);
    comparison?.live.show(views);
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
    isPlaced = false;
    compare();
    release();
    if (old) options.viewed([]);
    if (old && viewer.world && viewer.world.getIndexOfItem(old) >= 0) viewer.world.removeItem(old);
  };

  const layer: Layer = {
    item: () => item,
    source,
    attach: async (base) => {
      detach();
      const attempt = attached;
      isPlaced = true;
      compare();
      shown = now();
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
      await layer.apply(settings, compared);
    },
    detach,
    apply: async (next, nextCompared) => {
      const same = paintAlike(next, settings);
      settings = next;
      compared = nextCompared;
      compare();
      if (!item) {
        shown = now();
        return;
      }
      const opacity = next.visible ? next.opacity : 0;
      if (item.getOpacity() !== opacity) item.setOpacity(opacity);
      if (item.getCompositeOperation() !== next.compositeOperation) item.setCompositeOperation(next.compositeOperation);
      showNavigatorCopy();
      if (!same) revision++;
      onView();
      if (same) return;
      painting.request();
      await new Promise<void>((resolve) => waiting.push(resolve));
    },
    refresh: () => {
      for (const tile of loaded()) {
        for (const scores of both()) Object.assign(scores.of(tile) ?? {}, { stale: true, notBefore: 0 });
      }
      for (const { refining } of both()) refining.pump();
    },
    announce: (tiles) => {
      own.refining.announce(tiles);
      options.progress();
    },
    forgetAnnounced: own.refining.forget,
    retry: () => {
      for (const { refining } of both()) refining.retry();
      missed?.again();
    },
    scoresOf: own.of,
    compared: () => comparison,
    shownScores: () => visible().flatMap((tile) => own.of(tile) ?? []),
    pending: () => both().reduce((sum, { refining }) => sum + refining.pending(), 0),
    destroy: () => {
      detach();
      clearTimeout(viewTimer);
      own.destroy();
      painting.destroy();
    },
  };
  return layer;
}

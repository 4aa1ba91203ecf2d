import type OpenSeadragon from 'openseadragon';
import type { HeatmapDescriptor, Score } from '../../shared/heatmap-descriptor.ts';
import type { ScoreTile } from '../../shared/painting/style.ts';
import type { TileRevision } from '../../shared/view-events.ts';
import type { Compared } from './compared-heatmap.ts';
import type { HeatmapClient } from './heatmap-client.ts';
import { listen } from './layer-handlers.ts';
import { type LayerPainting, layerPainting } from './layer-painting.ts';
import { type Comparison, type LayerScores, layerScores } from './layer-scores.ts';
import { layerTiles } from './layer-tiles.ts';
import type { LiveView } from './live-view.ts';
import { type MissedTiles, missedTiles } from './missed-tiles.ts';
import type { CamSettings } from './options.ts';
import { addLayer, follow } from './placement.ts';
import { premultipliedAlpha } from './premultiplied-alpha.ts';
import type { Refinement } from './refinement.ts';
import { scoreSource } from './score-source.ts';
import { isCompared, paintAlike } from './shown.ts';
import { shownViews } from './shown-views.ts';
import type { TileScores } from './tile-scores.ts';
import type { ShownView } from './view-stream/page-stream.ts';

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
  compared(): Comparison | undefined;
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
    failed(error: unknown): void;
  },
): Layer {
  let settings = first;
  let item: OpenSeadragon.TiledImage | undefined;
  let attached = 0;
  /** Whether it lies on an image, or is about to. */
  let isPlaced = false;
  let undo: (() => void)[] = [];
  let missed: MissedTiles | undefined;
  let compared = firstCompared;
  let viewTimer = 0;

  const source = scoreSource(osd, descriptor, {
    load: async (tile, headers, signal) => {
      const tileScores = await scores.load(tile, headers, signal);
      return { paint: () => painting.canvas(tile, tileScores) };
    },
  });
  const tiles = layerTiles(
    viewer,
    source,
    () => item,
    () => settings,
  );
  const { navigatorItem, visible, loaded } = tiles;
  const scores: LayerScores = layerScores(client, descriptor, tiles, {
    settings: () => settings,
    fetched: options.fetched,
    improved: () => {
      painting.request();
      options.progress();
    },
    succeeded: options.succeeded,
    failed: (error) => {
      options.failed(error);
      // What waits for it need not any more.
      painting.request();
    },
    follow: options.follow,
  });
  const { own } = scores;
  const painting: LayerPainting = layerPainting(osd, viewer, descriptor, tiles, scores, () => settings);
  const compare = () => scores.compare(isCompared(settings) && isPlaced ? compared : undefined);

  const showNavigatorCopy = () => {
    navigatorItem()?.setOpacity(settings.showInNavigator && settings.visible ? settings.opacity : 0);
  };

  const onLoaded = (event: OpenSeadragon.TileEvent) => {
    if (event.tiledImage?.source !== source) return;
    const tileScores = event.tile && own.of(event.tile);
    // The settings may have changed between painting and this.
    if (tileScores && !painting.isPresent(tileScores)) painting.request();
    // The html drawer does not tell when it has drawn.
    viewTimer ||= window.setTimeout(onView, VIEW_PAUSE);
  };
  const onUnloaded = (event: OpenSeadragon.TileEvent) => {
    if (event.tile) scores.drop(event.tile);
  };
  /** What is on screen may have changed. */
  const onView = () => {
    viewTimer = 0;
    if (!item) return;
    for (const { refining } of scores.all()) refining.pump();
    const views = shownViews(osd, viewer, { item, navigatorItem: navigatorItem() }, descriptor, settings);
    options.viewed(views);
    scores.comparison()?.live.show(views);
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
    painting.release();
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
      painting.begin();
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
        painting.begin();
        return;
      }
      const opacity = next.visible ? next.opacity : 0;
      if (item.getOpacity() !== opacity) item.setOpacity(opacity);
      if (item.getCompositeOperation() !== next.compositeOperation) item.setCompositeOperation(next.compositeOperation);
      showNavigatorCopy();
      const restyled = same ? undefined : painting.restyle();
      onView();
      await restyled;
    },
    refresh: () => {
      for (const tile of loaded()) {
        for (const { of } of scores.all()) Object.assign(of(tile) ?? {}, { stale: true, notBefore: 0 });
      }
      for (const { refining } of scores.all()) refining.pump();
    },
    announce: (tiles) => {
      own.refining.announce(tiles);
      options.progress();
    },
    forgetAnnounced: own.refining.forget,
    retry: () => {
      for (const { refining } of scores.all()) refining.retry();
      missed?.again();
    },
    scoresOf: own.of,
    compared: scores.comparison,
    shownScores: () => visible().flatMap((tile) => own.of(tile) ?? []),
    pending: () => scores.all().reduce((sum, { refining }) => sum + refining.pending(), 0),
    destroy: () => {
      detach();
      clearTimeout(viewTimer);
      own.destroy();
      painting.destroy();
    },
  };
  return layer;
}

import type OpenSeadragon from 'openseadragon';
import type { HeatmapDescriptor, Score } from '../../shared/heatmap-descriptor.ts';
import type { ScoreTile } from '../../shared/painting/style.ts';
import type { Compared } from './compared-heatmap.ts';
import type { HeatmapClient } from './heatmap-client.ts';
import { type HeatmapScores, heatmapScores } from './heatmap-scores.ts';
import type { LayerTiles } from './layer-tiles.ts';
import type { LiveView } from './live-view.ts';
import type { CamSettings } from './options.ts';
import type { Refinement } from './refinement.ts';
import { otherClass } from './shown.ts';
import { type TileRequest, tileRequest } from './tile-request.ts';
import type { TileScores } from './tile-scores.ts';

/** Requests at a time: a browser has six connections, and the slide and the stream need some. */
const MOST_REQUESTS = 4;

/** What a layer compares its own heatmap with. */
export interface Comparison {
  of: Compared;
  scores: HeatmapScores;
  live: LiveView;
}

/** The scores behind the tiles of a layer: of its own heatmap, and of the one that it is compared with. */
export interface LayerScores {
  own: HeatmapScores;
  /** Undefined while nothing is compared. */
  comparison(): Comparison | undefined;
  /** The own ones, and after them the others where there are any. */
  all(): HeatmapScores[];
  /** Compares with a heatmap, or with none. */
  compare(wanted: Compared | undefined): void;
  /** As `HeatmapScores.load`, of both heatmaps; resolves to the own ones. */
  load(tile: OpenSeadragon.Tile, headers: object, signal: AbortSignal): Promise<TileScores>;
  drop(tile: OpenSeadragon.Tile): void;
  /** Whether a tile has what it is to show of both heatmaps, or failed: until then it shows what it did, and nothing flashes. */
  isWhole(tile: OpenSeadragon.Tile): boolean;
}

export function layerScores(
  client: HeatmapClient,
  descriptor: HeatmapDescriptor,
  { visible, loaded }: LayerTiles,
  host: {
    settings(): CamSettings;
    fetched(score: Score, tile: ScoreTile): void;
    improved(): void;
    succeeded(): void;
    failed(error: unknown): void;
    /** Another heatmap is compared with: what is seen of it is to be computed, too. */
    follow(compared: Compared, refining: Refinement): LiveView;
  },
): LayerScores {
  const { settings } = host;
  let comparison: Comparison | undefined;

  const scoresFor = (of: Pick<Compared, 'client' | 'descriptor'>, wanted: () => TileRequest): HeatmapScores =>
    heatmapScores(of.client, of.descriptor, {
      visible,
      loaded,
      wanted,
      most: () => MOST_REQUESTS / all().length,
      fetched: ({ score }, { tile }) => host.fetched(score, tile),
      improved: host.improved,
      succeeded: host.succeeded,
      failed: host.failed,
    });
  const own = scoresFor({ client, descriptor }, () => tileRequest(settings(), descriptor));
  const all = () => (comparison ? [own, comparison.scores] : [own]);

  return {
    own,
    comparison: () => comparison,
    all,
    compare: (wanted) => {
      if (comparison?.of === wanted) return;
      comparison?.scores.destroy();
      comparison?.live.destroy();
      comparison = undefined;
      if (!wanted) return;
      const scores = scoresFor(wanted, () =>
        tileRequest(settings(), wanted.descriptor, [otherClass(settings(), wanted.descriptor)]),
      );
      for (const tile of loaded()) if (own.of(tile)) scores.begin(tile);
      comparison = { of: wanted, scores, live: host.follow(wanted, scores.refining) };
    },
    load: async (...wanted) => {
      const [tileScores] = await Promise.all(all().map((scores) => scores.load(...wanted)));
      // It may have begun meanwhile.
      comparison?.scores.begin(wanted[0]);
      return tileScores;
    },
    drop: (tile) => {
      for (const scores of all()) scores.drop(tile);
    },
    isWhole: (tile) =>
      !comparison || all().every((scores) => scores.of(tile)?.fruitless !== 0 || scores.hasWanted(tile)),
  };
}

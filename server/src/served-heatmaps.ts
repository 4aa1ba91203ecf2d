import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import type { Rectangle } from '../../shared/geometry/deep-zoom.ts';
import type { HeatmapOptions } from '../../shared/heatmap-descriptor.ts';
import type { Catalogue } from './catalogue.ts';
import type { Analyses } from './heatmaps/analysis.ts';
import type { Heatmap } from './heatmaps/heatmap.ts';
import type { HeatmapSource } from './heatmaps/open-heatmap.ts';
import { optionsQuery } from './routes/query.ts';
import { keepAnalysis, keptAnalyses, type PersistentAnalysis } from './store/analysis-file.ts';
import { heatmapsFolder } from './store/heatmap-folder.ts';
import { lockHolder } from './store/lock.ts';

/** Milliseconds until it is looked again whether this process may write a heatmap's folder. */
const RETRY_PAUSE = 2000;

/** Milliseconds for which files' places in the catalogues are taken for granted; the files themselves are looked at each time. */
const PLACE_KEPT_FOR = 1000;
const MOST_PLACES = 200;

/** Heatmaps by the ids of a server's catalogues, and the analyses of them that outlast it. */
export interface ServedHeatmaps {
  /** @throws Problem `not-found`, and as slide and model do */
  open(slideId: string, modelId: string, options: Partial<HeatmapOptions>): Promise<Heatmap>;
  /** Remembers that an analysis runs, of a region or (null) of the whole slide, or (undefined) that it has ended. */
  keep(heatmap: Heatmap, region: Rectangle | null | undefined): void;
  /** Tells other processes where this one can be asked about its heatmaps. */
  listensAt(address: string): void;
  /** Takes up the analyses that an earlier server did not end; those of one that still runs, when that ends. */
  resume(analyses: Analyses, logger: Logger): Promise<void>;
  /** Ends what still waits; resolves when all that can be remembered is. */
  close(): Promise<void>;
}

/** @param options.store absolute path of the server's data */
export function serveHeatmaps({
  slides,
  models,
  source,
  store,
  isPassing = () => false,
}: {
  slides: Catalogue;
  models: Catalogue;
  source: HeatmapSource;
  store: string;
  /** Whether the slide of an id goes with this process, and its analyses with it. */
  isPassing?(slideId: string): boolean;
}): ServedHeatmaps {
  /** Ids under which each heatmap was opened last. */
  const ids = new WeakMap<Heatmap, { slide: string; model: string }>();
  /** Files of slide and model by their ids: a view asks by the dozen, and finding one looks at ten files and folders. */
  const places = new LRUCache<string, { slide: string; model: string }>({ max: MOST_PLACES, ttl: PLACE_KEPT_FOR });
  /** What the folder of each heatmap is to say; while it does not. */
  const unkept = new Map<Heatmap, PersistentAnalysis | undefined>();
  let writing: Promise<void> | undefined;
  let address: string | undefined;
  const ended = new AbortController();
  const pause = () => setTimeout(RETRY_PAUSE, undefined, { signal: ended.signal, ref: false });

  const placesOf = async (slideId: string, modelId: string) => {
    const key = JSON.stringify([slideId, modelId]);
    const found = places.get(key);
    if (found) return found;
    const [slide, model] = await Promise.all([slides.resolve(slideId), models.resolve(modelId)]);
    places.set(key, { slide, model });
    return { slide, model };
  };

  const open = async (slideId: string, modelId: string, options: Partial<HeatmapOptions>) => {
    const { slide: slideFile, model: modelFile } = await placesOf(slideId, modelId);
    const path = `heatmaps/${encodeURIComponent(slideId)}/${encodeURIComponent(modelId)}.json${optionsQuery(options)}`;
    const heatmap = await source.heatmap(slideFile, modelFile, options, address && new URL(path, address).href);
    ids.set(heatmap, { slide: slideId, model: modelId });
    return heatmap;
  };

  /** Nothing is written beside another process, whose own analysis the folder tells of, nor on a full disk. */
  const writeUnkept = async () => {
    for (;;) {
      for (const [heatmap, analysis] of [...unkept]) {
        if (!heatmap.values.store.disk()) continue;
        const isKept = await keepAnalysis(join(heatmapsFolder(store), heatmap.identity), analysis).then(
          () => true,
          () => false,
        );
        if (isKept && unkept.get(heatmap) === analysis) unkept.delete(heatmap);
      }
      if (unkept.size === 0 || ended.signal.aborted) break;
      await pause().catch(() => {});
    }
    writing = undefined;
  };

  const isHeld = (heatmap: Heatmap) => heatmap.values.store.holder !== undefined;

  const resumeOne = async (
    identity: string,
    { slide, model, options, region }: PersistentAnalysis,
    analyses: Analyses,
    logger: Logger,
  ) => {
    const heatmap = await open(slide, model, options);
    if (heatmap.identity !== identity) {
      logger.warn(`the analysis of ${slide} with ${model} cannot go on: one of them has changed since`);
      const folder = join(heatmapsFolder(store), identity);
      if (!(await lockHolder(join(folder, 'lock')))) await keepAnalysis(folder, undefined);
      return;
    }
    if (isHeld(heatmap)) {
      while (isHeld(heatmap)) await pause();
      const now = await keptAnalyses(heatmapsFolder(store));
      if (!now.some((kept) => kept.identity === identity)) return;
    }
    const [x, y, width, height] = region ?? [];
    const hasRegion = x !== undefined && y !== undefined && width !== undefined && height !== undefined;
    analyses.start(heatmap, hasRegion ? { x, y, width, height } : undefined);
    logger.info(`the analysis of ${slide} with ${model} goes on`);
  };

  return {
    open,
    keep(heatmap, region) {
      const named = ids.get(heatmap);
      if (!named || isPassing(named.slide)) return;
      const kept = region && ([region.x, region.y, region.width, region.height] as [number, number, number, number]);
      const { options } = heatmap;
      unkept.set(heatmap, kept === undefined ? undefined : { ...named, options, region: kept });
      // Without it an analysis is not resumed, which is no reason to refuse it.
      writing ??= writeUnkept();
    },
    listensAt(found) {
      address = found;
    },
    async resume(analyses, logger) {
      for (const { identity, analysis } of await keptAnalyses(heatmapsFolder(store))) {
        const { slide, model } = analysis;
        void resumeOne(identity, analysis, analyses, logger).catch((error) => {
          if (ended.signal.aborted) return;
          logger.warn(
            `the analysis of ${slide} with ${model} cannot go on: ${error instanceof Error ? error.message : error}`,
          );
        });
      }
    },
    async close() {
      ended.abort();
      await writing;
    },
  };
}

import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Rectangle } from '../../shared/geometry/deep-zoom.ts';
import type { HeatmapOptions } from '../../shared/heatmap-descriptor.ts';
import type { Catalogue } from './catalogue.ts';
import type { Analyses } from './heatmaps/analysis.ts';
import type { Heatmap } from './heatmaps/heatmap.ts';
import type { HeatmapSource } from './heatmaps/open-heatmap.ts';
import { optionsQuery } from './routes/query.ts';
import { keepAnalysis, keptAnalyses } from './store/analysis-file.ts';
import { heatmapsFolder } from './store/heatmap-folder.ts';

/** Heatmaps by the ids of a server's catalogues, and the analyses of them that outlast it. */
export interface ServedHeatmaps {
  /** @throws Problem `not-found`, and as slide and model do */
  open(slideId: string, modelId: string, options: Partial<HeatmapOptions>): Promise<Heatmap>;
  /** Remembers that an analysis runs, of a region or (null) of the whole slide, or (undefined) that it has ended. */
  keep(heatmap: Heatmap, region: Rectangle | null | undefined): void;
  /** Tells other processes where this one can be asked about its heatmaps. */
  listensAt(address: string): void;
  /** Resolves when all that was to be remembered is. */
  settled(): Promise<void>;
  /** Takes up the analyses that an earlier server did not end. */
  resume(analyses: Analyses, logger: Logger): Promise<void>;
}

/** @param options.store absolute path of the server's data */
export function serveHeatmaps({
  slides,
  models,
  source,
  store,
}: {
  slides: Catalogue;
  models: Catalogue;
  source: HeatmapSource;
  store: string;
}): ServedHeatmaps {
  /** Ids under which each heatmap was opened last. */
  const ids = new WeakMap<Heatmap, { slide: string; model: string }>();
  let address: string | undefined;
  /** Files of analyses are written in the order of the events. */
  let writing: Promise<unknown> = Promise.resolve();

  const open = async (slideId: string, modelId: string, options: Partial<HeatmapOptions>) => {
    const [slideFile, modelFile] = await Promise.all([slides.resolve(slideId), models.resolve(modelId)]);
    const path = `heatmaps/${encodeURIComponent(slideId)}/${encodeURIComponent(modelId)}.json${optionsQuery(options)}`;
    const heatmap = await source.heatmap(slideFile, modelFile, options, address && new URL(path, address).href);
    ids.set(heatmap, { slide: slideId, model: modelId });
    return heatmap;
  };

  return {
    open,
    keep(heatmap, region) {
      const named = ids.get(heatmap);
      // Another process that has the heatmap remembers its own.
      if (!named || heatmap.values.store.holder) return;
      const kept = region && ([region.x, region.y, region.width, region.height] as [number, number, number, number]);
      const { options } = heatmap;
      const analysis = kept === undefined ? undefined : { ...named, options, region: kept };
      const folder = join(heatmapsFolder(store), heatmap.identity);
      // Without it an analysis is not resumed, which is no reason to refuse it.
      writing = writing.then(() => keepAnalysis(folder, analysis)).catch(() => {});
    },
    listensAt(found) {
      address = found;
    },
    settled: async () => void (await writing),
    async resume(analyses, logger) {
      for (const { identity, analysis } of await keptAnalyses(heatmapsFolder(store))) {
        const { slide, model, options, region } = analysis;
        try {
          const heatmap = await open(slide, model, options);
          if (heatmap.values.store.holder) continue;
          if (heatmap.identity !== identity) {
            logger.warn(`the analysis of ${slide} with ${model} cannot go on: one of them has changed since`);
            await keepAnalysis(join(heatmapsFolder(store), identity), undefined);
            continue;
          }
          const [x, y, width, height] = region ?? [];
          const hasRegion = x !== undefined && y !== undefined && width !== undefined && height !== undefined;
          analyses.start(heatmap, hasRegion ? { x, y, width, height } : undefined);
          logger.info(`the analysis of ${slide} with ${model} goes on`);
        } catch (error) {
          logger.warn(
            `the analysis of ${slide} with ${model} cannot go on: ${error instanceof Error ? error.message : error}`,
          );
        }
      }
    },
  };
}

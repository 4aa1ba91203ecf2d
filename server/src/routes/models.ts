import Router from '@koa/router';
import type { Catalogue } from '../catalogue.ts';
import { Problem } from '../errors.ts';
import { scoresOf } from '../heatmaps/heatmap.ts';
import type { HeatmapSource } from '../heatmaps/open-heatmap.ts';
import { classInfos } from '../heatmaps/paint-style.ts';
import type { Tell } from './errors.ts';
import { titleOf } from './slides.ts';

/** The catalogue of models. */
export function modelRoutes(catalogue: Catalogue, source: HeatmapSource, tell: Tell): Router {
  const router = new Router();

  router.get('/models', async (ctx) => {
    const { entries } = await catalogue.list();
    const described = await Promise.all(
      entries.map(async ({ id, file }) => {
        try {
          const model = await source.model(file);
          const { patchHeight, patchWidth, engine, warnings } = model;
          const scores = scoresOf(model);
          const patchSize = [patchHeight, patchWidth];
          return {
            model: { id, title: titleOf(id), classes: classInfos(model), patchSize, engine, scores, warnings },
          };
        } catch (error) {
          if (error instanceof Problem) return { unreadable: { id, title: titleOf(id), message: tell(error.message) } };
          throw error;
        }
      }),
    );
    ctx.set('Cache-Control', 'no-cache');
    ctx.body = {
      models: described.flatMap(({ model }) => model ?? []),
      unreadable: described.flatMap(({ unreadable }) => unreadable ?? []),
    };
  });

  return router;
}

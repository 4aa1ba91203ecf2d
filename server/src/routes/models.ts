import Router from '@koa/router';
import type { Catalogue } from '../catalogue.ts';
import type { HeatmapSource } from '../heatmaps/open-heatmap.ts';
import { classInfos } from '../heatmaps/paint-style.ts';
import { scoresOf } from '../heatmaps/patch-scores.ts';
import type { Tell } from './errors.ts';
import { listEntries } from './listing.ts';
import { noQuery, parseQuery } from './parameters.ts';

/** The catalogue of models. */
export function modelRoutes(catalogue: Catalogue, source: HeatmapSource, tell: Tell): Router {
  const router = new Router();

  router.get('/models', async (ctx) => {
    parseQuery(noQuery, ctx.query);
    const describe = async (file: string) => {
      const model = await source.model(file);
      const { patchHeight, patchWidth, method, engine, resolution, warnings } = model;
      const patchSize = [patchHeight, patchWidth];
      const mpp = typeof resolution === 'object' ? resolution.mpp : null;
      return { classes: classInfos(model), patchSize, mpp, method, engine, scores: scoresOf(model), warnings };
    };
    const { readable, unreadable } = await listEntries(catalogue, describe, tell);
    ctx.set('Cache-Control', 'no-cache');
    ctx.body = { models: readable, unreadable };
  });

  return router;
}

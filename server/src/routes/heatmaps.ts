import Router from '@koa/router';
import type { Context } from 'koa';
import { maxLevel } from '../../../shared/geometry/deep-zoom.ts';
import type { AnalysisState, HeatmapDescriptor, HeatmapOptions } from '../../../shared/heatmap-descriptor.ts';
import { Problem } from '../errors.ts';
import type { Analyses } from '../heatmaps/analysis.ts';
import { regionBreakdown, slideBreakdown } from '../heatmaps/breakdown.ts';
import { comparedClasses } from '../heatmaps/compared-classes.ts';
import type { Heatmap } from '../heatmaps/heatmap.ts';
import { checkShown, classInfos } from '../heatmaps/paint-style.ts';
import type { Scheduler } from '../heatmaps/scheduler.ts';
import { scoreAtPoint } from '../heatmaps/score-at-point.ts';
import { encodingOf } from '../heatmaps/score-tile.ts';
import { knownTopClasses } from '../heatmaps/shown-classes.ts';
import { titleOf } from '../titles.ts';
import { clientOf } from './client.ts';
import { abortWhenClosed, withDeadline } from './deadline.ts';
import type { Tell } from './errors.ts';
import { parseRegion } from './geojson.ts';
import { parseBody, parseQuery } from './parameters.ts';
import {
  analysisBody,
  heatmapOptions,
  heatmapQuery,
  optionsQuery,
  paintedTileQuery,
  pointQuery,
  regionQuery,
} from './query.ts';
import { readJson } from './read-json.ts';
import { deepZoomXml } from './tile-path.ts';

export interface HeatmapRouteParts {
  /** Opens the heatmap of two ids. @throws Problem `not-found`, `unreadable-slide`, `unreadable-model` */
  open(slideId: string, modelId: string, options: Partial<HeatmapOptions>): Promise<Heatmap>;
  scheduler: Scheduler;
  analyses: Analyses;
  tell: Tell;
}

/** What a heatmap is and what it says: descriptors, breakdown, score at a point, whole-slide analysis. */
export function heatmapRoutes({ open, scheduler, analyses, tell }: HeatmapRouteParts): Router {
  const router = new Router();
  const stateOf = (heatmap: Heatmap) => {
    const { error, ...state } = analyses.state(heatmap);
    return error === undefined ? state : { ...state, error: tell(error) };
  };

  router.get('/heatmaps/:slide/:descriptor', async (ctx) => {
    const { slide, descriptor } = ctx.params;
    const [, model, ending] = /^(.+)\.(json|dzi)$/.exec(descriptor) ?? [];
    if (model === undefined) {
      throw new Problem('not-found', `${ctx.path}: expected an address that ends in .json, .dzi or .png`);
    }
    if (ending === 'json') {
      const options = heatmapOptions(parseQuery(heatmapQuery, ctx.query));
      const heatmap = await open(slide, model, options);
      ctx.set('Cache-Control', 'no-cache');
      const tiles = `${encodeURIComponent(model)}_files/${optionsQuery(options)}`;
      const { problem } = heatmap.values.store;
      ctx.body = {
        ...describeHeatmap(heatmap, stateOf(heatmap)),
        slide,
        model,
        title: titleOf(model),
        tiles,
        classOrder: (await knownTopClasses(heatmap, heatmap.model.classes.length)) ?? null,
        storeProblem: problem === null ? null : tell(problem),
      } satisfies HeatmapDescriptor;
      return;
    }
    // The query travels on to the tiles, where a fault in it would show as an empty layer: it is told here.
    const query = parseQuery(paintedTileQuery, ctx.query);
    const options = heatmapOptions(query);
    const heatmap = await open(slide, model, options);
    ctx.set('Cache-Control', 'no-cache');
    if (query.compare === undefined) checkShown(heatmap.model, query);
    else comparedClasses(heatmap.model, (await open(slide, query.compare, options)).model, query);
    ctx.type = 'application/xml';
    ctx.body = deepZoomXml({ ...heatmap.pyramid, format: 'png' });
  });

  router.get('/heatmaps/:slide/:model/breakdown', async (ctx) => {
    const { region, ...query } = parseQuery(regionQuery, ctx.query);
    const heatmap = await openOf(ctx, query);
    ctx.set('Cache-Control', 'no-cache');
    ctx.body = region ? await regionBreakdown(heatmap, region, abortWhenClosed(ctx)) : slideBreakdown(heatmap);
  });
  router.post('/heatmaps/:slide/:model/breakdown', async (ctx) => {
    const heatmap = await openOf(ctx);
    const polygons = parseRegion(await readJson(ctx.req));
    ctx.set('Cache-Control', 'no-store');
    ctx.body = await regionBreakdown(heatmap, polygons, abortWhenClosed(ctx));
  });

  router.get('/heatmaps/:slide/:model/score', async (ctx) => {
    const signal = abortWhenClosed(ctx);
    const { x, y, ...query } = parseQuery(pointQuery, ctx.query);
    if (x === undefined || y === undefined) {
      throw new Problem('bad-parameter', `${x === undefined ? 'x' : 'y'}: expected slide pixels, found nothing`);
    }
    const heatmap = await openOf(ctx, query);
    ctx.set('Cache-Control', 'no-cache');
    const client = clientOf(ctx);
    const found = await withDeadline(signal, undefined, (deadline) =>
      scoreAtPoint(heatmap, scheduler, x, y, { signal: deadline, client }),
    );
    if (!found) throw new Problem('busy', 'the patch at this point is not classified yet; ask again later');
    ctx.body = found;
  });

  router.get('/heatmaps/:slide/:model/analysis', async (ctx) => {
    const heatmap = await openOf(ctx);
    ctx.set('Cache-Control', 'no-store');
    ctx.body = stateOf(heatmap);
  });
  router.post('/heatmaps/:slide/:model/analysis', async (ctx) => {
    const heatmap = await openOf(ctx);
    const { region } = parseBody(analysisBody, await readJson(ctx.req));
    analyses.start(heatmap, region);
    ctx.status = 202;
    ctx.body = stateOf(heatmap);
  });
  router.delete('/heatmaps/:slide/:model/analysis', async (ctx) => {
    const heatmap = await openOf(ctx);
    analyses.stop(heatmap);
    ctx.body = stateOf(heatmap);
  });

  /** @param query that of an address with nothing but a heatmap's options, unless given */
  function openOf(ctx: Context, query = parseQuery(heatmapQuery, ctx.query)): Promise<Heatmap> {
    return open(ctx.params.slide, ctx.params.model, heatmapOptions(query));
  }

  return router;
}

/** What a descriptor says of a heatmap itself. */
function describeHeatmap(
  heatmap: Heatmap,
  analysis: AnalysisState,
): Omit<HeatmapDescriptor, 'slide' | 'model' | 'title' | 'tiles' | 'classOrder' | 'storeProblem'> {
  const { slide, pyramid, grid, model, strides, options, levelMode, scores, fingerprint, warnings } = heatmap;
  return {
    width: pyramid.width,
    height: pyramid.height,
    mpp: slide.mpp,
    tileSize: pyramid.tileSize,
    overlap: pyramid.overlap,
    maxLevel: maxLevel(pyramid),
    strides,
    method: model.method,
    activation: model.activation,
    engine: model.engine,
    classes: classInfos(model),
    options,
    grid,
    levelMode,
    scores,
    encodings: {
      probability: encodingOf(model, 'probability'),
      cam: encodingOf(model, 'cam'),
      patch: encodingOf(model, 'patch'),
    },
    fingerprint,
    analysis,
    warnings,
  };
}

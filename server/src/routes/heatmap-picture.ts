import Router from '@koa/router';
import sharp from 'sharp';
import { pngWithTexts } from '../../../shared/codecs/png-text.ts';
import { parseColour } from '../../../shared/colour/palette.ts';
import { maxLevel } from '../../../shared/geometry/deep-zoom.ts';
import { areaWindow, finestRaster } from '../../../shared/geometry/score-raster.ts';
import type { PaintStyle } from '../../../shared/painting/style.ts';
import { atOnce } from '../at-once.ts';
import { Problem } from '../errors.ts';
import type { Heatmap } from '../heatmaps/heatmap.ts';
import { checkShown, paintStyle } from '../heatmaps/paint-style.ts';
import { missingSamples } from '../heatmaps/score-tile.ts';
import { knownTopClasses, topClasses } from '../heatmaps/shown-classes.ts';
import { heatmapPicture } from '../rendering/heatmap-picture.ts';
import { pictureTexts } from '../rendering/picture-texts.ts';
import { openSlide } from '../slides/open-slide.ts';
import { titleOf } from '../titles.ts';
import { clientOf } from './client.ts';
import { abortWhenClosed, countdown, withDeadline } from './deadline.ts';
import type { HeatmapRouteParts } from './heatmaps.ts';
import { parseQuery } from './parameters.ts';
import { DEFAULT_PICTURE_SIZE, heatmapOptions, pictureQuery } from './query.ts';

/** Classes of a picture that names none, as of a painted tile. */
const DEFAULT_TOP = 4;

/** A picture of a whole heatmap, `/heatmaps/{slide}/{model}.png`, over its slide or alone. */
export function heatmapPictureRoutes({ open, scheduler }: Pick<HeatmapRouteParts, 'open' | 'scheduler'>): Router {
  const router = new Router();
  // A picture takes up to 100 MB while it is made.
  const oneAtATime = atOnce(1);

  router.get('/heatmaps/:slide/:picture', async (ctx, next) => {
    const [, model] = /^(.+)\.png$/.exec(ctx.params.picture) ?? [];
    if (model === undefined) return next();
    const signal = abortWhenClosed(ctx);
    const query = parseQuery(pictureQuery, ctx.query);
    const whole = await open(ctx.params.slide, model, heatmapOptions(query));
    const size = query.size ?? DEFAULT_PICTURE_SIZE;
    // Never larger than the slide: there is no more to be seen.
    const scale = Math.min(1, size / Math.max(whole.pyramid.width, whole.pyramid.height));
    const top = maxLevel(whole.pyramid);
    const level = Math.max(0, top - Math.round(Math.log2(1 / scale)));
    const heatmap = await whole.atLevel(level);
    const named = checkShown(heatmap.model, query);
    const wish = { signal, client: clientOf(ctx) };
    const secondsLeft = countdown(query.wait);
    const atMost = (work: (deadline: AbortSignal) => Promise<unknown>) =>
      withDeadline(signal, secondsLeft(), work).catch((error: unknown) => {
        // A full queue is no reason to refuse a picture of what is known.
        if (!(error instanceof Problem && error.code === 'busy') || signal.aborted) throw error;
      });

    const count = query.top ?? DEFAULT_TOP;
    if (!named)
      await atMost((deadline) =>
        topClasses(heatmap, scheduler, count, { ...wish, signal: deadline, priority: 'request' }),
      );
    const classes = named ?? (await knownTopClasses(heatmap, count)) ?? [];
    const style = withColours(paintStyle(heatmap.model, classes, query), heatmap, classes, query);
    const { pyramid, grid } = heatmap;
    const everything = {
      x: 0,
      y: 0,
      width: Math.ceil(pyramid.width * scale),
      height: Math.ceil(pyramid.height * scale),
    };
    const window = areaWindow(grid, everything, 1 / scale, finestRaster(style.score));
    const missing = () => missingSamples(heatmap, window, heatmap.strides[level]);
    const wanted = missing();
    if (wanted.length > 0) {
      await atMost((deadline) =>
        scheduler.classify(heatmap, wanted, { ...wish, signal: deadline, priority: 'request' }),
      );
    }
    const lacking = missing().length;
    const png = await oneAtATime(async () => {
      signal.throwIfAborted();
      const slide = query.alone ? undefined : openSlide(heatmap.slide);
      const { data, ...raw } = await heatmapPicture(heatmap, scale, { classes, style }, slide, signal);
      return sharp(data, { raw }).png().toBuffer();
    });
    ctx.set('Cache-Control', 'no-store');
    ctx.set('X-Cam-Missing', String(lacking));
    ctx.type = 'png';
    const about = await pictureTexts({ heatmap, classes, style }, ctx.params.slide, [titleOf(model)]);
    ctx.body = Buffer.from(pngWithTexts(png, { ...about }, (text) => Buffer.from(text)));
  });
  return router;
}

/** Colours of the named classes in place of the model's, each for the class that is named at its place. */
function withColours(
  style: PaintStyle,
  { model }: Heatmap,
  classes: readonly number[],
  { class: names = [], color }: { class?: string[]; color?: string[] },
): PaintStyle {
  if (!color) return style;
  if (color.length !== names.length) {
    const expected = `as many colours as classes, ${names.length}`;
    throw new Problem('bad-parameter', `color: expected ${expected}, found ${color.length}`);
  }
  const byName = new Map(names.map((name, at) => [name, parseColour(color[at])]));
  return { ...style, colours: classes.map((index, at) => byName.get(model.classes[index].name) ?? style.colours[at]) };
}

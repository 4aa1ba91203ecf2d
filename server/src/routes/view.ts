import { setMaxListeners } from 'node:events';
import { parse } from 'node:querystring';
import { PassThrough } from 'node:stream';
import Router from '@koa/router';
import type { Context } from 'koa';
import type { Logger } from 'pino';
import { z } from 'zod';
import { maxLevel } from '../../../shared/geometry/deep-zoom.ts';
import { SCORES } from '../../../shared/heatmap-descriptor.ts';
import { Problem } from '../errors.ts';
import { scoreOf } from '../heatmaps/paint-style.ts';
import { followView } from '../heatmaps/view-stream.ts';
import { clientOf } from './client.ts';
import type { HeatmapRouteParts } from './heatmaps.ts';
import { parseBody, parseQuery } from './parameters.ts';
import { heatmapOptions, heatmapQuery, regionList } from './query.ts';
import { readJson } from './read-json.ts';
import { viewCounts } from './view-counts.ts';

/** Milliseconds between two comment lines that show a client, and proxies between, that the stream is alive. */
const HEARTBEAT_PAUSE = 15_000;

/** Views that one stream has at most. */
const MOST_VIEWS = 256;

const LEVEL = "expected the number of one of the heatmap's levels, from 0";

const viewSchema = z
  .array(
    z.strictObject(
      {
        heatmap: z.string({ error: "expected the address of a heatmap's descriptor" }),
        region: regionList,
        level: z.int({ error: LEVEL }).min(0, { error: LEVEL }),
        score: z.enum(SCORES, { error: `expected one of ${SCORES.join(', ')}` }).optional(),
        classOrder: z.boolean({ error: 'expected true or false' }).optional(),
      },
      {
        error: ({ code }) =>
          code === 'unrecognized_keys'
            ? 'expected only heatmap, region, level, score and classOrder'
            : 'expected a view, an object with heatmap, region and level',
      },
    ),
    { error: 'expected a list of views' },
  )
  .min(1, { error: 'expected a list of at least one view' });

type View = z.infer<typeof viewSchema>[number];

/** `POST /view`: what is on a client's screen is computed while the stream is open, and what became better is told. */
export function viewRoutes({
  open,
  scheduler,
  analyses,
  tell,
  logger,
}: HeatmapRouteParts & { logger: Logger }): Router {
  const router = new Router();
  const enter = viewCounts();
  let opened = 0;

  router.post('/view', async (ctx) => {
    const views = parseViews(await readJson(ctx.req));
    const leave = enter(clientOf(ctx), views.length);
    const controller = new AbortController();
    // Every view listens to it.
    setMaxListeners(0, controller.signal);
    const stream = startStream(ctx, controller);
    controller.signal.addEventListener('abort', leave);
    const client = `view ${++opened}`;
    for (const [number, view] of views.entries()) {
      follow(number, view, client, stream, controller.signal).catch((error: unknown) => {
        if (controller.signal.aborted) return;
        if (!(error instanceof Problem)) logger.error(error);
        const { code, message } = error instanceof Problem ? error : FAILED;
        stream.send('error', { view: number, error: { code, message: tell(message) } });
      });
    }
  });

  async function follow(number: number, view: View, client: string, stream: EventStream, signal: AbortSignal) {
    const { slide, model, options } = parseAddress(view.heatmap);
    const whole = await open(slide, model, options);
    if (signal.aborted) return;
    if (view.level > maxLevel(whole.pyramid)) {
      const expected = `expected a level from 0 to ${maxLevel(whole.pyramid)}`;
      throw new Problem('bad-parameter', `level: ${expected}, found ${view.level}`);
    }
    const heatmap = await whole.atLevel(view.level);
    const [x, y, width, height] = view.region;
    const score = scoreOf(heatmap.model, view);
    await followView(
      number,
      { heatmap, region: { x, y, width, height }, level: view.level, score, classOrder: view.classOrder ?? false },
      { scheduler, analyses, client, tell },
      { ...stream, signal },
    );
  }

  return router;
}

const FAILED = { code: 'failed', message: 'something went wrong on the server; its log says what' };

interface EventStream {
  send(name: string, data: unknown): void;
  /** Whether the client has taken what it was sent. */
  isReady(): boolean;
}

/** Begins to answer in the event-stream format (WHATWG HTML, server-sent events). @param end aborted when the client goes */
function startStream(ctx: Context, end: AbortController): EventStream {
  const body = new PassThrough();
  ctx.status = 200;
  ctx.type = 'text/event-stream';
  ctx.set('Cache-Control', 'no-store');
  // Proxies that collect answers would hold events back.
  ctx.set('X-Accel-Buffering', 'no');
  ctx.body = body;
  const heartbeat = setInterval(() => body.write(': heartbeat\n\n'), HEARTBEAT_PAUSE);
  ctx.res.once('close', () => {
    clearInterval(heartbeat);
    end.abort(new Problem('busy', 'the client has gone away'));
    body.destroy();
  });
  body.write(': the views\n\n');
  return {
    send(name, data) {
      if (!end.signal.aborted) body.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
    },
    isReady: () => !body.writableNeedDrain && !ctx.res.writableNeedDrain,
  };
}

function parseViews(body: unknown): View[] {
  const views = parseBody(viewSchema, body);
  if (views.length > MOST_VIEWS) {
    throw new Problem('bad-parameter', `body: expected at most ${MOST_VIEWS} views, found ${views.length}`);
  }
  return views;
}

/** The ids and options in the address of a heatmap's descriptor. @throws Problem `bad-parameter` */
function parseAddress(address: string) {
  const url = URL.canParse(address, 'http://server/') ? new URL(address, 'http://server/') : undefined;
  // By which name this server was reached, and under which path, a proxy may have hidden from it: what follows counts.
  const path = url && /^https?:$/.test(url.protocol) && /(?:^|\/)heatmaps\/([^/]+)\/([^/]+)\.json$/.exec(url.pathname);
  if (!url || !path) {
    const expected = 'expected an address like /heatmaps/slide.tif/model.h5.json';
    throw new Problem('bad-parameter', `heatmap: ${expected}, found ${JSON.stringify(address)}`);
  }
  const [slide, model] = path.slice(1).map(decode);
  return { slide, model, options: heatmapOptions(parseQuery(heatmapQuery, parse(url.search.slice(1)))) };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Problem('bad-parameter', `heatmap: expected a URL-encoded address, found ${JSON.stringify(part)}`);
  }
}

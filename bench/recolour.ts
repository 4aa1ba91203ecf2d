import { createRequire } from 'node:module';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import type { CamChanges } from '../plugin/src/options.ts';
import { launchBrowser } from '../test/browser.ts';
import type { RunningCommand } from '../test/command-line.ts';
import { HEATMAP, withAnalysedDemo } from './analysed-demo.ts';
import { longestScripts } from './frame-scripts.ts';
import { quantile } from './statistics.ts';

const require = createRequire(import.meta.url);
const plugin = path.resolve(import.meta.dirname, '../plugin/dist/openseadragon-cam.umd.js');
const library = path.join(
  path.dirname(require.resolve('openseadragon/package.json')),
  'build/openseadragon/openseadragon.min.js',
);

/** Changes of a kind that are timed, after a tenth as many that are not. */
const CHANGES = { canvas: 80, webgl: 12 };
/** Changes and pans after which nothing may have grown, and pans of a round through the same places. */
const MANY_CHANGES = 500;
const MANY_PANS = 200;
const ROUND = 20;

/**
 * Recolouring a viewport of 1500 x 1000 pixels in a real browser: from `setOptions` to the end of the frame that draws all of it
 * anew, the most script in a frame (from a trace), requests meanwhile; and what has grown after many changes and pans.
 */
export async function run(): Promise<void> {
  await withAnalysedDemo(async (server) => {
    console.log('recolouring 1500 x 1000 pixels: ms from setOptions to the frame drawn, median and 95 %');
    for (const drawer of ['canvas', 'webgl'] as const) {
      const browser = await launchBrowser(drawer);
      try {
        const page = await openPage(browser, server, drawer);
        for (const [title, changes] of Object.entries(STYLES)) await time(browser, page, drawer, title, changes);
        if (drawer === 'canvas') await growth(page);
      } finally {
        await browser.close();
      }
    }
  });
}

/** The i-th change of each kind: class, threshold, colour map and range by turns. */
const STYLES: Record<string, (i: number, classes: string[]) => CamChanges> = {
  'one class': (i, classes) => ({
    mode: 'single',
    ...[
      { classes: [classes[(i >> 2) % 4]] },
      { threshold: ((i * 7) % 50) / 100 },
      { colormap: ['viridis', 'magma', 'inferno', 'plasma'][(i >> 2) % 4] },
      { range: [((i * 3) % 20) / 100, 1 - ((i * 5) % 30) / 100] as const },
    ][i % 4],
  }),
  'four blended': (i, classes) => ({
    mode: 'blend',
    ...[
      { classes: Array.from({ length: 4 }, (_, k) => classes[((i >> 2) + k) % classes.length]) },
      { threshold: ((i * 7) % 50) / 100 },
      { classColors: { [classes[0]]: `#${(0x103050 + i * 4099).toString(16).padStart(6, '0')}` } },
      { range: [((i * 3) % 20) / 100, 1 - ((i * 5) % 30) / 100] as const },
    ][i % 4],
  }),
};

async function openPage(browser: Browser, server: RunningCommand, drawer: 'canvas' | 'webgl'): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1500, height: 1000 } });
  await page.goto(new URL('healthz', server.address).href);
  await page.setContent('<style>body { margin: 0 } #viewer { height: 100vh }</style><div id="viewer"></div>');
  await page.addScriptTag({ path: library });
  await page.addScriptTag({ path: plugin });
  const found = await page.evaluate(
    async ([kind, heatmap]) => {
      const viewer = window.OpenSeadragon({
        element: document.getElementById('viewer') ?? undefined,
        drawer: kind,
        tileSources: '/slides/slide.tif.dzi',
        showNavigationControl: false,
        animationTime: 0,
      });
      await new Promise((resolve) => viewer.addOnceHandler('open', resolve));
      const { x } = viewer.world.getItemAt(0).getContentSize();
      // The finest level, pixel for pixel.
      viewer.viewport.fitBounds(new window.OpenSeadragon.Rect(0.2, 0.2, 1500 / x, 1000 / x), true);
      window.viewer = viewer;
      window.cam = viewer.cam({ heatmap: `/${heatmap}.json`, showControl: false });
      await window.cam.ready;
      return viewer.drawer.getType();
    },
    [drawer, HEATMAP] as const,
  );
  if (found !== drawer) throw new Error(`recolour: expected the drawer ${drawer}, found ${found}`);
  await loaded(page);
  return page;
}

/** Waits until everything is loaded, and then until the first announcements have come. */
async function loaded(page: Page): Promise<void> {
  await page.waitForFunction(
    () => {
      const { world } = window.viewer;
      return [0, 1].every((i) => world.getItemAt(i)?.getFullyLoaded());
    },
    undefined,
    { polling: 50 },
  );
  await page.waitForTimeout(1000);
}

async function time(
  browser: Browser,
  page: Page,
  drawer: 'canvas' | 'webgl',
  title: string,
  changesOf: (i: number, classes: string[]) => CamChanges,
): Promise<void> {
  const count = CHANGES[drawer];
  const classes = await page.evaluate(() => window.cam.descriptor?.classes.map(({ name }) => name) ?? []);
  const changes = Array.from({ length: count }, (_, i) => changesOf(i, classes));
  await page.evaluate(recolour, changes.slice(0, count / 4));
  const requests: string[] = [];
  const note = (request: { url(): string }) => requests.push(request.url());
  page.on('request', note);
  await browser.startTracing(page, { categories: ['devtools.timeline', 'toplevel'] });
  const { times, tiles } = await page.evaluate(recolour, changes);
  const scripts = longestScripts(JSON.parse((await browser.stopTracing()).toString()));
  page.off('request', note);
  console.log(
    `  ${drawer}, ${title.padEnd(12)} ${quantile(times, 0.5).toFixed(0)} / ${quantile(times, 0.95).toFixed(0)}; ` +
      `script in a frame: ${quantile(scripts, 0.95).toFixed(1)} (95 %), ${Math.max(...scripts).toFixed(1)} (most); ` +
      `${tiles} tiles, ${requests.length} requests in ${count} changes`,
  );
}

/** In the page. */
async function recolour(changes: CamChanges[]): Promise<{ times: number[]; tiles: number }> {
  const { viewer, cam } = window;
  const times: number[] = [];
  for (const change of changes) {
    // Anywhere between two frames.
    await new Promise((resolve) => window.setTimeout(resolve, 30 + 17 * Math.random()));
    const start = performance.now();
    await cam.setOptions(change);
    // A change that changes nothing draws nothing.
    const isDrawn = await new Promise((resolve) => {
      viewer.addOnceHandler('update-viewport', () => resolve(true));
      window.setTimeout(() => resolve(false), 500);
    });
    if (isDrawn) times.push(performance.now() - start);
  }
  return { times, tiles: cam.item?.lastDrawn.length ?? 0 };
}

async function growth(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const measure = async () => {
    await loaded(page);
    for (let i = 0; i < 3; i++) await session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    const counts = await page.evaluate(() => [
      window.viewer.tileCache.numTilesLoaded(),
      window.viewer.tileCache.numCachesLoaded(),
    ]);
    return { megabytes: usedSize / 1e6, counts };
  };
  const work = (changes: number, pans: number) =>
    page.evaluate(
      async ([many, moves, round]) => {
        const { viewer, cam } = window;
        const start = viewer.viewport.getCenter(true);
        for (let i = 0; i < many; i++) {
          await cam.setOptions({ threshold: (i % 50) / 100 });
          if (i % Math.floor(many / moves) !== 0) continue;
          const place = ((i / Math.floor(many / moves)) % round) / round;
          const angle = 2 * Math.PI * place;
          const to = new window.OpenSeadragon.Point(
            start.x + Math.sin(angle) / 12,
            start.y + (1 - Math.cos(angle)) / 12,
          );
          viewer.viewport.panTo(to, true);
          await new Promise((resolve) => window.setTimeout(resolve, 60));
        }
        viewer.viewport.panTo(start, true);
      },
      [changes, pans, ROUND],
    );
  await work(4 * ROUND, 2 * ROUND);
  const before = await measure();
  await work(MANY_CHANGES, MANY_PANS);
  const after = await measure();
  console.log(
    `  after ${MANY_CHANGES} changes and ${MANY_PANS} pans: heap ${before.megabytes.toFixed(1)} -> ${after.megabytes.toFixed(1)} MB, ` +
      `OpenSeadragon's tiles and caches ${before.counts.join(', ')} -> ${after.counts.join(', ')}`,
  );
}

import { rm } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AnalysisState, HeatmapDescriptor } from '../../shared/heatmap-descriptor.ts';
import { launchBrowser } from '../browser.ts';
import { type RunningCommand, startCommand } from '../command-line.ts';
import { type SmallCatalogue, smallCatalogue } from '../small-catalogue.ts';

const HEATMAP = 'heatmaps/tissue.tif/tissue.h5';

let catalogue: SmallCatalogue;
let server: RunningCommand;
let browser: Browser;

beforeAll(async () => {
  [catalogue, browser] = await Promise.all([smallCatalogue(), launchBrowser('canvas')]);
  const { slides, models, store } = catalogue;
  server = await startCommand('serve', '--slides', slides, '--models', models, '--store', store, '--port', '0');
});
afterAll(async () => {
  await Promise.all([browser?.close(), server?.stop()]);
  await rm(catalogue.root, { recursive: true, force: true });
});

async function describe(): Promise<HeatmapDescriptor> {
  return (await fetch(new URL(`${HEATMAP}.json`, server.address))).json();
}

/** What a page shows of two of the classes that begins with a corner of the slide, and what of the slide was known then. */
async function visit(): Promise<{ classes: readonly string[] | 'all'; first: HeatmapDescriptor['classOrder'] }> {
  const page = await browser.newPage({ viewport: { width: 700, height: 500 } });
  await page.goto(new URL('plugin/openseadragon-cam.css', server.address).href);
  await page.setContent(`<!doctype html><html lang="en"><title>Visit</title>
    <script src="/openseadragon/openseadragon.min.js"></script><script src="/plugin/openseadragon-cam.umd.js"></script>
    <div id="viewer" style="height: 400px"></div>`);
  await page.evaluate(async (heatmap) => {
    const viewer = window.OpenSeadragon({
      element: document.getElementById('viewer') ?? undefined,
      drawer: 'canvas',
      tileSources: '/slides/tissue.tif.dzi',
      showNavigationControl: false,
      immediateRender: true,
    });
    await new Promise((resolve) => viewer.addOnceHandler('open', resolve));
    viewer.viewport.fitBounds(viewer.world.getItemAt(0).imageToViewportRectangle(1500, 900, 400, 300), true);
    window.cam = viewer.cam({ heatmap, mode: 'blend', top: 2 });
    await window.cam.ready;
  }, `/${HEATMAP}.json`);
  await page.waitForFunction(() => window.cam.getOptions().classes !== 'all');
  const seen = await page.evaluate(() => ({
    classes: window.cam.getOptions().classes,
    first: window.cam.descriptor?.classOrder ?? null,
  }));
  await page.close();
  return seen;
}

test('visits choose the same classes, whatever of the slide is known', async () => {
  expect((await describe()).classOrder).toBeNull();
  const early = await visit();
  expect(early.first).toBeNull();
  const { analysis, classes, classOrder } = await describe();
  expect(analysis.patches.known).toBeLessThan(analysis.patches.total);
  if (!classOrder) throw new Error('the visit has not had the overview classified');
  const leading = [...classOrder.slice(0, 2)].sort((a, b) => a - b);
  expect(early.classes).toEqual(leading.map((index) => classes[index].name));

  const address = new URL(`${HEATMAP}/analysis`, server.address);
  const headers = { Origin: new URL(server.address).origin, 'Content-Type': 'application/json' };
  await fetch(address, { method: 'POST', body: '{}', headers });
  const state = async (): Promise<AnalysisState> => (await fetch(address)).json();
  await expect.poll(async () => (await state()).state, { timeout: 60_000 }).toBe('done');
  expect((await describe()).classOrder).toEqual(classOrder);
  const late = await visit();
  expect(late).toEqual({ classes: early.classes, first: classOrder });
});

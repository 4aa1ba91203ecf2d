import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import type { CamOptions, CamOverlay } from '../../plugin/src/index.ts';
import { type Drawer, launchBrowser } from '../browser.ts';
import { buildPlugin } from './bundles.ts';
import { type Control, freshControl, startHeatmapServer } from './heatmap-server.ts';

/**
 * A browser and a heatmap server for the tests of a file; a fresh page and a reset server for each test. Browsers with
 * WebGL draw all else by software, too, which is slow: a test that needs it asks for a page in one.
 */
export function useBrowser() {
  const problems: string[] = [];
  const browsers = new Map<Drawer, Browser>();
  let server: Awaited<ReturnType<typeof startHeatmapServer>>;

  /** Takes the place of the test's page. */
  const openIn = async (drawer: Drawer) => {
    for (const browser of browsers.values()) {
      await Promise.all(browser.contexts().map((context) => context.close()));
    }
    const browser = browsers.get(drawer) ?? (await launchBrowser(drawer));
    browsers.set(drawer, browser);
    const page = await browser.newPage({ viewport: { width: 900, height: 640 } });
    problems.length = 0;
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      // What the browser says of answers that the tests make fail.
      const isAnswer = message.text().startsWith('Failed to load resource');
      if (message.type() === 'error' && !isAnswer) problems.push(message.text());
    });
    shared.page = page;
  };
  const shared: { page: Page; control: Control; announce(): void; url: string; openIn(drawer: Drawer): Promise<void> } =
    Object.assign(Object.create(null), { openIn });

  beforeAll(async () => {
    server = await startHeatmapServer(await buildPlugin());
    const { control, announce, url } = server;
    Object.assign(shared, { control, announce, url });
  });
  afterAll(async () => {
    for (const browser of browsers.values()) await browser.close();
    await server?.close();
  });
  beforeEach(async () => {
    await openIn('canvas');
    Object.assign(server.control, freshControl());
  });
  afterEach(() => {
    expect(problems, 'errors of the page').toEqual([]);
  });
  return shared;
}

/** Opens the page and a viewer on a grey slide of 2000 x 1400 pixels, kept as `window.viewer`. */
export async function openViewer(
  page: Page,
  url: string,
  drawer: 'canvas' | 'webgl' = 'canvas',
  query = '',
): Promise<void> {
  await page.goto(url + query);
  await page.evaluate(async (kind) => {
    const grey = document.createElement('canvas');
    grey.width = 2000;
    grey.height = 1400;
    const context = grey.getContext('2d');
    if (context) {
      context.fillStyle = 'rgb(100, 100, 100)';
      context.fillRect(0, 0, 2000, 1400);
    }
    const viewer = window.OpenSeadragon({
      element: document.getElementById('viewer') ?? undefined,
      drawer: kind,
      tileSources: { type: 'image', url: grey.toDataURL() },
      showNavigationControl: false,
      showNavigator: window.location.search.includes('navigator'),
      animationTime: 0,
      blendTime: 0,
      immediateRender: true,
    });
    Object.assign(window, { viewer });
    await new Promise((resolve) => viewer.addOnceHandler('open', resolve));
  }, drawer);
}

/** Waits until every item of the viewer is loaded and drawn, and stays so for some frames. */
export async function settled(page: Page): Promise<void> {
  await page.waitForFunction(
    () => {
      const { viewer } = window;
      let loaded = viewer.world.getItemCount() > 0;
      for (let i = 0; i < viewer.world.getItemCount(); i++) {
        const item = viewer.world.getItemAt(i);
        loaded &&= item.getFullyLoaded() && (item.lastDrawn.length > 0 || item.getOpacity() === 0) && !item.needsDraw();
      }
      const frames: number = loaded ? (Reflect.get(window, 'settledFrames') ?? 0) + 1 : 0;
      Reflect.set(window, 'settledFrames', frames);
      return frames > 6;
    },
    undefined,
    { polling: 30 },
  );
  await page.evaluate(async () => {
    Reflect.set(window, 'settledFrames', 0);
    // A frame that is forced is no item's need.
    for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
  });
}

/** Resolves when everything that the page has asked for until now has reached the server. */
export async function allAsked(page: Page): Promise<void> {
  await page.evaluate(async () => {
    for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
    await (await fetch('/')).text();
  });
}

/** Tells the page that it is hidden, or shown, as a browser does. */
export async function setHidden(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate((value) => {
    Object.defineProperty(document, 'hidden', { value, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);
}

/** RGB of points of the slide on the screen. */
export function pixelsAt(page: Page, points: [number, number][]): Promise<number[][]> {
  return page.evaluate((places) => {
    const { viewer } = window;
    viewer.forceRedraw();
    const context = viewer.drawer.canvas.getContext('2d');
    return places.map(([x, y]) => {
      const point = viewer.world.getItemAt(0).imageToViewerElementCoordinates(new window.OpenSeadragon.Point(x, y));
      return context ? [...context.getImageData(Math.floor(point.x), Math.floor(point.y), 1, 1).data.slice(0, 3)] : [];
    });
  }, points);
}

/** RGB of one point of the slide on the screen. */
export async function pixelAt(page: Page, x: number, y: number): Promise<number[]> {
  return (await pixelsAt(page, [[x, y]]))[0];
}

/** Lays a heatmap on the viewer, kept as `window.cam`, and waits until it is drawn. */
export async function addCam(
  page: Page,
  options: Omit<Partial<CamOptions>, 'tiledImage' | 'controlElement'> = {},
): Promise<void> {
  await page.evaluate(async (given) => {
    window.cam = window.viewer.cam({ heatmap: '/heatmaps/slide/model4.json', showControl: false, ...given });
    await window.cam.ready;
  }, options);
  await settled(page);
}

declare global {
  interface Window {
    OpenSeadragon: typeof import('openseadragon');
    viewer: OpenSeadragon.Viewer;
    cam: CamOverlay;
  }
}

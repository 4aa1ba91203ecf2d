// Takes the pictures in docs/images/ from the demo in a headless browser.
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import sharp from 'sharp';
import { findChromium } from './install-chromium.mjs';

const root = path.resolve(fileURLToPath(import.meta.url), '../..');
const folder = path.join(root, 'docs/images');

/** Without WebGL OpenSeadragon draws on a plain canvas, which without a graphics card is several times faster. */
const BROWSER_ARGUMENTS = ['--no-sandbox', '--disable-3d-apis'];

/**
 * What the pictures show. `act` does something to the page before it is taken.
 * @type {{ name: string, colorScheme?: 'light' | 'dark', width?: number, height?: number, options: object,
 *   zoom?: [x: number, y: number, width: number], act?: (page: import('playwright-core').Page) => Promise<void> }[]}
 */
const PICTURES = [
  { name: 'demo', options: { mode: 'argmax', opacity: 0.55 } },
  { name: 'one-class', colorScheme: 'dark', options: { mode: 'single', classes: ['Tumour'], opacity: 0.6 } },
  { name: 'several', options: { mode: 'blend', classes: ['Tumour', 'Lymphocytes', 'Stroma'], opacity: 0.5 } },
  { name: 'unsure', options: { mode: 'entropy', colormap: 'magma', opacity: 0.7 } },
  {
    name: 'predictions',
    options: { mode: 'argmax', interpolation: 'patches', opacity: 0.35, predictions: true },
    zoom: [3300, 2300, 760],
  },
  { name: 'narrow', colorScheme: 'dark', width: 414, height: 800, options: { mode: 'argmax' } },
  {
    name: 'server-away',
    options: { mode: 'argmax', opacity: 0.55 },
    act: async (page) => {
      await page.route(/heatmaps|view$/, (route) => route.abort());
      await page.evaluate(() => window.demoCam.refresh());
      await page.locator('.osd-cam-problem:visible').waitFor();
    },
  },
];

/** Starts the demo server. @returns its address, which is the first line that it prints, and how to end it */
async function startDemo() {
  const server = spawn(process.execPath, [path.join(root, 'scripts/cam.mjs'), 'demo', '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const address of createInterface({ input: server.stdout })) return { address, stop: () => server.kill() };
  throw new Error('the demo server ended without printing its address');
}

/** Has every patch classified, so that the pictures show the finished heatmap. */
async function analyse(page) {
  await page.goto(address);
  await page.waitForFunction(() => window.demoCam !== undefined);
  await page.evaluate(async () => {
    const descriptor = document.location.href.replace(/[^/]*$/, '') + window.demoHeatmap;
    await fetch(descriptor.replace(/\.json$/, '/analysis'), { method: 'POST' });
    for (;;) {
      const { analysis } = await (await fetch(descriptor)).json();
      if (analysis.missing === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  });
}

/** Waits until the slide and its heatmap are drawn completely. */
async function settled(page) {
  await page.waitForFunction(
    () => {
      const { world } = window.demoViewer;
      const items = Array.from({ length: world.getItemCount() }, (_, i) => world.getItemAt(i));
      return items.length > 1 && items.every((item) => item.getFullyLoaded());
    },
    { timeout: 120_000 },
  );
  // Fading in, and the shares in the panel.
  await page.waitForTimeout(1500);
}

const executablePath = findChromium();
if (!executablePath) throw new Error('no Chromium found: run node scripts/install-chromium.mjs');
await mkdir(folder, { recursive: true });
const { address, stop } = await startDemo();
const browser = await chromium.launch({ executablePath, args: BROWSER_ARGUMENTS });
try {
  const first = await browser.newPage();
  await first.addInitScript(keepViewer);
  await analyse(first);
  await first.close();
  for (const { name, colorScheme = 'light', width = 1280, height = 800, options, zoom, act } of PICTURES) {
    const page = await browser.newPage({ colorScheme, viewport: { width, height } });
    page.on('pageerror', (error) => console.error(`${name}: ${error.message}`));
    await page.addInitScript(() => localStorage.setItem('openseadragon-cam-hints-seen', 'true'));
    await page.addInitScript(keepViewer);
    await page.goto(address);
    await page.waitForFunction(() => window.demoCam !== undefined);
    await page.evaluate((changes) => window.demoCam.setOptions(changes), options);
    if (zoom) await page.evaluate(zoomTo, zoom);
    await settled(page);
    await act?.(page);
    // 256 colours: a third of the size, and no difference to be seen.
    await sharp(await page.screenshot())
      .png({ palette: true, effort: 9 })
      .toFile(path.join(folder, `${name}.png`));
    console.log(path.join('docs/images', `${name}.png`));
    await page.close();
  }
} finally {
  await browser.close();
  stop();
}

/** In the page: keeps hold of the viewer and its overlay when they are made. */
function keepViewer() {
  document.addEventListener('DOMContentLoaded', () => {
    const { prototype } = window.OpenSeadragon.Viewer;
    const { cam } = prototype;
    prototype.cam = function keep(settings) {
      window.demoViewer = this;
      window.demoHeatmap = settings.heatmap;
      const overlay = cam.call(this, settings);
      overlay.ready.then(() => {
        window.demoCam = overlay;
      });
      return overlay;
    };
  });
}

/** In the page: shows a part of the slide, in slide pixels. */
function zoomTo([x, y, width]) {
  const { viewport, world } = window.demoViewer;
  const item = world.getItemAt(0);
  const { x: aspectWidth, y: aspectHeight } = viewport.getContainerSize();
  const region = item.imageToViewportRectangle(x, y, width, (width * aspectHeight) / aspectWidth);
  viewport.fitBounds(region, true);
}

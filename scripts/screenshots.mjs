// Takes the pictures in docs/images/ from the demo in a headless browser.
import { spawn } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import sharp from 'sharp';
import { holdFile, keepViewers, zoomTo } from './in-page.mjs';
import { findChromium } from './install-chromium.mjs';

const root = path.resolve(fileURLToPath(import.meta.url), '../..');
const folder = path.join(root, 'docs/images');

/** Without WebGL OpenSeadragon draws on a plain canvas, which without a graphics card is several times faster. */
const BROWSER_ARGUMENTS = ['--no-sandbox', '--disable-3d-apis'];

/** Where the slide and its heatmaps are kept from one time to the next. */
const STORE = path.join(root, '.cache/screenshots');
const SLIDE = 'stained-tissue.tif';
const [OWN, OTHER] = ['tissue.h5', 'half resolution.h5'];
const REGION = [
  [1700, 1500],
  [3900, 1150],
  [5200, 2600],
  [4300, 4700],
  [2300, 4900],
  [1350, 3300],
  [1700, 1500],
];

/**
 * What the pictures show: the demo's slide with these options, unless `page` is the query of the server's page, or the
 * portal that has it in a frame; `overlays` are waited for. `act` does something to the page before it is taken.
 * @type {{
 *   name: string, page?: string, colorScheme?: 'light' | 'dark', overlays?: number, width?: number, height?: number,
 *   options?: object, zoom?: [x: number, y: number, width: number],
 *   act?: (page: import('playwright-core').Page) => Promise<void>
 * }[]}
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
    name: 'region',
    options: {
      mode: 'argmax',
      opacity: 0.55,
      region: {
        type: 'Polygon',
        coordinates: [REGION],
      },
    },
    act: async (page) => {
      await page.locator('.osd-cam').getByText('Region', { exact: true }).click();
      await page.getByText('mm²').first().waitFor();
    },
  },
  {
    name: 'difference',
    options: {
      mode: 'difference',
      classes: ['Stroma'],
      compareWith: `heatmaps/${SLIDE}/${OTHER}.json`,
      opacity: 0.9,
    },
    zoom: [900, 500, 8000],
  },
  {
    name: 'side-by-side',
    page: `?slide=${SLIDE}&model=${OWN}&compare=${encodeURIComponent(OTHER)}`,
    width: 1440,
    height: 640,
    overlays: 2,
    options: { mode: 'argmax', opacity: 0.8 },
    zoom: [400, 600, 7200],
  },
  { name: 'uploads', act: (page) => page.evaluate(holdFile) },
  { name: 'embed', page: 'portal', overlays: 0, width: 1180, height: 680 },
  {
    name: 'server-away',
    options: { mode: 'argmax', opacity: 0.55 },
    act: async (page) => {
      await page.route(/heatmaps|view$/, (route) => route.abort());
      await page.evaluate(() => window.demoCams[0].cam.refresh());
      await page.locator('.osd-cam-problem:visible').waitFor();
    },
  },
];

/** Starts a server. @returns its address, which is the first line that it prints, and how to end it */
async function start(...words) {
  const server = spawn(process.execPath, [path.join(root, 'scripts/cam.mjs'), ...words, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => server.once('exit', resolve));
  for await (const address of createInterface({ input: server.stdout })) {
    return {
      address,
      stop: () => {
        server.kill();
        return ended;
      },
    };
  }
  throw new Error(`${words[0]} ended without printing its address`);
}

/** Draws the demo's slide, once. @returns its folder */
async function slides() {
  await (await start('demo', '--store', STORE)).stop();
  const [name] = await readdir(path.join(STORE, 'demo'));
  return path.join(STORE, 'demo', name);
}

/** The demo's model, and the same network for pixels twice as large, to compare with. @returns their folder */
async function models() {
  const made = path.join(STORE, 'compared');
  await rm(made, { recursive: true, force: true });
  await cp(path.join(root, 'server/dist/demo/models'), made, { recursive: true });
  const { golden: _golden, ...manifest } = JSON.parse(await readFile(path.join(made, 'tissue.manifest.json'), 'utf8'));
  const stem = OTHER.replace('.h5', '');
  await cp(path.join(made, OWN), path.join(made, OTHER));
  await writeFile(
    path.join(made, `${stem}.manifest.json`),
    JSON.stringify({ ...manifest, resolution: { mpp: 2 * manifest.resolution.mpp } }),
  );
  return made;
}

/** A portal of another origin: the page of examples/embed. */
async function startPortal() {
  const html = await readFile(path.join(root, 'examples/embed/index.html'));
  const portal = createServer((_request, response) => response.setHeader('Content-Type', 'text/html').end(html));
  await new Promise((resolve) => portal.listen(0, '127.0.0.1', resolve));
  return { origin: `http://127.0.0.1:${portal.address().port}`, stop: () => portal.close() };
}

/** Has every patch classified by both models, so that the pictures show the finished heatmaps. */
async function analyse(address) {
  for (const model of [OWN, OTHER]) {
    const analysis = new URL(`heatmaps/${SLIDE}/${encodeURIComponent(model)}/analysis`, address);
    await fetch(analysis, { method: 'POST' });
    while ((await (await fetch(analysis)).json()).state === 'running') {
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

/** Waits until slides and heatmaps are drawn completely. */
async function settled(page) {
  await page.waitForFunction(
    () =>
      window.demoCams.every(({ viewer: { world } }) => {
        const items = Array.from({ length: world.getItemCount() }, (_, i) => world.getItemAt(i));
        return items.length > 1 && items.every((item) => item.getFullyLoaded());
      }),
    { timeout: 120_000 },
  );
  // Fading in, and the shares in the panel.
  await page.waitForTimeout(1500);
}

async function take(
  browser,
  address,
  portal,
  { name, page: query = '', overlays = 1, options = {}, zoom, act, ...look },
) {
  const { colorScheme = 'light', width = 1280, height = 800 } = look;
  const page = await browser.newPage({ colorScheme, viewport: { width, height } });
  page.on('pageerror', (error) => console.error(`${name}: ${error.message}`));
  await page.addInitScript(() => localStorage.setItem('openseadragon-cam-hints-seen', 'true'));
  if (query === 'portal') {
    await page.goto(`${portal}/?server=${encodeURIComponent(address)}&slide=${SLIDE}&model=${OWN}`);
    await page.locator('#classes button').first().waitFor();
    // What the frame loads cannot be asked from here.
    await page.waitForTimeout(6000);
  } else {
    await page.addInitScript(keepViewers);
    await page.goto(new URL(query || `?slide=${SLIDE}&model=${OWN}`, address).href);
    await page.waitForFunction((count) => window.demoCams?.length === count, overlays);
    await page.evaluate((changes) => Promise.all(window.demoCams.map(({ cam }) => cam.setOptions(changes))), options);
    if (zoom) await page.evaluate(zoomTo, zoom);
    await settled(page);
  }
  await act?.(page);
  // 256 colours: a third of the size, and no difference to be seen.
  await sharp(await page.screenshot())
    .png({ palette: true, dither: 0, effort: 10 })
    .toFile(path.join(folder, `${name}.png`));
  console.log(path.join('docs/images', `${name}.png`));
  await page.close();
}

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !PICTURES.some((picture) => picture.name === name));
if (unknown !== undefined) {
  throw new Error(`expected ${PICTURES.map(({ name }) => name).join(', ')}, found ${unknown}`);
}
const executablePath = findChromium();
if (!executablePath) throw new Error('no Chromium found: run node scripts/install-chromium.mjs');
await mkdir(folder, { recursive: true });
const slideFolder = await slides();
const portal = await startPortal();
const server = await start(
  ...['serve', '--slides', slideFolder, '--models', await models(), '--store', STORE, '--uploads'],
  ...['--embed', portal.origin],
);
const browser = await chromium.launch({ executablePath, args: BROWSER_ARGUMENTS });
try {
  await analyse(server.address);
  for (const picture of PICTURES) {
    if (wanted.length > 0 && !wanted.includes(picture.name)) continue;
    await take(browser, server.address, portal.origin, picture);
  }
} finally {
  await browser.close();
  portal.stop();
  await server.stop();
}

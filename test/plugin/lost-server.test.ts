import { mkdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../browser.ts';
import { type RunningCommand, startCommand } from '../command-line.ts';
import { childrenOf, killProcess } from '../processes.ts';
import { root } from '../repository/sources.ts';
import { type SmallCatalogue, smallCatalogue } from '../small-catalogue.ts';
import { type StaticFiles, serveFiles } from '../static-files.ts';

/** Milliseconds for which the server is away. */
const AWAY = 10_000;
const TIMEOUT = 240_000;

let catalogue: SmallCatalogue;
let files: StaticFiles;
let browser: Browser;
let port: number;
let server: RunningCommand | undefined;

beforeAll(async () => {
  [catalogue, browser, port] = await Promise.all([smallCatalogue(), launchBrowser(), freePort()]);
  const tiles = join(catalogue.root, 'tiles');
  await mkdir(tiles);
  await sharp(join(catalogue.slides, 'tissue.tif')).tile({ layout: 'dz' }).toFile(join(tiles, 'tissue'));
  files = await serveFiles({ repository: root, tiles });
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
});
afterAll(async () => {
  await Promise.all([browser?.close(), files?.close()]);
  await rm(catalogue.root, { recursive: true, force: true });
});

const serve = async () => {
  const { slides, models, store } = catalogue;
  server = await startCommand(
    ...['serve', '--slides', slides, '--models', models, '--store', store],
    ...['--port', String(port), '--cors', files.origin],
  );
};

/** Ends the server and all that it has started, without a word to anybody. */
async function kill({ process: { pid = 0 } }: RunningCommand): Promise<void> {
  for (const victim of [pid, ...(await childrenOf(pid))]) killProcess(victim);
}

/** The page of an example, which nobody reloads; `faults` are the errors that it throws. */
async function openPage(example: string, more = ''): Promise<{ page: Page; faults: string[] }> {
  const page = await browser.newPage({ viewport: { width: 900, height: 640 } });
  const faults: string[] = [];
  page.setDefaultTimeout(90_000);
  page.on('pageerror', ({ message }) => faults.push(message));
  const query = `?server=http://127.0.0.1:${port}&slide=tissue.tif&model=tissue.h5${more}`;
  await page.goto(`${files.origin}/repository/examples/${example}/${query}`);
  return { page, faults };
}

/** Drags the slide to and fro, further in each time, for so many milliseconds. */
async function panFor(page: Page, milliseconds: number): Promise<void> {
  const end = performance.now() + milliseconds;
  for (let turn = 0; performance.now() < end; turn++) {
    await page.mouse.move(300, 320);
    if (turn % 4 === 0) await page.mouse.wheel(0, turn % 8 === 0 ? -240 : 160);
    await page.mouse.down();
    await page.mouse.move(300 + (turn % 2 === 0 ? -140 : 140), 320 + (turn % 3 === 0 ? 60 : -40), { steps: 8 });
    await page.mouse.up();
    await page.waitForTimeout(100);
  }
}

/** Whether every tile in view of the slide and the heatmap is there, and nothing of it is still to come. */
const isComplete = (page: Page) =>
  page.evaluate(() => {
    const { world, tileCache } = viewer;
    const items = [0, 1].map((index) => world.getItemAt(index));
    return (
      items.every((item) => item?.getFullyLoaded() && tileCache.getLoadedTilesFor(item).length > 0) &&
      !document.querySelector('.osd-cam-busy')
    );
  });

test(
  'a server that is away for ten seconds while somebody pans: it is said, and all comes afterwards',
  async () => {
    await serve();
    const { page, faults } = await openPage('script-tag');
    await page.getByRole('switch', { name: 'Show heatmap' }).waitFor();
    await panFor(page, 1000);
    const alert = page.locator('.osd-cam-problem');
    expect(await alert.isVisible()).toBe(false);

    const before = server;
    const panning = panFor(page, AWAY);
    await page.waitForTimeout(300);
    if (before) await kill(before);
    const killed = performance.now();
    await expect.poll(() => alert.textContent(), { timeout: AWAY }).toBe('The server does not answer; trying again');
    await panning;
    const centre = () => page.evaluate(() => viewer.viewport.getCenter().toString());
    const place = await centre();
    await panFor(page, 300);
    expect(await centre()).not.toBe(place);
    await page.waitForTimeout(Math.max(0, AWAY - (performance.now() - killed)));

    await serve();
    await expect.poll(() => alert.isVisible(), { timeout: 30_000 }).toBe(false);
    await expect.poll(() => isComplete(page), { timeout: 60_000 }).toBe(true);
    expect(await missing(page)).toBe(0);
    expect(faults).toEqual([]);
    await page.close();
  },
  TIMEOUT,
);

test(
  'a server that is not there yet when the page opens is waited for',
  async () => {
    const { page, faults } = await openPage('existing-sources', `&source=${files.origin}/tiles/tissue.dzi`);
    const alert = page.getByText('The server does not answer; trying again');
    await alert.waitFor();
    await page.waitForTimeout(2000);
    expect(await alert.count()).toBe(1);
    await serve();
    await page.getByRole('switch', { name: 'Show heatmap' }).waitFor({ timeout: 30_000 });
    await expect.poll(() => alert.isVisible()).toBe(false);
    await expect.poll(() => isComplete(page), { timeout: 60_000 }).toBe(true);
    expect(faults).toEqual([]);
    await page.close();
  },
  TIMEOUT,
);

/** Tiles of the slide in view that OpenSeadragon has given up. */
function missing(page: Page): Promise<number> {
  return page.evaluate(() => {
    const levels: object[] = Object.values(Reflect.get(viewer.world.getItemAt(0), 'tilesMatrix'));
    const tiles = levels.flatMap((level) => Object.values(level).flatMap((column) => Object.values(column)));
    return tiles.filter((tile) => !Reflect.get(Object(tile), 'exists')).length;
  });
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

/** Of the example's page. */
declare const viewer: OpenSeadragon.Viewer;

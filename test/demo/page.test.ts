import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../browser.ts';
import { type RunningCommand, startCommand } from '../command-line.ts';
import { type SmallCatalogue, smallCatalogue } from '../small-catalogue.ts';

let catalogue: SmallCatalogue;
let server: RunningCommand;
let browser: Browser;

const serve = ({ slides, models, store }: Omit<SmallCatalogue, 'root'>, port = 0) =>
  startCommand('serve', '--slides', slides, '--models', models, '--store', store, '--port', String(port));

beforeAll(async () => {
  catalogue = await smallCatalogue();
  server = await serve(catalogue);
  browser = await launchBrowser('canvas');
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await rm(catalogue.root, { recursive: true, force: true });
});

/** Opens the page; `faults` collects what the browser complains about. */
async function openPage(
  address: string,
  viewport = { width: 1200, height: 800 },
): Promise<{ page: Page; faults: string[] }> {
  const page = await browser.newPage({ viewport });
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on(
    'console',
    (message) => message.type() === 'error' && faults.push(`${message.text()} ${message.location().url}`),
  );
  await page.goto(address);
  return { page, faults };
}

test('the gallery lists slides with their sizes, and the first one opens with its heatmap', async () => {
  const { page, faults } = await openPage(`${server.address}#slide=tissue.tif`);
  const entry = page.getByRole('button', { name: /^tissue/ });
  await entry.waitFor();
  expect(await entry.locator('small').allTextContents()).toEqual(['2,000 × 1,300 px', '1.0 × 0.65 mm']);
  expect(await entry.getAttribute('aria-current')).toBe('true');
  await page.getByText('Lymphocytes').first().waitFor();
  expect(await page.title()).toBe('tissue');
  // What is on screen is classified without anybody touching the page.
  const { strides, grid } = await (await fetch(`${server.address}heatmaps/tissue.tif/tissue.h5.json`)).json();
  expect(strides[0]).toBeGreaterThan(1);
  const analysed = async () => (await (await fetch(`${server.address}healthz`)).json()).classified;
  await expect.poll(analysed).toBeGreaterThan((grid.rows * grid.columns) / strides[0] ** 2);
  const thumbnail = await entry.locator('img').evaluate(async (image: HTMLImageElement) => {
    await image.decode();
    return [image.naturalWidth, image.naturalHeight];
  });
  expect(thumbnail).toEqual([256, 166]);
  // The one slide that looks readable until its pixels are wanted has no thumbnail.
  expect(faults.filter((fault) => !fault.includes('/slides/cut.png/thumbnail'))).toEqual([]);
  await page.close();
});

test('the filter and the arrow keys work on the list', async () => {
  const { page } = await openPage(server.address);
  const filter = page.getByRole('searchbox', { name: 'Filter slides' });
  await filter.fill('piece');
  const visible = page.locator('aside li:visible');
  await expect.poll(() => visible.count()).toBe(1);
  await filter.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect.poll(() => page.title()).toBe('brain/piece');
  await filter.fill('no such name');
  await page.getByText('No slide matches “no such name”.').waitFor();
  await page.close();
});

test('a slide that cannot be read says why', async () => {
  const { page } = await openPage(server.address);
  const rows = page.getByRole('list', { name: 'Files that cannot be read' });
  expect(await rows.isVisible()).toBe(false);
  await page.getByText(/^\d files cannot be read$/).click();
  await page.getByRole('button', { name: /^text/ }).click();
  const message = page.locator('main .message');
  await message.getByText('This slide cannot be read').waitFor();
  expect(await message.locator('p').textContent()).toMatch(/text\.png/);
  await page.close();
});

test('an address that names no slide says so', async () => {
  const { page } = await openPage(`${server.address}#slide=nosuch.png`);
  await page
    .locator('main .message')
    .getByText(/nosuch\.png/)
    .waitFor();
  expect(await page.locator('aside [aria-current]').count()).toBe(0);
  await page.close();
});

test('a slide smaller than a patch is shown, and the panel says why it has no heatmap', async () => {
  const { page } = await openPage(`${server.address}#slide=tiny.png`);
  await page.getByRole('region', { name: 'No heatmap' }).waitFor();
  expect(await page.getByRole('alert').textContent()).toMatch(/tiny\.png/);
  await page.close();
});

test('a model of several classes begins with the most likely one, at home beside the panel', async () => {
  const { page } = await openPage(`${server.address}#slide=tissue.tif`);
  await expect.poll(() => page.getByLabel('Most likely').isChecked()).toBe(true);
  expect(await page.getByLabel('Opacity').inputValue()).toBe('0.55');
  const panel = await page.locator('.osd-cam').boundingBox();
  const shown = await page.locator('main').screenshot();
  const { data, info } = await sharp(shown).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const main = await page.locator('main').boundingBox();
  // Left of the panel a column of the stage's own colour from top to bottom, but for the panel's shadow.
  const column = Math.round((panel?.x ?? 0) - (main?.x ?? 0)) - 6;
  let darkest = 255;
  for (let y = 0; y < info.height; y++) {
    const at = 3 * (y * info.width + column);
    darkest = Math.min(darkest, ...data.subarray(at, at + 3));
  }
  expect(darkest).toBeGreaterThan(215);
  await page.close();
});

test('a slide that breaks when it is opened says why, on the stage and in the list', async () => {
  const { page } = await openPage(`${server.address}#slide=cut.png`);
  await page
    .locator('main .message')
    .getByText(/cut\.png/)
    .waitFor();
  const row = page.getByRole('button', { name: /^cut/ });
  await row.getByText(/^cut\.png cannot be read as a slide: /).waitFor();
  expect(await row.locator('small').count()).toBe(1);
  expect(await row.locator('img').count()).toBe(0);
  await page.close();
});

test('an empty folder says what to do, and a server that is away is found again', async () => {
  const empty = { slides: join(catalogue.root, 'none'), models: catalogue.models, store: catalogue.store };
  await mkdir(empty.slides);
  const own = await serve(empty);
  const { page } = await openPage(own.address);
  const rejections: string[] = [];
  page.on('pageerror', (error) => rejections.push(error.message));
  await page.getByText('No slides yet').waitFor();
  expect(await page.getByText('Picture of the slide').isVisible()).toBe(false);
  await own.stop();
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText(/The server has not answered since/).waitFor();
  const again = await serve(empty, Number(new URL(own.address).port));
  await page.getByText(/The server has not answered since/).waitFor({ state: 'hidden' });
  expect(rejections).toEqual([]);
  await page.close();
  await again.stop();
});

test('the page needs no wider screen than a telephone', async () => {
  const { page } = await openPage(`${server.address}#slide=tissue.tif`, { width: 390, height: 700 });
  await page.getByRole('button', { name: /^tissue/ }).waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  const stage = await page.locator('main').boundingBox();
  expect(stage?.height).toBeGreaterThan(450);
  await page.close();
});

test('hints speak of fingers where there are some, and give way to an open panel', async () => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const page = await context.newPage();
  await page.goto(`${server.address}#slide=tissue.tif`);
  const hints = page.getByRole('region', { name: 'Hints' });
  await hints.waitFor();
  expect(await hints.textContent()).not.toMatch(/Scroll|click|Point/);
  expect(await hints.textContent()).toMatch(/Pinch.*tap.*Tap/);
  await page.getByRole('button', { name: 'Show the settings' }).tap();
  expect(await hints.isVisible()).toBe(false);
  await page.getByRole('button', { name: 'Hide the settings' }).tap();
  expect(await hints.isVisible()).toBe(true);
  await context.close();
});

test('the buttons over the slide are worked with keys, once there is a slide', async () => {
  const { page } = await openPage(`${server.address}#slide=tissue.tif`);
  await page.locator('.osd-cam').waitFor();
  await page.getByText('Got it').click();
  const zoom = () =>
    page.evaluate(() => {
      const { viewport } = window.OpenSeadragon.getViewer(document.querySelector('.viewer') ?? '');
      return viewport.getZoom() / viewport.getHomeZoom();
    });
  await page.locator('.openseadragon-canvas').first().focus();
  for (const name of ['Zoom in', 'Zoom out', 'Whole slide', 'Full screen']) {
    await page.keyboard.press('Tab');
    const button = page.getByRole('button', { name, exact: true });
    expect(await button.evaluate((focused) => focused === document.activeElement)).toBe(true);
    if (name === 'Full screen') continue;
    await page.keyboard.press('Enter');
    if (name === 'Zoom in') await page.keyboard.press('Enter');
    expect(await zoom()).toBeCloseTo({ 'Zoom in': 4, 'Zoom out': 2, 'Whole slide': 1 }[name] ?? 0);
  }
  await page.goto(`${server.address}#slide=nowhere.tif`);
  await page.getByText('This slide cannot be shown').waitFor();
  await page.locator('.openseadragon-canvas').first().focus();
  expect(await page.evaluate(() => document.activeElement?.closest('.viewer') === null)).toBe(true);
  await page.close();
});

test('the hints go away for good', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(server.address);
  await page.getByRole('button', { name: 'Got it' }).click();
  await page.reload();
  await page.getByRole('button', { name: /^tissue/ }).waitFor();
  expect(await page.getByRole('region', { name: 'Hints' }).count()).toBe(0);
  await context.close();
});

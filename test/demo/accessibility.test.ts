import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { violations } from '../axe.ts';
import { launchBrowser } from '../browser.ts';
import { type RunningCommand, startCommand } from '../command-line.ts';
import { type SmallCatalogue, smallCatalogue } from '../small-catalogue.ts';

// Every state is a page of its own, beside others' work.
vi.setConfig({ testTimeout: 120_000 });

let catalogue: SmallCatalogue;
let server: RunningCommand;
let browser: Browser;

beforeAll(async () => {
  catalogue = await smallCatalogue();
  for (const ending of ['h5', 'manifest.json']) {
    await copyFile(join(catalogue.models, `tissue.${ending}`), join(catalogue.models, `other.${ending}`));
  }
  server = await serve(catalogue.slides);
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await rm(catalogue.root, { recursive: true, force: true });
});

function serve(slides: string): Promise<RunningCommand> {
  const { models, store } = catalogue;
  return startCommand('serve', '--slides', slides, '--models', models, '--store', store, '--port', '0');
}

async function openPage(address: string, options: Parameters<Browser['newPage']>[0] = {}): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1200, height: 800 }, ...options });
  await page.goto(address);
  return page;
}

test.each([
  ['light', {}],
  ['dark', { colorScheme: 'dark' }],
  ['dark by choice', {}, 'Dark'],
  ['narrow', { viewport: { width: 420, height: 760 } }],
] as const)('axe finds nothing wrong with the page and its panel: %s', async (_, options, theme?: string) => {
  const page = await openPage(`${server.address}#slide=tissue.tif`, options);
  await page.getByText('Lymphocytes').first().waitFor({ state: 'attached' });
  if (theme) await page.getByRole('radio', { name: theme }).check();
  await page.getByText('Picture of the slide').click();
  expect(await violations(page)).toEqual([]);
  await page.close();
});

test.each([
  ['a slide that cannot be read', '#slide=cut.png', 'light'],
  ['a slide without a heatmap, dark', '#slide=tiny.png', 'dark'],
  ['a slide that there is not', '#slide=nosuch.png', 'light'],
] as const)('axe finds nothing wrong with the page of %s', async (_, state, colorScheme) => {
  const page = await openPage(`${server.address}${state}`, { colorScheme });
  await page.locator('main .message:visible, main [role=alert]:visible').first().waitFor();
  expect(await violations(page)).toEqual([]);
  await page.close();
});

test.each([
  ['light', { viewport: { width: 1500, height: 800 } }],
  ['dark', { viewport: { width: 1500, height: 800 }, colorScheme: 'dark' }],
  ['narrow and dark', { viewport: { width: 420, height: 860 }, colorScheme: 'dark' }],
] as const)('axe finds nothing wrong with two models side by side: %s', async (_, options) => {
  const page = await openPage(`${server.address}#slide=tissue.tif&model=tissue.h5&compare=other.h5`, options);
  await page.locator('.half .osd-cam').nth(1).waitFor();
  expect(await violations(page)).toEqual([]);
  await page.close();
});

test.each([
  ['with its panel', '?slide=tissue.tif&model=tissue.h5', '.osd-cam'],
  ['dark, with its panel closed', '?slide=tissue.tif&model=tissue.h5&theme=dark&panel=closed', '.osd-cam'],
  ['that names no slide', '', 'main .message'],
  ['that cannot be understood', '?theme=pink', 'main .message'],
] as const)('axe finds nothing wrong with the page for frames %s', async (_, query, shown) => {
  const page = await openPage(`${server.address}embed${query}`);
  await page.locator(shown).waitFor();
  expect(await violations(page)).toEqual([]);
  await page.close();
});

test('axe finds nothing wrong with the page while it loads, and where there are no slides', async () => {
  const slides = join(catalogue.root, 'none');
  await mkdir(slides);
  const empty = await serve(slides);
  const page = await browser.newPage();
  let answer = () => {};
  const held = new Promise<void>((resolve) => {
    answer = resolve;
  });
  await page.route('**/slides', async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(empty.address);
  expect(await violations(page)).toEqual([]);
  answer();
  await page.locator('main .message').waitFor();
  expect(await violations(page)).toEqual([]);
  await page.close();
  await empty.stop();
});

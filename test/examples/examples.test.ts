import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../browser.ts';
import { type RunningCommand, startCommand } from '../command-line.ts';
import { root } from '../repository/sources.ts';
import { type SmallCatalogue, smallCatalogue } from '../small-catalogue.ts';
import { type StaticFiles, serveFiles } from '../static-files.ts';

let catalogue: SmallCatalogue;
let files: StaticFiles;
let server: RunningCommand;
let browser: Browser;

beforeAll(async () => {
  catalogue = await smallCatalogue();
  const tiles = join(catalogue.root, 'tiles');
  const bundle = join(catalogue.root, 'bundle');
  await mkdir(tiles);
  [files, browser] = await Promise.all([serveFiles({ repository: root, tiles, bundle }), launchBrowser()]);
  const slide = join(catalogue.slides, 'tissue.tif');
  await sharp(slide).tile({ layout: 'dz', size: 256 }).toFile(join(tiles, 'tissue'));
  await sharp(slide)
    .tile({ layout: 'iiif3', size: 256, id: `${files.origin}/tiles` })
    .toFile(join(tiles, 'iiif'));
  await build({
    root: join(root, 'examples/bundler'),
    base: './',
    logLevel: 'silent',
    build: { outDir: bundle, emptyOutDir: true },
  });
  const { slides, models, store } = catalogue;
  server = await startCommand(
    ...['serve', '--slides', slides, '--models', models, '--store', store, '--port', '0'],
    ...['--cors', files.origin, '--embed', files.origin],
  );
});
afterAll(async () => {
  await Promise.all([browser?.close(), server?.stop(), files?.close()]);
  await rm(catalogue.root, { recursive: true, force: true });
});

/** RGB of what the viewer shows beside its panel. */
async function shown(page: Page): Promise<Buffer> {
  const picture = await page.screenshot({ clip: { x: 100, y: 100, width: 400, height: 440 } });
  return sharp(picture).removeAlpha().raw().toBuffer();
}

/** Share of pixels that differ by more than 8 of 255 in a channel. */
function difference(a: Buffer, b: Buffer): number {
  let pixels = 0;
  for (let i = 0; i < a.length; i += 3) {
    if ([0, 1, 2].some((channel) => Math.abs(a[i + channel] - b[i + channel]) > 8)) pixels++;
  }
  return (3 * pixels) / a.length;
}

/** What the viewer shows when it changes no more. */
async function atRest(page: Page): Promise<Buffer> {
  let last = await shown(page);
  await expect
    .poll(
      async () => {
        const before = last;
        await page.waitForTimeout(300);
        last = await shown(page);
        return before.equals(last);
      },
      { timeout: 20_000 },
    )
    .toBe(true);
  return last;
}

test.each([
  ['script-tag', '/repository/examples/script-tag/', ''],
  ['bundler', '/bundle/', ''],
  ['existing-sources, of a Deep Zoom image', '/repository/examples/existing-sources/', '/tiles/tissue.dzi'],
  ['existing-sources, of an IIIF image', '/repository/examples/existing-sources/', '/tiles/iiif/info.json'],
])(
  '%s shows the heatmap over the slide',
  async (_name, path, source) => {
    const page = await browser.newPage({ viewport: { width: 900, height: 640 } });
    const faults: string[] = [];
    const asked: string[] = [];
    page.on('pageerror', ({ message }) => faults.push(message));
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(`${message.text()} ${message.location().url}`);
    });
    page.on('request', (request) => asked.push(request.url()));
    const query = new URLSearchParams({
      server: server.address.replace(/\/$/, ''),
      slide: 'tissue.tif',
      model: 'tissue.h5',
      ...(source === '' ? {} : { source: files.origin + source }),
    });
    await page.goto(`${files.origin}${path}?${query}`);
    const heatmap = page.getByRole('switch', { name: 'Show heatmap' });
    await heatmap.waitFor();

    await heatmap.uncheck({ force: true });
    const slide = await atRest(page);
    const { channels } = await sharp(slide, { raw: { width: 400, height: 440, channels: 3 } }).stats();
    expect(Math.max(...channels.map(({ stdev }) => stdev)), 'the slide is on screen').toBeGreaterThan(5);
    await heatmap.check({ force: true });
    await expect.poll(async () => difference(await shown(page), slide)).toBeGreaterThan(0.2);
    await heatmap.uncheck({ force: true });
    await expect.poll(async () => difference(await shown(page), slide)).toBe(0);

    // The slide's tiles are those of the source that was named.
    const own = asked.filter((address) => address.startsWith(`${server.address}slides/`));
    const others = asked.filter((address) => address.startsWith(`${files.origin}/tiles/`));
    expect([own.length > 0, others.length > 1]).toEqual(source === '' ? [true, false] : [false, true]);
    expect(faults).toEqual([]);
    await page.close();
  },
  90_000,
);

test('embed shows the page for frames, follows it and leads it', async () => {
  const page = await browser.newPage({ viewport: { width: 1100, height: 640 } });
  const faults: string[] = [];
  page.on('pageerror', ({ message }) => faults.push(message));
  const query = new URLSearchParams({ server: server.address, slide: 'tissue.tif', model: 'tissue.h5' });
  await page.goto(`${files.origin}/repository/examples/embed/?${query}`);
  await page.getByText('tissue.tif, 2000 x 1300 pixels').waitFor();
  const frame = page.frameLocator('iframe');
  await page.getByRole('button', { name: /^Tumour: \d+ %$/ }).click();
  await frame.getByRole('button', { name: 'Show the settings' }).click();
  await expect.poll(() => frame.getByLabel('One class').isChecked()).toBe(true);
  expect(await frame.getByRole('radio', { name: /Tumour/ }).isChecked()).toBe(true);
  await page.getByRole('button', { name: 'Look at the middle' }).click();
  await page.getByText(/^Seen: 500, /).waitFor();
  expect(faults).toEqual([]);
  await page.close();
}, 90_000);

test('every example is described', async () => {
  const text = await readFile(join(root, 'examples/README.md'), 'utf8');
  for (const name of ['script-tag', 'bundler', 'existing-sources', 'embed'])
    expect(text).toContain(`[\`${name}/\`](${name}/`);
});

import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, FileChooser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { launchBrowser } from '../browser.ts';
import { type RunningCommand, startCommand } from '../command-line.ts';
import { dragFiles } from '../drag-files.ts';
import { type SmallCatalogue, smallCatalogue } from '../small-catalogue.ts';

/** Software draws the page, beside other tests. */
const SLOW = { timeout: 40_000 };
vi.setConfig({ testTimeout: 120_000 });

let catalogue: SmallCatalogue;
let server: RunningCommand;
let browser: Browser;
/** An image of a microscope that says nothing of its resolution. */
let biopsy: Buffer;

const serve = (...options: string[]) => {
  const { slides, models, store } = catalogue;
  return startCommand(
    ...['serve', '--slides', slides, '--models', models, '--store', store, '--port', '0'],
    ...options,
  );
};

beforeAll(async () => {
  catalogue = await smallCatalogue();
  server = await serve('--uploads', '2');
  browser = await launchBrowser();
  biopsy = await sharp(join(catalogue.slides, 'brain/piece.png')).withMetadata({ density: 72 }).png().toBuffer();
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await rm(catalogue.root, { recursive: true, force: true });
});

async function openPage(address = server.address): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1200, height: 800 } });
  onTestFinished(() => page.close());
  await page.goto(`${address}#slide=tissue.tif`);
  await page.getByRole('button', { name: /^tissue/ }).waitFor();
  return page;
}

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const fault = (page: Page) => page.locator('.uploads [role=alert]:visible');

test('an image that is dropped on the page is shown with its heatmap, and gone when it is removed', async () => {
  const page = await openPage();
  const zone = page.getByText('Drop an image to analyse it');
  await dragFiles(page, 'dragenter', { 'biopsy 12.png': biopsy });
  await zone.waitFor();
  await dragFiles(page, 'drop', { 'biopsy 12.png': biopsy });
  await zone.waitFor({ state: 'hidden' });
  // The model was trained at a resolution that the image does not say.
  const dialog = page.getByRole('dialog', { name: 'How fine is this image?' });
  await dialog.getByRole('button', { name: 'The same as the model was trained for 0.5 µm per pixel' }).click();
  await expect.poll(() => page.title(), SLOW).toBe('biopsy 12.png');
  const entry = page.getByRole('button', { name: /^biopsy 12\.png/ });
  expect(await entry.getAttribute('aria-current')).toBe('true');
  await page.getByText('all analysed').waitFor(SLOW);
  await expect.poll(() => entry.locator('small').allTextContents(), SLOW).toEqual(['700 × 500 px', '0.35 × 0.25 mm']);

  // The heatmap in the middle of the stage: the image's own pixels there are pink or white, never green or yellow.
  const isColoured = async () => {
    const main = await page.locator('main').screenshot();
    const { data } = await sharp(main)
      .extract({ left: 150, top: 200, width: 400, height: 300 })
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    let coloured = 0;
    for (let at = 0; at < data.length; at += 3) if (data[at + 1] > data[at + 2] + 30) coloured++;
    return coloured / (data.length / 3);
  };
  await expect.poll(isColoured, SLOW).toBeGreaterThan(0.2);
  await page.getByLabel('Show heatmap').uncheck();
  await expect.poll(isColoured, SLOW).toBeLessThan(0.02);

  const id = new URLSearchParams(new URL(page.url()).hash.slice(1)).get('slide') ?? '';
  const address = `${server.address}uploads/${encodeURIComponent(id)}`;
  expect((await fetch(address)).status).toBe(200);
  await page.reload();
  await expect.poll(() => page.title(), SLOW).toBe('biopsy 12.png');
  await button(page, 'Remove now').click();
  await page.getByText('biopsy 12.png is removed.').waitFor();
  await entry.waitFor({ state: 'detached' });
  expect((await fetch(address)).status).toBe(404);
});

test('an image is added by keyboard alone, and its resolution typed', async () => {
  const page = await openPage();
  const file = join(catalogue.root, 'chosen.png');
  await writeFile(file, biopsy);
  // Before the key: Chromium is told with the first listener that nobody is there to choose.
  const chosen = new Promise<FileChooser>((resolve) => page.once('filechooser', resolve));
  await button(page, 'Add an image…').focus();
  await page.keyboard.press('Enter');
  await (await chosen).setFiles(file);
  await page.getByRole('dialog').waitFor(SLOW);
  await page.keyboard.press('Tab');
  await page.keyboard.type('0.25');
  await page.keyboard.press('Enter');
  await page.getByText('At 0.25 µm per pixel.').waitFor(SLOW);
  // Half of the size of a patch at 0.5 is left: 700 x 500 pixels hold 2 x 1 patches of 256.
  await page.getByText('all analysed').waitFor(SLOW);
  const { hash } = new URL(page.url());
  const id = new URLSearchParams(hash.slice(1)).get('slide') ?? '';
  const descriptor = await fetch(`${server.address}heatmaps/${encodeURIComponent(id)}/tissue.h5.json`);
  expect((await descriptor.json()).grid).toMatchObject({ rows: 1, columns: 2, downsample: 2 });
});

test('who puts the question off sees the image, and why it has no heatmap', async () => {
  const page = await openPage();
  await dragFiles(page, 'drop', { 'later.png': biopsy });
  await page.getByRole('dialog').waitFor(SLOW);
  await page.keyboard.press('Escape');
  await page.getByRole('region', { name: 'No heatmap' }).waitFor(SLOW);
  await expect.poll(() => page.title(), SLOW).toBe('later.png');
  await button(page, 'Resolution…').click();
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /^The same/ })
    .click();
  await page.getByText('all analysed').waitFor(SLOW);
});

test('files that cannot be taken are told in one sentence each', async () => {
  const page = await openPage();
  const faults: [Record<string, Buffer>, RegExp][] = [
    [{ 'notes.txt': Buffer.from('no image at all') }, /^notes\.txt cannot be read as a slide: .*\.$/],
    [{ 'large.png': Buffer.alloc(3_000_000, 1) }, /^large\.png has 3 MB; this server takes up to 2 MB\.$/],
    [{ 'empty.png': Buffer.alloc(0) }, /^empty\.png is empty\.$/],
    [{ 'a.png': Buffer.from('a'), 'b.png': Buffer.from('b') }, /^One image at a time, please: 2 files/],
  ];
  for (const [files, words] of faults) {
    await dragFiles(page, 'drop', files);
    await expect.poll(() => fault(page).textContent(), SLOW).toMatch(words);
  }
  expect(await page.title()).toBe('tissue');
});

test('an image on its way shows how far it is and can be called back; a server that is away is told', async () => {
  const page = await openPage();
  await page.route('**/uploads?*', () => {});
  await dragFiles(page, 'drop', { 'biopsy 12.png': biopsy });
  await page.getByText('Sending biopsy 12.png…').first().waitFor(SLOW);
  expect(await page.getByRole('progressbar', { name: 'Sent' }).isVisible()).toBe(true);
  await dragFiles(page, 'drop', { 'other.png': biopsy });
  expect(await fault(page).textContent()).toContain('Wait');
  await button(page, 'Cancel').click();
  await button(page, 'Add an image…').waitFor();
  expect(await page.title()).toBe('tissue');

  await page.unroute('**/uploads?*');
  await page.route('**/uploads?*', (route) => route.abort());
  await dragFiles(page, 'drop', { 'biopsy 12.png': biopsy });
  await expect.poll(() => fault(page).textContent(), SLOW).toContain('does not answer');
});

test('where images cannot be added there is neither a button nor a drop zone', async () => {
  const plain = await serve();
  const page = await openPage(plain.address);
  expect(await button(page, 'Add an image…').count()).toBe(0);
  await dragFiles(page, 'dragenter', { 'biopsy 12.png': biopsy });
  expect(await page.locator('.drop-zone').count()).toBe(0);
  await plain.stop();
});

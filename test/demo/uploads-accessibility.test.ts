import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { violations } from '../axe.ts';
import { dragFiles } from '../drag-files.ts';
import { useServer } from '../served-catalogue.ts';
import { useBrowser } from './use-browser.ts';

const server = useServer(['--uploads']);
const browser = useBrowser();

test.each([
  ['light', { viewport: { width: 1200, height: 800 } }],
  ['dark', { viewport: { width: 1200, height: 800 }, colorScheme: 'dark' }],
  ['narrow', { viewport: { width: 400, height: 760 } }],
] as const)('axe finds nothing wrong while an image is added: %s', async (_, options) => {
  const image = await sharp(join(server.slides, 'brain/piece.png')).withMetadata({ density: 72 }).png().toBuffer();
  const page = await browser.newPage(options);
  await page.goto(`${server.address}#slide=tissue.tif`);
  await page.getByRole('button', { name: 'Add an image…' }).waitFor();
  expect(await violations(page), 'the button').toEqual([]);

  await dragFiles(page, 'drop', { 'notes.txt': Buffer.from('no image at all') });
  await page.locator('.uploads [role=alert]:visible').waitFor();
  expect(await violations(page), 'a fault').toEqual([]);

  let go = () => {};
  const held = new Promise<void>((resolve) => {
    go = resolve;
  });
  await page.route('**/uploads?*', async (route) => {
    await held;
    await route.continue();
  });
  await dragFiles(page, 'drop', { 'biopsy 12.png': image });
  await page.getByRole('progressbar', { name: 'Sent' }).waitFor();
  expect(await violations(page), 'on its way').toEqual([]);

  go();
  await page.getByRole('dialog').waitFor();
  expect(await violations(page), 'the question').toEqual([]);

  await page.keyboard.press('Enter');
  await page.getByText('At 0.5 µm per pixel.').waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(options.viewport.width);
  expect(await violations(page), 'the image').toEqual([]);
  await page.close();
});

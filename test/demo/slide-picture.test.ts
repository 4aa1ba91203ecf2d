import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { useServer } from '../served-catalogue.ts';
import { useBrowser } from './use-browser.ts';

const server = useServer();
const browser = useBrowser();

test('the page saves a picture of the whole slide as it is shown, at the size that is chosen', async () => {
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
  await page.goto(`${server.address}#slide=tissue.tif`);
  await page.locator('.osd-cam').waitFor({ timeout: 60_000 });
  await page.getByLabel('One class').check({ force: true });
  await page.getByRole('radio', { name: /^Stroma/ }).check({ force: true });
  await page.getByText('Picture of the slide').click();
  await page.getByRole('combobox', { name: 'Long side' }).selectOption('1024 px');
  const save = async () => {
    const [download] = await Promise.all([
      page.waitForEvent('download', { timeout: 60_000 }),
      page.getByRole('button', { name: 'Save', exact: true }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('tissue.tif tissue.h5.png');
    const file = await readFile(await download.path());
    expect(file.toString('latin1', 0, 600)).toMatch(/tissue on tissue\.tif.*single: Stroma; probability 0 to 1/s);
    const { width, height, channels } = await sharp(file).metadata();
    expect([width, height]).toEqual([1024, 666]);
    return { file, channels };
  };
  const over = await save();
  expect(over.channels).toBe(3);
  await page.getByLabel('Heatmap alone').check();
  const alone = await save();
  expect(alone.channels).toBe(4);
  // The opacity that the page begins with.
  expect((await sharp(alone.file).stats()).channels[3].max).toBe(Math.round(0.55 * 255));

  await server.stop();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('The server does not answer.').waitFor();
  await page.close();
}, 120_000);

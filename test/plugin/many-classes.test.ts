import { expect, test } from 'vitest';
import { addCam, openViewer, useBrowser } from './browser.ts';

const browser = useBrowser();
const classes = () => browser.page.evaluate(() => window.cam.getOptions().classes);

/** The later, the more present; the eight most present in the model's order. */
const ORDER = Array.from({ length: 20 }, (_, i) => 19 - i);
const LEADING = Array.from({ length: 8 }, (_, i) => `class ${12 + i}`);

test('of many classes those that the slide has most of are shown, once they are needed and known', async () => {
  const { page, url, control } = browser;
  await openViewer(page, url);
  await addCam(page, { heatmap: '/heatmaps/slide/model20.json', showControl: true });
  const asked = () => control.streams.at(-1)?.views[0].classOrder;
  expect(asked()).toBeUndefined();

  await page.getByText('Several', { exact: true }).click();
  expect(await classes()).toBe('all');
  await expect.poll(asked).toBe(true);
  control.streams.at(-1)?.send('classOrder', { view: 0, classOrder: ORDER });
  await expect.poll(classes).toEqual(LEADING);
  expect(await page.getByRole('checkbox', { name: /^class/, checked: true }).count()).toBe(8);

  await page.getByRole('checkbox', { name: 'class 12' }).uncheck();
  await page.getByText('Most likely', { exact: true }).click();
  expect(await classes()).toEqual(LEADING.slice(1));
  await page.getByRole('button', { name: 'Reset' }).click();
  await page.getByText('Most likely', { exact: true }).click();
  expect(await classes()).toEqual(LEADING);
  await page.getByText('Difference', { exact: true }).click();
  expect(await classes()).toEqual(['class 19', 'class 18']);
  // All of them are a choice, too.
  await page.evaluate(() => window.cam.setOptions({ mode: 'blend', classes: 'all' }));
  expect(await classes()).toBe('all');
});

test('a link that names no classes shows those of the slide', async () => {
  const { page, url, control } = browser;
  const link = encodeURIComponent(JSON.stringify({ settings: { mode: 'argmax' } }));
  await openViewer(page, url, 'canvas', `#heatmap=${link}`);
  await addCam(page, { heatmap: '/heatmaps/slide/model20.json', urlState: 'heatmap' });
  await expect.poll(() => control.streams.at(-1)?.views[0].classOrder).toBe(true);
  control.streams.at(-1)?.send('classOrder', { view: 0, classOrder: ORDER });
  await expect.poll(classes).toEqual(LEADING);
});

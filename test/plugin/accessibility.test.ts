import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import type { CamOptions } from '../../plugin/src/index.ts';
import { violations } from '../axe.ts';
import { addCam, openViewer, useBrowser } from './browser.ts';

const browser = useBrowser();

const states: [string, Omit<Partial<CamOptions>, 'tiledImage' | 'controlElement'>, (page: Page) => Promise<void>][] = [
  ['one class', {}, async () => {}],
  ['dark', { theme: 'dark' }, async () => {}],
  ['several classes', { mode: 'blend' }, async () => {}],
  ['unsure, with more', { mode: 'entropy' }, (page) => page.getByText('More', { exact: true }).click()],
  ['a difference, dark', { mode: 'difference', theme: 'dark' }, async () => {}],
  ...(['light', 'dark'] as const).map((theme): (typeof states)[number] => [
    `a difference of two models, ${theme}, with a patch's card`,
    { mode: 'difference', compareWith: '/heatmaps/slide/other4.json', theme },
    async (page) => {
      await page.mouse.move(300, 300);
      await page.locator('.osd-cam-card:visible').waitFor();
    },
  ]),
  ['the colour maps', {}, (page) => page.getByRole('combobox', { name: 'Colours' }).click()],
  ['twenty classes', { heatmap: '/heatmaps/slide/model20.json', mode: 'argmax' }, async () => {}],
  ['collapsed', {}, (page) => page.getByRole('button', { name: 'Hide the settings' }).click()],
  ['narrow', {}, (page) => page.setViewportSize({ width: 420, height: 640 })],
  [
    'right to left',
    {},
    (page) =>
      page.evaluate(() => {
        document.documentElement.dir = 'rtl';
      }),
  ],
  [
    'the keys',
    {},
    async (page) => {
      await page.locator('.openseadragon-canvas').focus();
      await page.keyboard.press('?');
      await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    },
  ],
];

test.each(states)('axe finds nothing wrong with the panel: %s', async (_, options, act) => {
  const { page, url } = browser;
  await openViewer(page, url);
  await addCam(page, { showControl: true, ...options });
  await act(page);
  expect(await violations(page, '.osd-cam')).toEqual([]);
});

test('axe finds nothing wrong with the panel while it waits, or says that something failed', async () => {
  const { page, url, control } = browser;
  Object.assign(control, { missing: 3, coverage: 100, known: 300 });
  await openViewer(page, url);
  await addCam(page, { showControl: true });
  expect(await violations(page, '.osd-cam')).toEqual([]);
  control.tileStatus = 500;
  await page.evaluate(() => window.cam.refresh());
  await page.getByRole('alert').waitFor();
  expect(await violations(page, '.osd-cam')).toEqual([]);
});

test.each(['light', 'dark'] as const)(
  'axe finds nothing wrong with the panel while the server is away: %s',
  async (theme) => {
    const { page, url } = browser;
    await openViewer(page, url, 'canvas', theme === 'dark' ? '?dark' : '');
    await addCam(page, { showControl: true, theme });
    await page.context().setOffline(true);
    await page.evaluate(() => window.cam.refresh());
    await page.getByText('The server does not answer; trying again').waitFor();
    expect(await violations(page, '.osd-cam')).toEqual([]);
    await page.context().setOffline(false);

    // The panel's place, while there has been no heatmap yet.
    await page.evaluate(() => window.cam.destroy());
    await page.context().setOffline(true);
    await page.evaluate((given) => {
      window.cam = window.viewer.cam({ heatmap: '/heatmaps/slide/model4.json', theme: given });
    }, theme);
    await page.locator('.osd-cam-failure').getByText('The server does not answer').waitFor();
    expect(await violations(page, '.osd-cam')).toEqual([]);
  },
);

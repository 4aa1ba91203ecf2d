import { expect, test } from 'vitest';
import type { CamProgress } from '../../plugin/src/index.ts';
import { addCam, allAsked, openViewer, useBrowser } from './browser.ts';

const browser = useBrowser();
const asked = () => browser.control.requests.filter((request) => request.includes('/breakdown'));

/** Keeps what the viewer's events of a name carry, without the overlay. */
async function keep<T>(name: 'cam-breakdown' | 'cam-progress'): Promise<() => Promise<T[]>> {
  await browser.page.evaluate((event) => {
    const kept: object[] = [];
    Object.assign(window, { [event]: kept });
    window.viewer.addHandler(event, ({ cam: _, eventSource: __, ...rest }) => void kept.push(rest));
  }, name);
  return () => browser.page.evaluate((event) => Reflect.get(window, event), name);
}

test('shares come with the stream, of the scope that is chosen', async () => {
  const { page, url, control, announce } = browser;
  Object.assign(control, { known: 300, inRegion: [0.4, 0.31, 0.3, 0] });
  await openViewer(page, url);
  const told = await keep<{ breakdown: { of: string; patches: { known: number } } }>('cam-breakdown');
  await addCam(page, { showControl: true });
  const shares = () => page.locator('.osd-cam-value').allTextContents();
  await expect.poll(shares).toEqual(['51 %', '37 %', '8.4 %', '3.0 %']);
  expect(new Set((await told()).map(({ breakdown }) => breakdown.of))).toEqual(new Set(['slide']));

  await page.locator('.osd-cam').getByText('View', { exact: true }).click();
  // At once, for it was told before.
  expect(await shares()).toEqual(['40 %', '31 %', '30 %', '0 %']);
  expect((await told()).at(-1)?.breakdown.of).toBe('region');
  Object.assign(control, { known: 651, inRegion: [0.2, 0.5, 0.3, 0] });
  announce();
  await page.getByText('all analysed').waitFor();
  expect(await shares()).toEqual(['50 %', '30 %', '20 %', '0 %']);
  expect((await told()).at(-1)).toMatchObject({ breakdown: { of: 'region', exact: true } });
  expect(asked()).toEqual([]);
});

test('without a panel, too, the slide’s shares are told', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  const told = await keep<{ breakdown: { of: string } }>('cam-breakdown');
  await addCam(page);
  await expect.poll(async () => (await told()).at(-1)?.breakdown.of).toBe('slide');
});

test('an overlay that is not seen asks for the shares once', async () => {
  const { page, url, control } = browser;
  await openViewer(page, url);
  await page.evaluate(async () => {
    window.cam = window.viewer.cam({ heatmap: '/heatmaps/slide/model4.json', visible: false });
    await window.cam.ready;
  });
  await page.getByText('all analysed').waitFor();
  await page.evaluate(() => window.viewer.viewport.zoomBy(1.5));
  await page.waitForTimeout(300);
  await allAsked(page);
  expect([asked().length, control.streams.length]).toEqual([1, 0]);
});

test('progress tells what the view lacks and for how long, until it is sharp', async () => {
  const { page, url, control, announce } = browser;
  Object.assign(control, { missing: 3, coverage: 100, known: 300 });
  await openViewer(page, url);
  const progress = await keep<CamProgress>('cam-progress');
  await addCam(page, { showControl: true });
  const tiles = 12;
  await expect
    .poll(async () => (await progress()).at(-1))
    .toMatchObject({
      pending: tiles,
      patches: { known: 300, total: 651 },
      missing: 3 * tiles,
      patchesPerSecond: 2,
      secondsLeft: (3 * tiles) / 2,
    });
  expect((await progress())[0].missing).toBe(null);
  await page.getByText('Hatched: estimated so far, sharp in 18 s').waitFor();
  const isBusy = () => page.locator('.osd-cam').evaluate((panel) => panel.classList.contains('osd-cam-busy'));
  expect(await isBusy()).toBe(true);

  Object.assign(control, { missing: 0, coverage: 255, known: 310, revision: 2 });
  announce();
  await expect
    .poll(async () => (await progress()).at(-1))
    .toMatchObject({ pending: 0, missing: 0, patchesPerSecond: null, secondsLeft: null, patches: { known: 310 } });
  await page.getByText('Hatched: estimated so far', { exact: true }).waitFor();
  expect(await isBusy()).toBe(false);
});

import { expect, test } from 'vitest';
import { addCam, allAsked, openViewer, setHidden, settled, useBrowser } from './browser.ts';
import { leftovers, NOTHING, traces, watchLeftovers } from './leftovers.ts';

const browser = useBrowser();

/** Lays a heatmap on the viewer without waiting for it. */
const begin = (heatmap = '/heatmaps/slide/model4.json') =>
  browser.page.evaluate((address) => {
    window.cam = window.viewer.cam({ heatmap: address });
    window.cam.ready.catch(() => {});
  }, heatmap);

/** Lets requests be asked for, and never answered; resolves with the first. */
const hold = (path: string) =>
  new Promise<void>((resolve) => {
    void browser.page.route(path, () => resolve());
  });

/** What brings an overlay into a state in which it is destroyed. */
const STATES: Record<string, () => Promise<void>> = {
  'before its descriptor has come': async () => {
    const asked = browser.page.waitForRequest('**/model4.json');
    void hold('**/model4.json');
    await begin();
    await asked;
  },
  'while its server does not answer': async () => {
    await browser.page.route('**/model4.json', (route) => route.abort());
    await begin();
    await browser.page.getByText('trying again').waitFor();
  },
  'while tiles load': async () => {
    const asked = hold('**/*.npy*');
    await begin();
    await asked;
  },
  'while tiles fail': async () => {
    browser.control.tileStatus = 500;
    await begin();
    await browser.page.locator('.osd-cam-problem').getByText('500').waitFor();
  },
  'while its stream is open': async () => {
    Object.assign(browser.control, { missing: 5, known: 78, coverage: 100 });
    await addCam(browser.page, { showControl: true });
    await expect.poll(() => browser.control.streams.some(({ isOpen }) => isOpen)).toBe(true);
  },
  'while a region is drawn': async () => {
    const { page } = browser;
    await addCam(page, { showControl: true });
    await page.locator('.osd-cam').getByText('Region', { exact: true }).click();
    await page.getByRole('button', { name: 'Rectangle' }).click();
    await page.mouse.move(100, 200);
    await page.mouse.down();
    await page.mouse.move(300, 400, { steps: 4 });
    expect(await page.locator('.osd-cam-drawing').count()).toBe(1);
  },
  'with predictions': async () => {
    const { page } = browser;
    await addCam(page, { showControl: true, predictions: true });
    await page.evaluate(() => window.viewer.viewport.zoomTo(5, undefined, true));
    await page.locator('.osd-cam-labels:not([hidden])').waitFor();
  },
  'while two models are compared': async () => {
    Object.assign(browser.control, { missing: 5, known: 78, coverage: 100 });
    const compareWith = '/heatmaps/slide/other4.json';
    await addCam(browser.page, { showControl: true, mode: 'difference', compareWith });
    await expect.poll(() => browser.control.streams.at(-1)?.views.length).toBe(2);
  },
  'while what is compared with loads': async () => {
    await addCam(browser.page, { showControl: true });
    const asked = hold('**/other4_files/**');
    await browser.page.evaluate(() => {
      void window.cam.setOptions({ mode: 'difference', compareWith: '/heatmaps/slide/other4.json' });
    });
    await asked;
  },
  'with the help of its keys': async () => {
    const { page } = browser;
    await addCam(page, { showControl: true });
    await page.evaluate(() => window.viewer.canvas.focus());
    await page.keyboard.press('?');
    await page.locator('.osd-cam-keys').waitFor();
  },
  'refused by its server': async () => {
    await begin('/heatmaps/nothing.json');
    await browser.page.getByRole('region', { name: 'No heatmap' }).waitFor();
  },
  'while the page is hidden': async () => {
    await addCam(browser.page, { showControl: true });
    await setHidden(browser.page, true);
  },
};

/** Opens a viewer, and brings an overlay on it into a state. */
async function arrange(state: string): Promise<{ before: ReturnType<typeof traces>; picture: Buffer }> {
  const { page, url } = browser;
  await watchLeftovers(page);
  await openViewer(page, url);
  await settled(page);
  const before = await page.evaluate(traces);
  const picture = await page.screenshot();
  await STATES[state]();
  expect(await leftovers(page)).not.toEqual(NOTHING);
  return { before, picture };
}

/** Asserts that the plugin asks for nothing any more. */
async function expectSilence(): Promise<void> {
  const { page, control } = browser;
  await expect.poll(() => leftovers(page)).toEqual(NOTHING);
  await expect.poll(() => control.streams.some(({ isOpen }) => isOpen)).toBe(false);
  await allAsked(page);
  const requests = control.requests.length;
  await setHidden(page, true);
  await setHidden(page, false);
  await page.waitForTimeout(700);
  await allAsked(page);
  expect(control.requests.slice(requests).filter((request) => request !== '/')).toEqual([]);
  expect(await leftovers(page)).toEqual(NOTHING);
}

test.each(Object.keys(STATES))('destroyed %s it leaves nothing, and the screen as it was', async (state) => {
  const { page } = browser;
  const { before, picture } = await arrange(state);
  await page.evaluate(() => window.cam.destroy());
  await page.mouse.up();
  expect(await page.evaluate(traces)).toEqual(before);
  await expectSilence();
  await page.mouse.move(0, 0);
  await page.evaluate(() => window.viewer.viewport.goHome(true));
  await settled(page);
  expect((await page.screenshot()).equals(picture), 'the pixels of the screen').toBe(true);
});

test.each(Object.keys(STATES))('it goes with a viewer that is destroyed %s', async (state) => {
  const { page } = browser;
  await arrange(state);
  await page.evaluate(() => window.viewer.destroy());
  await page.mouse.up();
  expect(await page.evaluate(() => document.querySelectorAll('[class*="osd-cam"]').length)).toBe(0);
  await expectSilence();
});

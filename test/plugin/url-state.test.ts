import { expect, test } from 'vitest';
import { addCam, openViewer, pixelAt, settled, useBrowser } from './browser.ts';

const browser = useBrowser();

test('a link shows the same settings and view, beside what else is in the address', async () => {
  const { page, url } = browser;
  await openViewer(page, url, 'canvas', '#page=2');
  await addCam(page, { urlState: 'cam' });
  await page.evaluate(async () => {
    await window.cam.setOptions({ mode: 'blend', classes: ['Lesion', 'Blank'], opacity: 0.9, range: [0, 0.5] });
    const { viewport } = window.viewer;
    viewport.zoomTo(2.5, undefined, true);
    viewport.setRotation(90, true);
    viewport.setFlip(true);
  });
  await expect.poll(() => page.url()).toMatch(/#page=2&cam=.*Lesion/);
  await settled(page);
  await page.waitForTimeout(500);
  const link = page.url();
  const options = await page.evaluate(() => JSON.stringify(window.cam.getOptions()));
  const before = await pixelAt(page, 1000, 700);

  await page.goto('about:blank');
  await openViewer(page, link);
  await addCam(page, { urlState: 'cam' });
  await expect.poll(() => page.evaluate(() => JSON.stringify(window.cam.getOptions()))).toBe(options);
  await settled(page);
  expect(await pixelAt(page, 1000, 700)).toEqual(before);
  expect(await page.evaluate(() => [window.viewer.viewport.getZoom(), window.viewer.viewport.getRotation()])).toEqual([
    expect.closeTo(2.5, 3),
    90,
  ]);
});

test('two overlays cannot have one name, and a damaged link is told', async () => {
  const { page, url } = browser;
  await openViewer(page, url, 'canvas', '#cam=%7Bx');
  const told = await page.evaluate(async () => {
    const errors: string[] = [];
    window.viewer.addHandler('cam-error', ({ error }) => void errors.push(error.message));
    const heatmap = '/heatmaps/slide/model4.json';
    window.cam = window.viewer.cam({ heatmap, urlState: 'cam', showControl: false });
    await window.cam.ready;
    const second = window.viewer.cam({ heatmap, urlState: 'cam', showControl: false });
    await second.ready.catch((error: Error) => errors.push(error.message));
    return errors;
  });
  expect(told.some((message) => message.startsWith("The link's part cam cannot be shown"))).toBe(true);
  expect(told.at(-1)).toMatch(/found cam a second time/);
});

import { expect, test } from 'vitest';
import { addCam, openViewer, useBrowser } from './browser.ts';

const browser = useBrowser();

/** Pixels of the canvas of labels that are not transparent. */
function written(): Promise<number> {
  return browser.page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('.osd-cam-labels');
    const data = canvas?.hidden
      ? undefined
      : canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data;
    return data?.filter((value, i) => i % 4 === 3 && value > 0).length ?? 0;
  });
}

test('predictions are written where a patch is large enough and classified', async () => {
  const { page, url, control, announce } = browser;
  Object.assign(control, { coverage: 100, missing: 5, known: 10 });
  await openViewer(page, url);
  await addCam(page, { showControl: true });
  await page.route('**/on-demand.umd.js', (route) => route.abort(), { times: 1 });
  await page.getByLabel('Write predictions on patches').check();
  // It is tried again when it is chosen again.
  await page
    .getByRole('alert')
    .getByText(/^expected http.*on-demand\.umd\.js beside/)
    .waitFor();
  await page.getByLabel('Write predictions on patches').uncheck();
  await page.getByLabel('Write predictions on patches').check();
  expect(await page.evaluate(() => window.cam.getOptions().predictions)).toBe(true);
  await page.waitForTimeout(300);
  expect(await written()).toBe(0);
  const hint = page.locator('.osd-cam').getByText('Zoom in to read them');
  expect(await hint.isVisible()).toBe(true);
  await page.evaluate(() => window.viewer.viewport.zoomTo(5, undefined, true));
  await page.waitForTimeout(500);
  expect(await hint.isVisible()).toBe(false);
  // What is only estimated is not written.
  expect(await written()).toBe(0);
  Object.assign(control, { coverage: 255, missing: 0, known: 651, revision: 2 });
  announce();
  await expect.poll(written).toBeGreaterThan(2000);
  await page.evaluate(() => window.cam.setOptions({ predictions: false }));
  expect(await page.locator('.osd-cam-labels').count()).toBe(0);
});

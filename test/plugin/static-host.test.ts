import { expect, test } from 'vitest';
import { addCam, allAsked, openViewer, setHidden, settled, useBrowser } from './browser.ts';

const browser = useBrowser();
const asked = (path: string) => browser.control.requests.filter((request) => request.includes(path)).length;

test('a host of files has no stream, is asked for one once, and shows what it has', async () => {
  const { page, url, control } = browser;
  control.isStatic = true;
  await openViewer(page, url);
  await addCam(page, { showControl: true });
  await page.getByText('all analysed').waitFor();
  await page.evaluate(() => window.viewer.viewport.zoomBy(2, undefined, true));
  await settled(page);
  await setHidden(page, true);
  await setHidden(page, false);
  await page.waitForTimeout(1200);
  await allAsked(page);
  expect([asked('/view'), asked('/breakdown')]).toEqual([1, 1]);
  expect(await page.getByRole('alert').isVisible()).toBe(false);
  await page.locator('.osd-cam').getByText('View', { exact: true }).click();
  await expect.poll(() => asked('/breakdown?region=')).toBe(1);
  await page.evaluate(() => window.viewer.viewport.zoomBy(2));
  await expect.poll(() => asked('/breakdown?region=')).toBe(2);
});

test('a host of files at another origin, which may not even be asked, is let alone after four tries', async () => {
  const { page, url } = browser;
  let tries = 0;
  await page.route('**/view', (route) => {
    tries++;
    return route.abort();
  });
  await openViewer(page, url);
  await addCam(page, { showControl: true });
  await expect.poll(() => asked('/breakdown')).toBe(1);
  expect(tries).toBe(4);
  await page.evaluate(() => window.viewer.viewport.zoomBy(2, undefined, true));
  await settled(page);
  expect(await page.getByRole('alert').isVisible()).toBe(false);
  expect(tries).toBe(4);
});

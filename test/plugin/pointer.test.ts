import { expect, test } from 'vitest';
import { addCam, openViewer, settled, useBrowser } from './browser.ts';

const browser = useBrowser();
const card = () => browser.page.locator('.osd-cam-card');

/** The corners in the window of the outline of the patch. */
function outline(): Promise<{ x: number; y: number }[]> {
  return browser.page.evaluate(() => {
    const path = document.querySelector<SVGPathElement>('.osd-cam-outline-patch path');
    const toWindow = path?.getScreenCTM() ?? undefined;
    const [x, y, width, height] = (path?.getAttribute('d') ?? '').match(/[\d.]+/g)?.map(Number) ?? [];
    return [
      [x, y],
      [x + width, y + height],
    ].map(([left, top]) => {
      const point = new DOMPoint(left, top).matrixTransform(toWindow);
      return { x: point.x, y: point.y };
    });
  });
}

test.each([
  ['as it is', 0, false, 0, false],
  ['a turned and flipped view', 30, true, 0, false],
  ['a turned and flipped image', 0, false, 40, true],
  ['both', 75, true, 200, true],
])('the patch under the pointer is outlined: %s', async (_name, degrees, flip, itemDegrees, itemFlip) => {
  const { page, url } = browser;
  await openViewer(page, url);
  await addCam(page, { showControl: true, interpolation: 'patches', opacity: 1 });
  await page.evaluate(
    ([viewDegrees, viewFlip, imageDegrees, imageFlip]) => {
      const { viewport, world } = window.viewer;
      viewport.setRotation(Number(viewDegrees), true);
      viewport.setFlip(Boolean(viewFlip));
      world.getItemAt(0).setRotation(Number(imageDegrees), true);
      world.getItemAt(0).setFlip(Boolean(imageFlip));
    },
    [degrees, flip, itemDegrees, itemFlip],
  );
  await settled(page);
  const pointer = { x: 380, y: 300 };
  await page.mouse.move(pointer.x - 5, pointer.y);
  await page.mouse.move(pointer.x, pointer.y);
  await expect.poll(outline).not.toEqual([]);
  const [from, to] = await outline();
  // The pointer is in the circle around the patch, whose size is that of a patch on screen.
  const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  const radius = Math.hypot(to.x - from.x, to.y - from.y) / 2;
  expect(Math.hypot(middle.x - pointer.x, middle.y - pointer.y)).toBeLessThanOrEqual(radius + 1);
  // Patches are painted as rectangles of one colour: that of the pointer's pixel is that of the outline's middle.
  const colours = await page.evaluate(
    (places) => {
      window.viewer.forceRedraw();
      const context = window.viewer.drawer.canvas.getContext('2d');
      return places.map(({ x, y }) => [...(context?.getImageData(Math.round(x), Math.round(y), 1, 1).data ?? [])]);
    },
    [pointer, middle],
  );
  expect(Math.max(...colours[0].map((value, i) => Math.abs(value - colours[1][i])))).toBeLessThan(6);
});

test('Alt and a click keep it with all classes, and Escape lets go; a plain click still zooms', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  await addCam(page, { showControl: true });
  const zoom = () => page.evaluate(() => window.viewer.viewport.getZoom());
  const before = await zoom();
  await page.keyboard.down('Alt');
  await page.mouse.click(300, 300);
  await page.keyboard.up('Alt');
  await expect.poll(() => card().locator('.osd-cam-card-row').count()).toBe(4);
  expect(await zoom()).toBe(before);
  expect(await card().getAttribute('role')).toBe('status');
  await page.mouse.move(500, 400);
  expect(await card().isVisible()).toBe(true);
  await page.keyboard.press('Escape');
  expect(await card().isVisible()).toBe(false);
  await page.mouse.click(300, 300);
  await expect.poll(zoom).toBeGreaterThan(before);
});

test('where a click does not zoom it keeps the card, and a second one lets go; a key does it at the middle', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  await addCam(page, { showControl: true });
  await page.evaluate(() =>
    Object.assign(window.viewer, {
      gestureSettingsMouse: { ...Reflect.get(window.viewer, 'gestureSettingsMouse'), clickToZoom: false },
    }),
  );
  await page.mouse.click(300, 300);
  await expect.poll(() => card().textContent()).toContain('lets go');
  await page.waitForTimeout(400);
  await page.mouse.click(300, 300);
  expect(await card().isVisible()).toBe(false);
  await page.mouse.move(880, 620);
  await page.keyboard.press('i');
  await expect.poll(() => card().textContent()).toContain('lets go');
});

import type { CDPSession, Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { addCam, openViewer, useBrowser } from './browser.ts';

const browser = useBrowser();

/** CSS pixels that a finger needs. */
const TARGET = 44;

/** A page on a screen for fingers, with the panel. */
async function openTouch(viewport = { width: 900, height: 700 }): Promise<{ page: Page; fingers: CDPSession }> {
  const context = await browser.page.context().browser()?.newContext({ viewport, hasTouch: true, isMobile: true });
  if (!context) throw new Error('the page has no browser');
  const page = await context.newPage();
  await openViewer(page, browser.url);
  await addCam(page, { showControl: true });
  // A tap stays one, however slow the machine is.
  await page.evaluate(() => Object.assign(Reflect.get(window.viewer, 'innerTracker'), { clickTimeThreshold: 10_000 }));
  return { page, fingers: await context.newCDPSession(page) };
}

type Point = readonly [x: number, y: number];
const points = (...places: Point[]) => places.map(([x, y], id) => ({ x, y, id }));

/** Milliseconds that a finger rests before it leaves the screen. */
const REST = 150;

/** One finger, down, along the points, and up; at rest then, for browsers may take the next tap as one that stops a swipe. */
async function drag(fingers: CDPSession, ...[first, ...rest]: Point[]): Promise<void> {
  await fingers.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: points(first) });
  for (const place of rest) {
    await fingers.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: points(place) });
  }
  if (rest.length > 0) await new Promise((resolve) => setTimeout(resolve, REST));
  await fingers.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
}

const zoomOf = (page: Page) => page.evaluate(() => window.viewer.viewport.getZoom());
const card = (page: Page) => page.locator('.osd-cam-card');

test('everything in the panel is large enough for a finger', async () => {
  const { page } = await openTouch();
  expect(await page.evaluate(() => matchMedia('(pointer: coarse)').matches)).toBe(true);
  await page.locator('.osd-cam').getByText('Region', { exact: true }).tap();
  await page.getByText('More', { exact: true }).tap();
  await page.getByText('Export', { exact: true }).tap();
  await page.getByRole('combobox', { name: 'Colours' }).tap();
  const small = await page.evaluate((least) => {
    const all = document.querySelectorAll<HTMLElement>('.osd-cam :is(button, summary, select, input, [role="option"])');
    return [...all].flatMap((control) => {
      // What is written beside a box is part of it.
      const target = control.closest('label') ?? control;
      const { width, height } = target.getBoundingClientRect();
      const name = `${control.className || control.tagName} ${target.textContent}`;
      return width > 0 && Math.min(width, height) < least - 0.5 ? [`${name}: ${width} x ${height}`] : [];
    });
  }, TARGET);
  expect(small).toEqual([]);
});

test('sliders, rows and menus follow a finger, and the slide does not move', async () => {
  const { page, fingers } = await openTouch();
  const before = await zoomOf(page);
  await page.getByText('White matter').tap();
  await page.getByRole('combobox', { name: 'Colours' }).tap();
  await page.getByRole('option', { name: 'magma' }).tap();
  const box = await page.getByLabel('Opacity').boundingBox();
  if (!box) throw new Error('the slider is not there');
  const y = box.y + box.height / 2;
  await drag(fingers, [box.x + box.width / 2, y], [box.x + 0.6 * box.width, y], [box.x + box.width - 4, y]);
  const track = await page.locator('.osd-cam-track').boundingBox();
  if (!track) throw new Error('the scale has no track');
  const along = (place: number): Point => [track.x + place * track.width, track.y - 6];
  await drag(fingers, along(1), along(0.9), along(0.7));
  const options = await page.evaluate(() => window.cam.getOptions());
  expect(options).toMatchObject({ classes: ['White matter'], colormap: 'magma' });
  expect(options.opacity).toBeGreaterThan(0.85);
  expect(options.range[1]).toBeCloseTo(0.7, 1);
  expect(await zoomOf(page)).toBe(before);
});

test('a tap keeps the card, one on the same patch lets go, and the slide stays', async () => {
  const { page } = await openTouch();
  const before = await zoomOf(page);
  await page.touchscreen.tap(300, 300);
  await expect.poll(() => card(page).textContent()).toContain('lets go');
  expect(await card(page).locator('.osd-cam-card-row').count()).toBe(4);
  // Two taps in a row would be a double one, which zooms.
  await page.waitForTimeout(700);
  await page.touchscreen.tap(300, 300);
  await expect.poll(() => card(page).isVisible()).toBe(false);
  expect(await zoomOf(page)).toBe(before);
});

test('a tap and a drag after it still zoom', async () => {
  const { page, fingers } = await openTouch();
  const before = await zoomOf(page);
  await page.evaluate(() => Object.assign(window.viewer, { dblClickTimeThreshold: 10_000 }));
  await drag(fingers, [300, 300]);
  await drag(fingers, [300, 300], [300, 340], [300, 380], [300, 420]);
  await expect.poll(() => zoomOf(page)).not.toBe(before);
});

test('in a narrow viewer the card keeps off the edges and the sheet', async () => {
  const { page } = await openTouch({ width: 360, height: 640 });
  const sheet = await page.locator('.osd-cam').boundingBox();
  const places: Point[] = [
    [10, 250],
    [200, 320],
    [350, 380],
  ];
  for (const place of places) {
    await page.waitForTimeout(400);
    await page.touchscreen.tap(...place);
    await expect.poll(() => card(page).textContent()).toContain('lets go');
    const box = await card(page).boundingBox();
    if (!box || !sheet) throw new Error('the card or the sheet is not there');
    expect(box.x).toBeGreaterThanOrEqual(0);
    expect(box.x + box.width).toBeLessThanOrEqual(360);
    expect(box.y + box.height).toBeLessThanOrEqual(sheet.y);
  }
});

test('regions are drawn by fingers, with the sheet out of the way, and closed or cancelled without keys', async () => {
  const { page, fingers } = await openTouch({ width: 360, height: 640 });
  const region = () => page.evaluate(() => window.cam.getOptions().region);
  const sheet = page.locator('.osd-cam');
  const body = page.locator('.osd-cam-body');
  await page.getByRole('button', { name: 'Show the settings' }).tap();
  await sheet.getByText('Region', { exact: true }).tap();

  await page.getByRole('button', { name: 'Rectangle' }).tap();
  expect(await body.isVisible()).toBe(false);
  await drag(fingers, [100, 250], [150, 280], [200, 330]);
  expect((await region())?.coordinates.flat()).toHaveLength(5);
  expect(await body.isVisible()).toBe(true);
  const rectangle = await region();

  await page.getByRole('button', { name: 'Polygon' }).tap();
  const guide = page.locator('.osd-cam-guide');
  expect(await guide.textContent()).toContain('Tap the corners');
  const corners: Point[] = [
    [80, 250],
    [200, 260],
    [150, 350],
  ];
  for (const corner of corners) await page.touchscreen.tap(...corner);
  // Over the first line, which no corner may be.
  await page.touchscreen.tap(150, 200);
  expect(await guide.textContent()).toContain('must not cross');
  // Near enough to the first one for a finger.
  await page.touchscreen.tap(95, 262);
  expect(await page.locator('.osd-cam-drawing').count()).toBe(0);
  const drawn = await region();
  expect(drawn?.coordinates.flat()).toHaveLength(4);
  expect(drawn).not.toEqual(rectangle);

  await page.getByRole('button', { name: 'Rectangle' }).tap();
  await page.getByRole('button', { name: 'Cancel' }).tap();
  expect(await page.locator('.osd-cam-drawing').count()).toBe(0);
  expect(await region()).toEqual(drawn);
});

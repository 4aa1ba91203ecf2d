import { expect, test } from 'vitest';
import { addCam, allAsked, openViewer, pixelAt, useBrowser } from './browser.ts';

const browser = useBrowser();
const tileRequests = () => browser.control.requests.filter((request) => request.includes('_files/'));
const LESION: [number, number] = [1260, 954];
/** The tile on screen that it lies in. */
const TILE = { level: 10, column: 2, row: 1 };

test.each(['canvas', 'webgl'] as const)(
  '%s: better tiles take the place of worse ones, and nothing else is asked for',
  async (drawer) => {
    await browser.openIn(drawer);
    const { page, url, control, announce } = browser;
    Object.assign(control, { missing: 4, coverage: 0, known: 300 });
    await openViewer(page, url, drawer);
    expect(await page.evaluate(() => window.viewer.drawer.getType())).toBe(drawer);
    await addCam(page, { classes: ['Lesion'], opacity: 1, showControl: true });
    await expect.poll(() => control.streams.length).toBeGreaterThan(0);
    expect(await pixelAt(page, ...LESION)).toEqual([100, 100, 100]);
    await allAsked(page);
    const before = control.requests.length;
    const first = tileRequests();
    expect(first.every((request) => request.endsWith('wait=0'))).toBe(true);

    // One tile of those on screen becomes better.
    Object.assign(control, { missing: 0, coverage: 255, revisions: { '10/2_1': 5 } });
    announce();
    // Software WebGL may take a second for a frame.
    await expect.poll(async () => (await pixelAt(page, ...LESION))[1]).toBeGreaterThan(200);
    await allAsked(page);
    expect(control.requests.slice(before).filter((request) => request !== '/')).toEqual([
      first.find((request) => request.includes('/10/2_1.npy')),
    ]);
    // Announced again it is no other.
    announce();
    await allAsked(page);
    expect(tileRequests().length).toBe(first.length + 1);
  },
);

test('what is announced while a tile is loaded is not lost', async () => {
  const { page, url, control, announce } = browser;
  Object.assign(control, { missing: 4, coverage: 100 });
  await openViewer(page, url);
  let release = () => {};
  const until = new Promise<void>((resolve) => {
    release = resolve;
  });
  control.held = { tile: '10/2_1', until };
  const added = addCam(page);
  await expect.poll(() => tileRequests().some((request) => request.includes('/10/2_1.npy'))).toBe(true);
  await expect.poll(() => control.streams.length).toBeGreaterThan(0);
  await allAsked(page);
  Object.assign(control, { missing: 0, coverage: 255, revision: 2 });
  announce();
  await allAsked(page);
  release();
  await added;
  const isExact = () =>
    page.evaluate(([x, y]) => {
      const point = window.viewer.world.getItemAt(0).imageToViewportCoordinates(x, y);
      return window.cam.getValueAt(point)?.exact;
    }, LESION);
  await expect.poll(isExact).toBe(true);
});

test('a server that says less than it announced is asked with pauses', async () => {
  const { page, url, control } = browser;
  await openViewer(page, url);
  await addCam(page);
  await expect.poll(() => control.streams.length).toBeGreaterThan(0);
  const first = tileRequests().length;
  const stream = control.streams.at(-1);
  stream?.send('tiles', { view: 0, tiles: [{ ...TILE, revision: 9, missing: 0, exact: true }] });
  await page.waitForTimeout(1200);
  const again = tileRequests().length - first;
  expect(again).toBeGreaterThan(0);
  expect(again).toBeLessThan(4);
});

test('refreshing asks for every tile again, four at a time', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  await addCam(page);
  const first = tileRequests().length;
  let running = 0;
  let most = 0;
  await page.route('**/*.npy*', async (route) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 30));
    await route.continue();
    running--;
  });
  await page.evaluate(() => window.cam.refresh());
  await expect.poll(() => tileRequests().length).toBe(2 * first);
  await allAsked(page);
  expect(tileRequests().length).toBe(2 * first);
  expect(most).toBe(4);
});

test('failed tiles raise one error, show nothing, and are tried again', async () => {
  const { page, url, control } = browser;
  control.tileStatus = 503;
  await openViewer(page, url);
  await page.evaluate(() => {
    Object.assign(window, { errors: 0 });
    window.viewer.addHandler('cam-error', () => {
      Object.assign(window, { errors: Reflect.get(window, 'errors') + 1 });
    });
  });
  await addCam(page, { classes: ['Lesion'], opacity: 1 });
  const tiles = new Set(tileRequests()).size;
  await expect.poll(() => tileRequests().length).toBeGreaterThanOrEqual(2 * tiles);
  await allAsked(page);
  expect(await page.evaluate(() => Reflect.get(window, 'errors'))).toBe(1);
  expect(await pixelAt(page, ...LESION)).toEqual([100, 100, 100]);
  control.tileStatus = 200;
  await expect.poll(async () => (await pixelAt(page, ...LESION))[1]).toBeGreaterThan(200);
});

test.each(['viewer', 'overlay'])('every request carries the headers of the %s', async (owner) => {
  const { page, url, control } = browser;
  control.missing = 1;
  await openViewer(page, url);
  const headers = { 'X-Test': 'secret' };
  const others = { 'X-Test': 'other' };
  await page.evaluate((given) => window.viewer.setAjaxHeaders(given), owner === 'viewer' ? headers : others);
  await addCam(page, { ...(owner === 'overlay' ? { ajaxHeaders: headers } : {}), showControl: true });
  await page.evaluate(() => window.cam.getScoreAt(5, 5));
  await page.evaluate(() => window.cam.getBreakdown());
  await expect.poll(() => control.streams.length).toBeGreaterThan(0);
  for (const name of ['/score', '/breakdown', '/view']) {
    expect(control.headers.filter((line) => line.includes(name)).length).toBeGreaterThan(0);
  }
  const asked = control.requests.filter((request) => /^\/(heatmaps\/|view$)/.test(request));
  expect(control.headers.length).toBe(asked.length);
  expect(new Set(control.headers.map((line) => line.split(' ')[1]))).toEqual(new Set(['secret']));
});

test('values under a point, and the breakdown', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  await addCam(page);
  const [values, breakdown] = await page.evaluate(async () => {
    const point = window.viewer.world.getItemAt(0).imageToViewportCoordinates(1260, 954);
    return [window.cam.getValueAt(point), await window.cam.getBreakdown({ x: 0, y: 0, width: 10, height: 10 })];
  });
  expect(values).toMatchObject({ score: 'probability', exact: true });
  expect(values?.classes[0].class).toBe('Lesion');
  expect(values?.classes[0].value).toBeGreaterThan(0.9);
  expect(breakdown).toMatchObject({ of: 'region', exact: true });
});

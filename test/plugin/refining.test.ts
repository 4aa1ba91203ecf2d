import { expect, test } from 'vitest';
import { addCam, allAsked, openViewer, pixelAt, settled, useBrowser } from './browser.ts';

const browser = useBrowser();
const waits = (seconds: number) =>
  browser.control.requests.filter((request) => request.includes('_files/') && request.endsWith(`wait=${seconds}`));

test('incomplete tiles on screen are asked for again, two at a time, until nothing is missing', async () => {
  const { page, url, control } = browser;
  control.missing = 4;
  control.coverage = 0;
  let release = () => {};
  control.held = new Promise((resolve) => {
    release = resolve;
  });
  await openViewer(page, url);
  await addCam(page, { classes: ['Lesion'], opacity: 1 });
  const first = waits(0).length;
  const [x, y] = [1260, 954];
  expect(await pixelAt(page, x, y)).toEqual([100, 100, 100]);
  await expect.poll(() => waits(5).length).toBe(2);
  await page.evaluate(() => window.cam.setOptions({ threshold: 0.1 }));
  await allAsked(page);
  expect(waits(5).length).toBe(2);

  control.missing = 0;
  control.coverage = 255;
  release();
  await expect.poll(() => page.evaluate(() => window.viewer.world.getItemCount())).toBe(2);
  await expect.poll(() => waits(5).length).toBe(first);
  await settled(page);
  expect((await pixelAt(page, x, y))[1]).toBeGreaterThan(200);
  expect(waits(0).length).toBe(first);
  await page.evaluate(() => window.cam.refresh());
  await expect.poll(() => waits(0).length).toBe(2 * first);
  await allAsked(page);
  expect(waits(5).length).toBe(first);
  expect(control.mostWaiting).toBe(2);
});

test('the WebGL drawer, too, has what is on screen asked for again without anybody moving', async () => {
  const { page, url, control } = browser;
  control.missing = 4;
  await openViewer(page, url, 'webgl');
  expect(await page.evaluate(() => window.viewer.drawer.getType())).toBe('webgl');
  await addCam(page);
  await expect.poll(() => waits(5).length).toBeGreaterThan(0);
});

test('two overlays share the two waiting requests', async () => {
  const { page, url, control } = browser;
  control.missing = 4;
  control.held = new Promise(() => {});
  await openViewer(page, url);
  await addCam(page);
  await expect.poll(() => control.mostWaiting).toBe(2);
  await page.evaluate(() => Object.assign(window, { first: window.cam }));
  await addCam(page, { heatmap: '/heatmaps/slide/model3.json' });
  await page.evaluate(async () => {
    for (const cam of [Reflect.get(window, 'first'), window.cam]) await cam.setOptions({ threshold: 0.1 });
  });
  await allAsked(page);
  expect(control.mostWaiting).toBe(2);
  await page.evaluate(() => window.viewer.destroy());
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
  const tiles = new Set(waits(0)).size;
  await expect.poll(() => waits(0).length, { timeout: 8000 }).toBeGreaterThanOrEqual(2 * tiles);
  await allAsked(page);
  expect(await page.evaluate(() => Reflect.get(window, 'errors'))).toBe(1);
  expect(await pixelAt(page, 1260, 954)).toEqual([100, 100, 100]);
  control.tileStatus = 200;
  await expect.poll(async () => (await pixelAt(page, 1260, 954))[1], { timeout: 8000 }).toBeGreaterThan(200);
});

test('estimates on screen are asked for again when more patches are known, and only then', async () => {
  const { page, url, control } = browser;
  const levels = (coverage: number, known: number) => Object.assign(control, { coverage, known });
  const isExact = () =>
    page.evaluate(() => {
      const point = window.viewer.world.getItemAt(0).imageToViewportCoordinates(1260, 954);
      return window.cam.getValueAt(point)?.exact;
    });
  levels(100, 300);
  const begun = performance.now();
  await openViewer(page, url);
  await addCam(page, { showControl: true });
  const first = waits(0).length;
  expect(first).toBeGreaterThan(2);
  levels(200, 400);
  await expect.poll(() => waits(0).length, { timeout: 8000 }).toBe(2 * first);
  expect(performance.now() - begun).toBeGreaterThan(3000);
  expect(await isExact()).toBe(false);

  // Shares are asked for again and again while nothing grows.
  const shares = () => control.requests.filter((request) => request.includes('/breakdown')).length;
  const before = shares();
  await expect.poll(shares, { timeout: 10_000 }).toBeGreaterThanOrEqual(before + 2);
  await allAsked(page);
  expect(waits(0).length).toBe(2 * first);

  levels(255, 651);
  // As when the page comes to the front: shares are asked for at once.
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await expect.poll(isExact, { timeout: 5000 }).toBe(true);
  await expect.poll(() => waits(0).length).toBe(3 * first);
  expect(waits(5).length).toBe(0);
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
  await expect.poll(() => waits(5).length).toBeGreaterThan(0);
  for (const name of ['/score', '/breakdown']) {
    expect(control.headers.filter((line) => line.includes(name)).length).toBeGreaterThan(0);
  }
  const asked = control.requests.filter((request) => request.startsWith('/heatmaps/'));
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

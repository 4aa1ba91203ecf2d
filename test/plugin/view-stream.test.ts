import { expect, test } from 'vitest';
import { addCam, openViewer, setHidden, settled, useBrowser } from './browser.ts';

const browser = useBrowser();
const open = () => browser.control.streams.filter(({ isOpen }) => isOpen);
const asked = (path: string) => browser.control.requests.filter((request) => request.includes(path)).length;

/** Waits until one stream is open, and stays. */
async function oneStream() {
  await expect.poll(() => open().length).toBe(1);
  await browser.page.waitForTimeout(350);
  await expect.poll(() => open().length).toBe(1);
  return open()[0];
}

/** Milliseconds between the streams that the page asks for from now on. */
async function gapsBetweenStreams(): Promise<() => Promise<number[]>> {
  await browser.page.evaluate(() => {
    const { fetch } = window;
    const times: number[] = [];
    const timed = (...request: Parameters<typeof fetch>) => {
      if (String(request[0]).endsWith('/view')) times.push(performance.now());
      return fetch(...request);
    };
    Object.assign(window, { times, fetch: timed });
  });
  return async () => {
    const times: number[] = await browser.page.evaluate(() => Reflect.get(window, 'times'));
    return times.slice(1).map((time, i) => time - times[i]);
  };
}

test('two overlays of a page share a stream, with what each one shows', async () => {
  const { page, url, control } = browser;
  await openViewer(page, url);
  await addCam(page);
  await page.evaluate(() => Object.assign(window, { first: window.cam }));
  await addCam(page, { heatmap: '/heatmaps/slide/model3.json?overlap=2', interpolation: 'patches' });
  const region = [0, 0, 2000, 1400];
  expect((await oneStream()).views).toEqual([
    { heatmap: '/heatmaps/slide/model4.json', region, level: 10, score: 'probability' },
    { heatmap: '/heatmaps/slide/model3.json?overlap=2', region, level: 10, score: 'patch' },
  ]);
  await page.evaluate(() => Reflect.get(window, 'first').destroy());
  expect((await oneStream()).views.map(({ heatmap }) => heatmap)).toEqual(['/heatmaps/slide/model3.json?overlap=2']);
  await page.evaluate(() => window.cam.destroy());
  await expect.poll(() => open().length).toBe(0);
  expect(control.streams.length).toBeLessThanOrEqual(4);
});

test('overlays with headers of their own have a stream of their own', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  await page.evaluate(() => window.viewer.setAjaxHeaders({ 'X-Test': 'a' }));
  await addCam(page);
  await addCam(page, { heatmap: '/heatmaps/slide/model3.json', ajaxHeaders: { 'X-Test': 'b' } });
  await expect.poll(() => open().map(({ header }) => header)).toEqual(['a', 'b']);
  // A token that is renewed.
  await page.evaluate(() => window.viewer.setAjaxHeaders({ 'X-Test': 'c' }));
  await page.evaluate(() => window.viewer.viewport.zoomBy(1.1));
  await expect
    .poll(() =>
      open()
        .map(({ header }) => header)
        .sort(),
    )
    .toEqual(['b', 'c']);
});

test('a view that moves replaces the stream at most four times a second, and the last one wins', async () => {
  const { page, url, control } = browser;
  await openViewer(page, url);
  await addCam(page);
  await oneStream();
  const gaps = await gapsBetweenStreams();
  const region = await page.evaluate(async () => {
    const { viewport } = window.viewer;
    for (let step = 0; step < 60; step++) {
      viewport.zoomBy(1.02, undefined, true);
      await new Promise(requestAnimationFrame);
    }
    const seen = window.viewer.world.getItemAt(0).viewportToImageRectangle(viewport.getBounds());
    const x = Math.max(0, Math.floor(seen.x));
    const y = Math.max(0, Math.floor(seen.y));
    const right = Math.min(2000, Math.ceil(seen.x + seen.width));
    return [x, y, right - x, Math.min(1400, Math.ceil(seen.y + seen.height)) - y];
  });
  await settled(page);
  await expect.poll(() => open().at(-1)?.views[0].region).toEqual(region);
  const level = await page.evaluate(() =>
    Math.max(...(window.cam.item?.lastDrawn ?? []).map(({ tile }) => tile.level)),
  );
  expect((await oneStream()).views[0].level).toBe(level);
  const found = await gaps();
  expect(found.length).toBeGreaterThan(1);
  // A timer may be a moment early.
  expect(Math.min(...found)).toBeGreaterThan(245);

  // An equal view replaces nothing.
  const settledCount = control.streams.length;
  await page.evaluate(() => window.viewer.forceRedraw());
  await page.evaluate(() => window.cam.setOptions({ threshold: 0.3, opacity: 0.7 }));
  await page.waitForTimeout(400);
  expect(control.streams.length).toBe(settledCount);
});

test('what is not seen is withdrawn: a hidden page, an invisible overlay, a view off the slide', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  await addCam(page);
  const all = (await oneStream()).views;
  const steps: [string, () => Promise<unknown>, () => Promise<unknown>][] = [
    ['hidden page', () => setHidden(page, true), () => setHidden(page, false)],
    [
      'invisible',
      () => page.evaluate(() => window.cam.setOptions({ visible: false })),
      () => page.evaluate(() => window.cam.setOptions({ visible: true })),
    ],
    [
      'transparent',
      () => page.evaluate(() => window.cam.setOptions({ opacity: 0 })),
      () => page.evaluate(() => window.cam.setOptions({ opacity: 0.5 })),
    ],
    [
      'elsewhere',
      () => page.evaluate(() => window.viewer.viewport.panBy(new window.OpenSeadragon.Point(5, 0), true)),
      () => page.evaluate(() => window.viewer.viewport.goHome(true)),
    ],
  ];
  for (const [name, hide, show] of steps) {
    await hide();
    await expect.poll(() => open().length, { message: name }).toBe(0);
    await show();
    await expect.poll(() => open()[0]?.views, { message: name }).toEqual(all);
  }
});

test('the navigator shows its own level of the whole slide', async () => {
  const { page, url } = browser;
  await openViewer(page, url, 'canvas', '?navigator');
  await addCam(page, { showInNavigator: true });
  await page.evaluate(() => window.viewer.viewport.zoomBy(4, undefined, true));
  await settled(page);
  const [inViewer, inNavigator] = (await oneStream()).views;
  expect(inViewer.level).toBe(11);
  expect(inNavigator).toMatchObject({ region: [0, 0, 2000, 1400], level: 8 });
});

test('a stream that is lost comes again, and the panel says so only where it does not', async () => {
  const { page, url, control } = browser;
  await openViewer(page, url);
  await addCam(page, { showControl: true });
  (await oneStream()).end();
  await expect.poll(() => open().length).toBe(0);
  const before = control.streams.length;
  await expect.poll(() => control.streams.length).toBe(before + 1);
  expect(await page.getByRole('alert').isVisible()).toBe(false);

  // What changes meanwhile comes with the next one.
  await page.context().setOffline(true);
  open()[0]?.end();
  await expect.poll(() => page.getByRole('alert').textContent()).toBe('The server does not answer; trying again');
  const tiles = asked('_files/');
  Object.assign(control, { revision: 2, known: 400 });
  await page.context().setOffline(false);
  await expect.poll(() => page.getByRole('alert').isVisible()).toBe(false);
  await page.getByText('61 % analysed').waitFor();
  await expect.poll(() => asked('_files/')).toBeGreaterThan(tiles);
});

test('pauses grow, whatever moves, and end when the page is shown again', async () => {
  const { page, url, control } = browser;
  await openViewer(page, url);
  await addCam(page);
  await oneStream();
  const gaps = await gapsBetweenStreams();
  control.viewStatus = 500;
  open()[0].end();
  await expect.poll(async () => (await gaps()).length).toBe(1);
  await page.evaluate(() => window.viewer.viewport.zoomBy(1.2, undefined, true));
  await expect.poll(async () => (await gaps()).length).toBe(2);
  const [second, third] = await gaps();
  expect(second).toBeGreaterThan(990);
  expect(third).toBeGreaterThan(1990);
  await setHidden(page, true);
  control.viewStatus = 200;
  await page.evaluate(() => {
    document.addEventListener('visibilitychange', () => Object.assign(window, { shownAt: performance.now() }));
  });
  await setHidden(page, false);
  await expect.poll(() => open().length).toBe(1);
  const pause = await page.evaluate(() => Reflect.get(window, 'times').at(-1) - Reflect.get(window, 'shownAt'));
  // Of itself it would be four seconds.
  expect(pause).toBeLessThan(2000);
});

test('a busy server is left alone as long as it asks, and the panel says its sentence', async () => {
  const { page, url, control } = browser;
  Object.assign(control, { viewStatus: 503, retryAfter: '3' });
  await openViewer(page, url);
  const gaps = await gapsBetweenStreams();
  await addCam(page, { showControl: true });
  await expect.poll(() => page.getByRole('alert').textContent()).toMatch(/503/);
  control.viewStatus = 200;
  await setHidden(page, true);
  await setHidden(page, false);
  await expect.poll(() => open().length).toBe(1);
  expect((await gaps())[0]).toBeGreaterThan(2990);
  expect(asked('/view')).toBe(2);
  await expect.poll(() => page.getByRole('alert').isVisible()).toBe(false);
});

test('what the server cannot compute is told in its words, until another view can be', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  await addCam(page, { showControl: true });
  const error = { code: 'damaged', message: 'slide: a tile is damaged' };
  (await oneStream()).send('error', { view: 0, error });
  await expect.poll(() => page.getByRole('alert').textContent()).toBe(error.message);
  await page.evaluate(() => window.viewer.viewport.zoomBy(2, undefined, true));
  await expect.poll(() => page.getByRole('alert').isVisible()).toBe(false);
});

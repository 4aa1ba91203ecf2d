import { expect, test } from 'vitest';
import { changedSettings, defaultSettings } from '../../plugin/src/changed-settings.ts';
import type { CamChanges } from '../../plugin/src/options.ts';
import { tilePixels } from '../../plugin/src/tile-pixels.ts';
import { tileRequest } from '../../plugin/src/tile-request.ts';
import { addCam, openViewer, pixelsAt, settled, useBrowser } from './browser.ts';
import { describeHeatmap } from './made-up-heatmaps.ts';
import { tileBody } from './made-up-scores.ts';

const browser = useBrowser();
const descriptor = describeHeatmap(4);
const tileRequests = () => browser.control.requests.filter((request) => request.includes('_files/'));

/** RGB over the grey slide of 100 at a slide pixel, computed from the painted bytes of the full-resolution tile. */
function expectedAt(x: number, y: number, changes: CamChanges): number[] {
  const settings = changedSettings(defaultSettings(descriptor), changes, descriptor);
  const request = tileRequest(settings, descriptor);
  const address = { level: 11, column: Math.floor(x / 256), row: Math.floor(y / 256) };
  const npy = tileBody(descriptor, address, [...request.planes], request.score, 255);
  const { data, width } = tilePixels(npy, address, request, descriptor, settings);
  const inner = (position: number) => (position % 256) + (position >= 256 ? 1 : 0);
  const offset = 4 * (inner(y) * width + inner(x));
  const alpha = (data[offset + 3] / 255) * settings.opacity;
  return [0, 1, 2].map((channel) => alpha * data[offset + channel] + (1 - alpha) * 100);
}

const styles: CamChanges[] = [
  { mode: 'single', classes: ['Lesion'], opacity: 0.8 },
  { mode: 'single', classes: ['Gray matter'], opacity: 0.8, colormap: 'magma', range: [0.2, 0.9] },
  { mode: 'single', classes: ['Lesion'], opacity: 0.3, threshold: 0.5 },
  { mode: 'single', classes: ['Lesion'], opacity: 1, interpolation: 'cells' },
  { mode: 'blend', classes: 'all', opacity: 0.7 },
  { mode: 'blend', classes: ['Blank', 'Lesion'], opacity: 0.7, classColors: { Blank: '#00ff00' } },
  { mode: 'argmax', classes: 'all', opacity: 1 },
];

/** Inside cells of 8 pixels, whose borders a drawer may place between pixels. */
const POINTS: [number, number][] = [
  [884, 700],
  [1004, 620],
  [1116, 988],
  [1300, 804],
  [700, 500],
];

test.each([
  ['canvas', 2],
  ['webgl', 4],
] as const)('%s shows the painted bytes in every style, without fetching again', async (drawer, tolerance) => {
  await browser.openIn(drawer);
  const { page, url } = browser;
  await openViewer(page, url, drawer);
  expect(await page.evaluate(() => window.viewer.drawer.getType())).toBe(drawer);
  // One slide pixel is one screen pixel, so that nothing is resampled; the view's corner lies on a whole pixel.
  await page.evaluate(() => {
    const { viewport } = window.viewer;
    viewport.fitBounds(new window.OpenSeadragon.Rect(600 / 2000, 400 / 2000, 900 / 2000, 640 / 2000), true);
  });
  await addCam(page);
  const before = tileRequests().length;
  expect(before).toBeGreaterThan(0);
  // A software webgl frame takes a fifth of a second.
  for (const changes of drawer === 'webgl' ? styles.slice(0, 5).filter((_, i) => i % 2 === 0) : styles) {
    await page.evaluate((given) => window.cam.setOptions(given), { ...defaultsOf(), ...changes });
    await settled(page);
    const found = await pixelsAt(page, POINTS);
    POINTS.forEach(([x, y], place) => {
      const expected = expectedAt(x, y, changes);
      const worst = Math.max(...expected.map((value, channel) => Math.abs(value - found[place][channel])));
      const context = `${JSON.stringify(changes)} at ${x}, ${y}: ${found[place]} for ${expected}`;
      expect(worst, context).toBeLessThanOrEqual(tolerance);
    });
  }
  expect(tileRequests().length).toBe(before);
});

function defaultsOf(): CamChanges {
  const { colormap: _function, ...settings } = defaultSettings(descriptor);
  return { ...settings, colormap: 'viridis' };
}

test('repaints at most once a frame, and opacity alone repaints nothing', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  await addCam(page);
  const counts = await page.evaluate(async () => {
    let painted = 0;
    const put = CanvasRenderingContext2D.prototype.putImageData;
    CanvasRenderingContext2D.prototype.putImageData = function count(...all: unknown[]) {
      painted++;
      return Reflect.apply(put, this, all);
    };
    const tiles = window.viewer.tileCache.getLoadedTilesFor(window.cam.item ?? null).length;
    await Promise.all([0.1, 0.2, 0.3, 0.4].map((threshold) => window.cam.setOptions({ threshold })));
    const frame = () => new Promise(requestAnimationFrame);
    /** Tiles off screen follow in later frames. */
    const all = async (times: number) => {
      while (painted < times * tiles) await frame();
      for (let i = 0; i < 3; i++) await frame();
      return painted;
    };
    const afterThreshold = await all(1);
    await Promise.all([0.1, 0.2].map((opacity) => window.cam.setOptions({ opacity })));
    const afterOpacity = await all(1);
    await window.cam.setOptions({ threshold: 0.5 });
    return { tiles, afterThreshold, afterOpacity, afterBoth: await all(2) };
  });
  expect(counts.tiles).toBeGreaterThan(0);
  expect(counts.afterThreshold).toBe(counts.tiles);
  expect(counts.afterOpacity).toBe(counts.tiles);
  expect(counts.afterBoth).toBe(2 * counts.tiles);
});

test('classes beyond those fetched are fetched in place, and only then', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  await addCam(page, { heatmap: '/heatmaps/slide/model40.json' });
  const before = tileRequests().length;
  await page.evaluate(() => window.cam.setOptions({ classes: ['class 15'] }));
  await settled(page);
  expect(tileRequests().length).toBe(before);
  await page.evaluate(() => window.cam.setOptions({ classes: ['class 30'] }));
  await expect.poll(() => tileRequests().length).toBe(2 * before);
  expect(tileRequests().at(-1)).toContain('%2C15%2C30&');
});

test('restyling leaves the count of cached tiles as it is, so that old ones are still dropped', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  await addCam(page);
  const counts = await page.evaluate(async () => {
    const count = () => [window.viewer.tileCache.numCachesLoaded(), window.viewer.tileCache.numTilesLoaded()];
    const before = count();
    for (let i = 0; i < 20; i++) await window.cam.setOptions({ threshold: i / 20 });
    return [before, count()];
  });
  expect(counts[1]).toEqual(counts[0]);
});

test('a filter of another plugin works on the painted tiles, and again after restyling', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  await addCam(page, { classes: ['Lesion'], opacity: 1 });
  await page.evaluate(async () => {
    window.viewer.addHandler('tile-invalidated', async (event) => {
      if (event.tiledImage !== window.cam.item) return;
      const context: CanvasRenderingContext2D = await event.getData('context2d');
      context.globalCompositeOperation = 'source-in';
      context.fillStyle = 'rgb(0, 0, 255)';
      context.fillRect(0, 0, context.canvas.width, context.canvas.height);
      await event.setData(context, 'context2d');
    });
    await window.viewer.requestInvalidate(true);
  });
  await expect.poll(async () => (await pixelsAt(page, [[1260, 954]]))[0]).toEqual([0, 0, 255]);
  await page.evaluate(() => window.cam.setOptions({ threshold: 0.5 }));
  const outside: [number, number] = [100, 100];
  await expect
    .poll(async () => await pixelsAt(page, [[1260, 954], outside]))
    .toEqual([
      [0, 0, 255],
      [100, 100, 100],
    ]);
});

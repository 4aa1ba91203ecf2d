import { expect, test } from 'vitest';
import { addCam, allAsked, openViewer, pixelAt, settled, useBrowser } from './browser.ts';
import { leftovers, NOTHING, traces, watchLeftovers } from './leftovers.ts';

const browser = useBrowser();

test('destroy leaves no item, element, handler, timer, request or stream', async () => {
  const { page, url, control } = browser;
  Object.assign(control, { missing: 5, known: 78, coverage: 100 });
  await watchLeftovers(page);
  await openViewer(page, url);
  await settled(page);
  const before = await page.evaluate(traces);
  await addCam(page, { showControl: true });
  expect(await page.evaluate(() => document.querySelectorAll('.osd-cam').length)).toBe(1);
  await expect.poll(() => control.streams.some(({ isOpen }) => isOpen)).toBe(true);
  const { fetches, timers, listeners, observers } = await leftovers(page);
  expect(Math.min(fetches, timers, listeners, observers)).toBeGreaterThan(0);
  // In the middle of asking for better tiles.
  await page.evaluate(() => {
    window.cam.refresh();
    window.viewer.viewport.zoomBy(1.3);
    window.cam.destroy();
    window.cam.destroy();
  });
  expect(await page.evaluate(traces)).toEqual(before);
  await expect.poll(() => control.streams.some(({ isOpen }) => isOpen)).toBe(false);
  await expect.poll(() => leftovers(page)).toEqual(NOTHING);
  await allAsked(page);
  const requests = control.requests.length;
  await page.waitForTimeout(600);
  await allAsked(page);
  expect(control.requests.slice(requests).filter((request) => request !== '/')).toEqual([]);
});

test('destroyed before it is ready it adds nothing', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  const outcome = await page.evaluate(async () => {
    const cam = window.viewer.cam({ heatmap: '/heatmaps/slide/model4.json' });
    cam.destroy();
    return cam.ready.then(
      () => 'ready',
      () => 'rejected',
    );
  });
  expect(outcome).toBe('rejected');
  // A later one is there without it.
  await addCam(page);
  expect(await page.evaluate(() => window.viewer.world.getItemCount())).toBe(2);
});

test('several overlays keep their own settings and tiles', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  await addCam(page, { classes: ['Lesion'], colormap: 'magma', opacity: 1 });
  await page.evaluate(async () => {
    const heatmap = '/heatmaps/slide/model4.json';
    const second = window.viewer.cam({
      heatmap,
      classes: ['Gray matter'],
      threshold: 0.5,
      opacity: 1,
      showControl: true,
    });
    await second.ready;
  });
  await settled(page);
  // The second heatmap shows its own class above 0.5 only; elsewhere the first is seen.
  const where = (angle: number): [number, number] => [
    Math.round(1984 * (0.5 + 0.25 * Math.cos(angle))),
    Math.round(1344 * (0.5 + 0.25 * Math.sin(angle))),
  ];
  const atLesion = await pixelAt(page, ...where(1));
  const atGray = await pixelAt(page, ...where(1 + (2 * Math.PI) / 5));
  expect(atLesion[0]).toBeGreaterThan(240);
  expect(atLesion[2]).toBeGreaterThan(150);
  expect(atGray[0]).toBeGreaterThan(240);
  expect(atGray[2]).toBeLessThan(60);
  await page.evaluate(() => window.cam.setOptions({ colormap: 'Greys' }));
  await expect.poll(async () => Math.max(...(await pixelAt(page, ...where(1))))).toBeLessThan(30);
  expect(await pixelAt(page, ...where(1 + (2 * Math.PI) / 5))).toEqual(atGray);
});

test('follows the image beneath: moved, widened, turned and flipped', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  await addCam(page);
  const places = await page.evaluate(() => {
    const base = window.viewer.world.getItemAt(0);
    base.setPosition(new window.OpenSeadragon.Point(0.3, 0.1), true);
    base.setWidth(2, true);
    base.setRotation(30, true);
    base.setFlip(true);
    const { item } = window.cam;
    return [base, item].map((image) => {
      const bounds = image?.getBoundsNoRotate();
      return [bounds?.x, bounds?.y, bounds?.width, image?.getRotation(), image?.getFlip()];
    });
  });
  expect(places[1]).toEqual(places[0]);
  expect(places[1]).toEqual([0.3, 0.1, 2, 30, true]);
});

test('goes with its slide, stays away from another of the same size, and comes back with its own', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  await addCam(page, { showControl: true });
  const own = await page.evaluate(() => window.viewer.world.getItemAt(0).source.getTileUrl(0, 0, 0).toString());
  const open = (address: string) =>
    page.evaluate(async (picture) => {
      window.viewer.open({ type: 'image', url: picture } as never);
      await new Promise((resolve) => window.viewer.addOnceHandler('open', resolve));
    }, address);
  const other = await page.evaluate(() => {
    const canvas = document.createElement('canvas');
    canvas.width = 2000;
    canvas.height = 1400;
    return canvas.toDataURL();
  });
  await open(other);
  await page.waitForTimeout(200);
  expect(await page.evaluate(() => [window.viewer.world.getItemCount(), window.cam.item === undefined])).toEqual([
    1,
    true,
  ]);
  expect(await page.locator('.osd-cam').isVisible()).toBe(false);
  await open(own);
  await expect.poll(() => page.evaluate(() => window.viewer.world.getItemCount())).toBe(2);
  await expect.poll(() => page.evaluate(() => window.cam.item === window.viewer.world.getItemAt(1))).toBe(true);
  expect(await page.locator('.osd-cam').isVisible()).toBe(true);
  await page.evaluate(() => window.viewer.world.removeItem(window.viewer.world.getItemAt(0)));
  expect(await page.evaluate(() => [window.viewer.world.getItemCount(), window.cam.item === undefined])).toEqual([
    0,
    true,
  ]);
});

test('says so where the image has other proportions', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  const message = await page.evaluate(async () => {
    const canvas = document.createElement('canvas');
    canvas.width = 300;
    canvas.height = 100;
    window.viewer.open({ type: 'image', url: canvas.toDataURL() } as never);
    await new Promise((resolve) => window.viewer.addOnceHandler('open', resolve));
    window.cam = window.viewer.cam({ heatmap: '/heatmaps/slide/model4.json' });
    return window.cam.ready.catch((error) => error.message);
  });
  expect(message).toBe('Tissue, 4 classes: expected an image of 2000 x 1400 pixels, found 300 x 100 pixels');
  // What succeeds in the meantime does not take the reason away.
  await page.getByText('all analysed').waitFor();
  expect(await page.getByRole('alert').textContent()).toBe(message);
});

test('an unknown heatmap rejects, raises cam-error, and the panel says the server’s sentence', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  const before = await page.evaluate(traces);
  const messages = await page.evaluate(async () => {
    const raised: string[] = [];
    const keep = ({ error }: { error: Error }) => void raised.push(error.message);
    window.viewer.addHandler('cam-error', keep);
    window.cam = window.viewer.cam({ heatmap: '/heatmaps/nothing.json' });
    const rejected = await window.cam.ready.catch((error) => error.message);
    window.viewer.removeHandler('cam-error', keep);
    return [rejected, ...raised];
  });
  expect(messages).toEqual([expect.stringMatching(/nothing\.json: no$/), expect.stringMatching(/nothing\.json: no$/)]);
  await page.getByRole('region', { name: 'No heatmap' }).waitFor();
  expect(await page.getByRole('alert').textContent()).toBe('no');
  await page.evaluate(() => window.cam.destroy());
  expect(await page.evaluate(traces)).toEqual(before);

  await page.evaluate(async () => {
    const quiet = window.viewer.cam({ heatmap: '/heatmaps/nothing.json', showControl: false });
    await quiet.ready.catch(() => {});
  });
  expect(await page.getByRole('alert').count()).toBe(0);
});

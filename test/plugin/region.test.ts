import { expect, test } from 'vitest';
import { addCam, openViewer, useBrowser } from './browser.ts';

const browser = useBrowser();
const region = () => browser.page.evaluate(() => window.cam.getOptions().region);
const shares = () => browser.page.locator('.osd-cam-value').allTextContents();

/** Place of a slide pixel in the window. */
function onScreen(x: number, y: number): Promise<{ x: number; y: number }> {
  return browser.page.evaluate(
    ([left, top]) => {
      const base = window.viewer.world.getItemAt(0);
      const { x: px, y: py } = base.imageToWindowCoordinates(new window.OpenSeadragon.Point(left, top));
      return { x: px, y: py };
    },
    [x, y],
  );
}

async function openWithPanel(): Promise<void> {
  const { page, url, control } = browser;
  control.inRegion = [0.4, 0.31, 0.3, 0];
  await openViewer(page, url);
  await addCam(page, { showControl: true });
  await page.locator('.osd-cam').getByText('Region', { exact: true }).click();
}

test('a rectangle is drawn by dragging, its shares and areas are told, and it can be cleared', async () => {
  const { page, control } = browser;
  await openWithPanel();
  // Those of the slide are none of a region that is not there.
  await expect.poll(() => page.locator('.osd-cam-value').first().isVisible()).toBe(false);
  const before = await page.evaluate(() => JSON.stringify(window.viewer.viewport.getBounds()));
  await page.getByRole('button', { name: 'Rectangle' }).click();
  const from = await onScreen(200, 300);
  const to = await onScreen(800, 900);
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(to.x, to.y, { steps: 3 });
  await page.mouse.up();
  await expect.poll(shares).toEqual(['40 %', '31 %', '30 %', '0 %']);
  expect(await page.locator('.osd-cam-value').first().isVisible()).toBe(true);
  const drawn = await region();
  expect(drawn?.type).toBe('Polygon');
  const corners = [
    [200, 300],
    [800, 300],
    [800, 900],
    [200, 900],
    [200, 300],
  ];
  drawn?.coordinates.flat().forEach((position, i) => {
    const [x, y] = position.map(Number);
    expect(Math.hypot(x - corners[i][0], y - corners[i][1])).toBeLessThan(6);
  });
  expect(control.sent.at(-1)).toEqual({ method: 'POST', path: '/heatmaps/slide/model4/breakdown', body: drawn });
  expect(await page.locator('.osd-cam-region').textContent()).toContain('Most likely on: Lesion 0.2 mm²');
  // The slide has not moved, and the line is where the region is.
  expect(await page.evaluate(() => JSON.stringify(window.viewer.viewport.getBounds()))).toBe(before);
  const box = await page.locator('.osd-cam-outline-region path').first().boundingBox();
  expect(Math.abs((box?.x ?? 0) - from.x)).toBeLessThan(4);
  expect(Math.abs((box?.width ?? 0) - (to.x - from.x))).toBeLessThan(6);

  await page.getByRole('button', { name: 'Clear' }).click();
  expect(await region()).toBe(null);
  expect(await page.locator('.osd-cam-outline-region').count()).toBe(0);
});

test('a polygon is drawn click by click; Backspace takes one back, Enter closes, Escape leaves what was', async () => {
  const { page } = browser;
  await openWithPanel();
  await page.getByRole('button', { name: 'Polygon' }).click();
  for (const [x, y] of [
    [200, 200],
    [900, 250],
    [100, 1000],
    [600, 1100],
  ]) {
    const at = await onScreen(x, y);
    await page.mouse.click(at.x, at.y);
    if (y === 1000) await page.keyboard.press('Backspace');
  }
  await page.keyboard.press('Enter');
  expect((await region())?.coordinates.flat()).toHaveLength(4);
  const before = await region();
  await page.getByRole('button', { name: 'Polygon' }).click();
  await page.mouse.click(300, 300);
  await page.keyboard.press('Escape');
  expect(await page.locator('.osd-cam-drawing').count()).toBe(0);
  expect(await region()).toEqual(before);
});

test('lines of a polygon do not cross: a corner that would make them is not taken, nor a last line', async () => {
  const { page } = browser;
  await openWithPanel();
  await page.getByRole('button', { name: 'Polygon' }).click();
  const guide = page.locator('.osd-cam-guide');
  const click = async (...[x, y]: [number, number]) => {
    const at = await onScreen(x, y);
    await page.mouse.click(at.x, at.y);
  };
  await click(200, 200);
  await click(900, 200);
  await click(900, 600);
  expect(await guide.textContent()).toContain('Click the corners');
  await click(500, 100);
  expect(await guide.textContent()).toContain('must not cross');
  // From there the line to the first corner would cross the second one.
  await click(1200, 600);
  expect(await guide.textContent()).toContain('Click the corners');
  await click(1200, 400);
  await page.keyboard.press('Enter');
  expect(await guide.textContent()).toContain('must not cross');
  expect(await region()).toBe(null);
  for (const key of ['Backspace', 'Backspace', 'Enter']) await page.keyboard.press(key);
  expect((await region())?.coordinates.flat()).toHaveLength(4);
});

test('shares of one region are never shown for another, and what the server says of one goes with it', async () => {
  const { page } = browser;
  await openWithPanel();
  const draw = (right: number) =>
    page.evaluate((x) => {
      const ring = [
        [0, 0],
        [x, 0],
        [x, 900],
        [0, 0],
      ];
      return window.cam.setRegion({ type: 'Polygon', coordinates: [ring] });
    }, right);
  const value = page.locator('.osd-cam-value').first();
  const problem = page.locator('.osd-cam-problem');
  const areas = page.locator('.osd-cam-region').getByText('Most likely on');
  await draw(500);
  await expect.poll(() => value.isVisible()).toBe(true);
  await expect.poll(() => areas.isVisible()).toBe(true);
  await page.route('**/breakdown', (route) =>
    route.fulfill({ status: 400, json: { error: { code: 'bad-parameter', message: 'not this region' } } }),
  );
  await draw(600);
  await expect.poll(() => problem.textContent()).toBe('not this region');
  expect([await value.isVisible(), await areas.isVisible()]).toEqual([false, false]);
  await page.getByRole('button', { name: 'Clear' }).click();
  await expect.poll(() => problem.isVisible()).toBe(false);
  await draw(600);
  await expect.poll(() => problem.textContent()).toBe('not this region');
  await page.unroute('**/breakdown');
  await draw(700);
  await expect.poll(() => value.isVisible()).toBe(true);
  expect(await problem.isVisible()).toBe(false);
});

test('the view can be taken without a pointer, and the outline stays on the slide however it is turned', async () => {
  const { page } = browser;
  await openWithPanel();
  await page.evaluate(() => {
    const { viewport } = window.viewer;
    viewport.zoomTo(4, undefined, true);
    viewport.setRotation(30, true);
    viewport.setFlip(true);
  });
  await page.getByRole('button', { name: 'Use view' }).focus();
  await page.keyboard.press('Enter');
  expect((await region())?.coordinates.flat()).toHaveLength(5);
  // Its corners are those of the window again.
  await expect
    .poll(() =>
      page.evaluate(() => {
        const path = document.querySelector<SVGPathElement>('.osd-cam-outline-region path');
        const toWindow = path?.getScreenCTM() ?? undefined;
        const corners = window.cam.getOptions().region?.coordinates.flat(2).map(Number) ?? [];
        return [0, 2, 4, 6].map((i) => {
          const { x, y } = new DOMPoint(corners[i], corners[i + 1]).matrixTransform(toWindow);
          return `${Math.round(x / 4)},${Math.round(y / 4)}`;
        });
      }),
    )
    .toEqual(['0,0', '225,0', '225,160', '0,160']);
});

test('where what draws cannot be loaded a sentence says so, and the next click tries again', async () => {
  const { page } = browser;
  await page.route('**/on-demand.umd.js', (route) => route.abort());
  await openWithPanel();
  const rectangle = page.getByRole('button', { name: 'Rectangle' });
  await rectangle.click();
  await page
    .getByRole('alert')
    .getByText(/^expected http.*on-demand\.umd\.js beside/)
    .waitFor();
  expect(await rectangle.getAttribute('aria-pressed')).toBe('false');
  await page.unroute('**/on-demand.umd.js');
  await rectangle.click();
  await page.locator('.osd-cam-drawing').waitFor();
});

test('a wrong region is told in one sentence', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  await addCam(page);
  const wrong = [
    { type: 'Point', coordinates: [1, 2] },
    {
      type: 'Polygon',
      coordinates: [
        [
          [0, 0],
          [1, 1],
          [2, 2],
        ],
      ],
    },
    {
      type: 'Polygon',
      coordinates: [
        [
          [0, 0],
          [9, 9],
          [9, 0],
          [0, 9],
          [0, 0],
        ],
      ],
    },
  ];
  const told = await page.evaluate(
    (values) => Promise.all(values.map((value) => window.cam.setRegion(value).catch((error: Error) => error.message))),
    wrong,
  );
  expect(told).toEqual([
    'region: expected a GeoJSON Polygon or MultiPolygon, or Features of them, or null',
    'region: expected rings of at least 4 positions, the last the same as the first',
    'region: expected lines that do not cross, found those from 0,0 and from 9,0 crossing',
  ]);
});

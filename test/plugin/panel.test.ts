import { expect, test } from 'vitest';
import { addCam, allAsked, openViewer, pixelAt, settled, useBrowser } from './browser.ts';

const browser = useBrowser();
const options = () => browser.page.evaluate(() => window.cam.getOptions());

test('rows, sliders and menus change what is shown, and show what is changed', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  await addCam(page, { showControl: true, classes: ['Lesion'] });
  await expect
    .poll(() => page.locator('.osd-cam-name').allTextContents())
    .toEqual(['Gray matter', 'White matter', 'Lesion', 'Blank']);
  expect(await page.locator('.osd-cam-value').allTextContents()).toEqual(['51 %', '37 %', '8.4 %', '3.0 %']);
  expect(await page.locator('.osd-cam-state').textContent()).toBe('all analysed');

  await page.getByRole('radio', { name: 'White matter' }).check();
  expect(await options()).toMatchObject({ mode: 'single', classes: ['White matter'] });

  await page.getByText('Several').click();
  expect(await options()).toMatchObject({ mode: 'blend', classes: 'all' });
  await page.getByRole('checkbox', { name: 'Blank' }).uncheck();
  expect((await options()).classes).toEqual(['Lesion', 'Gray matter', 'White matter']);
  await page.getByText('Lesion').click({ modifiers: ['Alt'] });
  expect((await options()).classes).toEqual(['Lesion']);

  await page.evaluate(() => window.cam.setOptions({ classes: 'all' }));
  await page.getByText('One class').click();
  expect(await page.locator('.osd-cam-class').getByRole('radio', { checked: true }).count()).toBe(1);
  await page.getByText('Lesion').click();
  await page.getByRole('combobox', { name: 'Colours' }).click();
  await page.getByRole('option', { name: 'magma' }).click();
  await page.getByLabel('Opacity').fill('0.8');
  await page.getByLabel('Threshold').fill('0.4');
  await page.getByLabel('Score at the high end').fill('0.9');
  await page.getByText('Patches', { exact: true }).click();
  expect(await options()).toMatchObject({
    colormap: 'magma',
    opacity: 0.8,
    threshold: 0.4,
    range: [0, 0.9],
    interpolation: 'patches',
  });
  expect(await page.locator('.osd-cam-ends').textContent()).toBe('0.00≥ 0.400.90');

  await page.getByRole('button', { name: 'Reset' }).click();
  expect(await options()).toMatchObject({ mode: 'single', classes: ['Lesion'], colormap: 'viridis', threshold: null });
  await page.evaluate(() => window.cam.setOptions({ mode: 'argmax', opacity: 0.25 }));
  expect(await page.getByLabel('Most likely').isChecked()).toBe(true);
  expect(await page.getByLabel('Opacity').inputValue()).toBe('0.25');
});

test('the scale of a score without bounds grows to the values seen, and its handles reach them', async () => {
  const { page, url, control } = browser;
  control.cam = [-3.7, 9.3];
  await openViewer(page, url);
  await addCam(page, { showControl: true, score: 'cam' });
  const high = page.getByLabel('Score at the high end');
  const ends = () => high.evaluate((input: HTMLInputElement) => [input.min, input.max, input.value].map(Number));
  await expect.poll(ends).toEqual([-4, 10, 1]);
  await high.press('End');
  await page.getByLabel('Score at the low end').press('Home');
  expect(await options()).toMatchObject({ range: [-4, 10] });
  await page.getByLabel('Threshold').fill('2.5');
  expect(await options()).toMatchObject({ threshold: 2.5 });
  expect(await page.locator('.osd-cam-ends output').allTextContents()).toEqual(['-4.0', '≥ 2.5', '10.0']);

  // Dragged with the mouse, the handle's label goes with it and the scale stays as it is.
  const box = await page.locator('.osd-cam-track').boundingBox();
  if (!box) throw new Error('the scale has no track');
  await page.mouse.move(box.x + box.width, box.y + 4);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2, box.y + 4, { steps: 4 });
  await page.evaluate(() => window.cam.setOptions({ opacity: 0.7 }));
  await page.mouse.up();
  expect(await ends()).toEqual([-4, 10, 3]);
  const label = await page.locator('.osd-cam-high-value').boundingBox();
  expect(Math.abs((label?.x ?? 0) + (label?.width ?? 0) / 2 - box.x - box.width / 2)).toBeLessThan(20);

  await page.getByRole('button', { name: 'Reset' }).click();
  expect(await options()).toMatchObject({ range: [0, 1], threshold: null });
  expect(await ends()).toEqual([-4, 10, 1]);
});

test('rows are sorted anew for another scope, and when the view has been still, but not under the pointer', async () => {
  const { page, url, control } = browser;
  control.known = 300;
  control.inRegion = [0.4, 0.31, 0.3, 0];
  await openViewer(page, url);
  await addCam(page, { showControl: true });
  const names = () => page.locator('.osd-cam-name').allTextContents();
  await expect.poll(names).toEqual(['Gray matter', 'White matter', 'Lesion', 'Blank']);
  await page.locator('.osd-cam').getByText('View', { exact: true }).click();
  await expect.poll(names).toEqual(['Lesion', 'Gray matter', 'White matter', 'Blank']);

  control.inRegion = [0.4, 0.29, 0.3, 0];
  await page.evaluate(() => window.viewer.viewport.zoomBy(2));
  await expect.poll(names).toEqual(['Lesion', 'White matter', 'Gray matter', 'Blank']);

  await page.getByText('Lesion').hover();
  control.inRegion = [0.1, 0.29, 0.3, 0];
  const shares = () => page.locator('.osd-cam-value').allTextContents();
  await page.evaluate(() => window.viewer.viewport.zoomBy(0.5));
  await expect.poll(shares).toEqual(['10 %', '30 %', '29 %', '0 %']);
  await page.waitForTimeout(2300);
  expect(await shares()).toEqual(['10 %', '30 %', '29 %', '0 %']);
  await page.getByText('Opacity').hover();
  await expect.poll(names).toEqual(['White matter', 'Gray matter', 'Lesion', 'Blank']);
});

test('keys, wheel and double clicks on the panel do not reach the viewer', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  await addCam(page, { showControl: true });
  const view = () => page.evaluate(() => JSON.stringify(window.viewer.viewport.getBounds()));
  const before = await view();
  await page.getByLabel('Opacity').focus();
  for (const key of ['ArrowRight', 'ArrowUp', '+', 'r', 'f']) await page.keyboard.press(key);
  await page.mouse.move(740, 100);
  await page.mouse.wheel(0, -300);
  await page.mouse.dblclick(740, 100);
  await page.waitForTimeout(100);
  expect(await view()).toBe(before);
  expect((await options()).opacity).toBeCloseTo(0.52);
});

test('shows the leading classes under the pointer', async () => {
  const { page, url, control } = browser;
  await openViewer(page, url);
  await addCam(page, { showControl: true });
  const { x, y } = await page.evaluate(() => {
    const base = window.viewer.world.getItemAt(0);
    return base.imageToWindowCoordinates(new window.OpenSeadragon.Point(700, 1000));
  });
  await page.mouse.move(x, y);
  await expect.poll(() => page.locator('.osd-cam-card').textContent()).toContain('of this patch');
  expect(await page.locator('.osd-cam-card-row').first().textContent()).toContain('Gray matter');
  expect(await page.locator('.osd-cam-card').textContent()).toContain('+ 1 more');
  const asked = () => control.requests.filter((request) => request.includes('/score')).length;
  expect(asked()).toBe(1);
  // Several at once, as of a pointer that moves on: only the last one, where it rests, asks.
  await page.evaluate(
    ([left, top]) => {
      for (let step = 0; step < 4; step++) {
        const place = { clientX: left + step, clientY: top, pointerType: 'mouse', bubbles: true };
        window.viewer.canvas.dispatchEvent(new PointerEvent('pointermove', place));
      }
    },
    [x, y],
  );
  await expect.poll(asked).toBeGreaterThan(1);
  await allAsked(page);
  expect(asked()).toBe(2);
  await page.mouse.move(740, 100);
  expect(await page.locator('.osd-cam-card').isVisible()).toBe(false);
});

test('says what failed, until it works', async () => {
  const { page, url, control } = browser;
  control.tileStatus = 500;
  await openViewer(page, url);
  await addCam(page, { showControl: true });
  await expect.poll(() => page.getByRole('alert').textContent()).toMatch(/500/);
  control.tileStatus = 200;
  await expect.poll(() => page.getByRole('alert').isVisible()).toBe(false);
});

test('without the server the heatmap stays, finer views too, and comes back to what it should be', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  await addCam(page, { showControl: true });
  const shown = await pixelAt(page, 700, 1000);
  expect(shown).not.toEqual([100, 100, 100]);
  await page.context().setOffline(true);
  await page.evaluate(() => {
    const place = window.viewer.world.getItemAt(0).imageToViewportCoordinates(700, 1000);
    window.viewer.viewport.zoomBy(4, place, true);
  });
  await expect.poll(() => page.getByRole('alert').textContent()).toBe('The server does not answer; trying again');
  await page.getByRole('button', { name: 'Reset' }).click();
  await settled(page);
  const standIn = await pixelAt(page, 700, 1000);
  expect(standIn.every((value, i) => Math.abs(value - shown[i]) < 12)).toBe(true);
  await page.context().setOffline(false);
  await expect.poll(() => page.getByRole('alert').isVisible()).toBe(false);
});

test('in a narrow viewer it is a sheet that begins closed', async () => {
  const { page, url } = browser;
  await page.setViewportSize({ width: 390, height: 700 });
  await openViewer(page, url);
  await addCam(page, { showControl: true });
  expect(await page.locator('.osd-cam-body').isVisible()).toBe(false);
  await page.getByRole('button', { name: 'Show the settings' }).click();
  expect(await page.locator('.osd-cam-body').isVisible()).toBe(true);
  const box = await page.locator('.osd-cam').boundingBox();
  expect(box?.width).toBe(390 - 24);
  expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(700);
});

test('it follows the viewer from wide to narrow and back', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  await addCam(page, { showControl: true });
  const place = async () => {
    const box = await page.locator('.osd-cam').boundingBox();
    return box && { x: Math.round(box.x), y: Math.round(box.y), open: await page.locator('.osd-cam-body').isVisible() };
  };
  const inCorner = { x: 900 - 12 - 288, y: 12, open: true };
  await expect.poll(place).toEqual(inCorner);
  await page.setViewportSize({ width: 390, height: 700 });
  await expect.poll(async () => ((await place())?.y ?? 0) > 600).toBe(true);
  expect(await page.locator('.osd-cam-body').isVisible()).toBe(false);
  await page.setViewportSize({ width: 900, height: 640 });
  await expect.poll(place).toEqual(inCorner);
});

test('the navigator shows the heatmap only when asked to', async () => {
  const { page, url } = browser;
  await openViewer(page, url, 'canvas', '?navigator');
  await addCam(page, { opacity: 1 });
  const opacities = () =>
    page.evaluate(() => {
      const { world } = window.viewer.navigator;
      return Array.from({ length: world.getItemCount() }, (_, i) => world.getItemAt(i).getOpacity());
    });
  await expect.poll(opacities).toEqual([1, 0]);
  await page.evaluate(() => window.cam.setOptions({ opacity: 0.7 }));
  expect(await opacities()).toEqual([1, 0]);
  await page.evaluate(() => window.cam.setOptions({ showInNavigator: true }));
  expect(await opacities()).toEqual([1, 0.7]);
  await page.evaluate(() => window.cam.setOptions({ visible: false }));
  expect(await opacities()).toEqual([1, 0]);
  await expect.poll(() => pixelAt(page, 1260, 954)).toEqual([100, 100, 100]);
});

test.each([
  ['hirescam', 'HiResCAM', /how much each cell adds/],
  ['gradcam', 'Grad-CAM', /mean gradient/],
] as const)('a map by %s is named, and shows no probability of a cell', async (method, name, hint) => {
  const { page, url, control } = browser;
  control.method = method;
  await openViewer(page, url);
  await addCam(page, { showControl: true, mode: 'argmax' });
  await settled(page);
  const label = page.locator('.osd-cam header').getByText(name, { exact: true });
  expect(await label.getAttribute('title')).toMatch(hint);
  expect(await page.getByLabel('Score', { exact: true }).locator('option').allTextContents()).toEqual([
    name,
    'Patch probability',
  ]);
  expect(await options()).toMatchObject({ score: 'cam', mode: 'argmax' });
  // Of whole patches there are probabilities, and the list has them.
  expect(await page.locator('.osd-cam-value').allTextContents()).toEqual(['51 %', '37 %', '8.4 %', '3.0 %']);
});

test('a class activation map needs no other name', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  await addCam(page, { showControl: true });
  expect(await page.locator('.osd-cam-method').count()).toBe(0);
});

import { expect, test } from 'vitest';
import { addCam, openViewer, settled, useBrowser } from './browser.ts';

const browser = useBrowser();
const options = () => browser.page.evaluate(() => window.cam.getOptions());
/** What has the focus, by its name or what it says. */
const focused = () =>
  browser.page.evaluate(() => {
    const { activeElement } = document;
    const labels = activeElement instanceof HTMLInputElement ? activeElement.labels : null;
    return activeElement?.getAttribute('aria-label') ?? labels?.[0]?.textContent ?? activeElement?.textContent ?? '';
  });

test('the whole panel can be worked through with the keyboard alone', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  await addCam(page, { showControl: true, classes: ['Lesion'] });
  await page.getByRole('button', { name: 'Hide the settings' }).focus();
  await page.keyboard.press('Enter');
  expect(await page.locator('.osd-cam-body').isVisible()).toBe(false);
  await page.keyboard.press('Enter');

  const tab = async (expected: string) => {
    await page.keyboard.press('Tab');
    expect(await focused()).toContain(expected);
  };
  await tab('One class');
  await tab('Slide');
  // Rows in the order of their shares; a group of radio buttons is one stop, each colour one of its own.
  const reached: string[] = [];
  for (;;) {
    await page.keyboard.press('Tab');
    const name = await focused();
    if (name.startsWith('Score at the low end')) break;
    reached.push(name);
    expect(reached.length).toBeLessThan(10);
  }
  expect(reached.filter((name) => name.startsWith('Colour of'))).toHaveLength(4);
  await page.keyboard.press('ArrowRight');
  expect((await options()).range).toEqual([0.01, 1]);
  await tab('Score at the high end');
  await page.keyboard.press('ArrowLeft');
  expect((await options()).range).toEqual([0.01, 0.99]);
  await tab('Threshold');
  for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight');
  expect((await options()).threshold).toBeCloseTo(0.03);
  await tab('Opacity');
  await page.keyboard.press('End');
  expect((await options()).opacity).toBe(1);

  await page.keyboard.press('Tab');
  for (const key of ['ArrowDown', 'ArrowDown', 'Enter']) await page.keyboard.press(key);
  expect((await options()).colormap).toBe('magma');
  // By its name; Escape leaves everything as it is.
  for (const key of ['p', 'l', 'Escape']) await page.keyboard.press(key);
  expect((await options()).colormap).toBe('magma');
  for (const key of ['c', 'i', 'Enter']) await page.keyboard.press(key);
  expect((await options()).colormap).toBe('cividis');

  await tab('Smooth');
  await page.keyboard.press('ArrowRight');
  expect((await options()).interpolation).toBe('cells');
  await tab('More');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.press('ArrowDown');
  expect((await options()).score).toBe('cam');
  await page.keyboard.press('ArrowUp');
  await tab('Gamma');
  await page.keyboard.press('Home');
  expect((await options()).gamma).toBe(0.25);
  await tab('Fade low scores');
  await page.keyboard.press('Space');
  expect((await options()).opacityByValue).toBe(true);
  await tab('Write predictions');
  await tab('Export');
  await tab('Show heatmap');
  await page.keyboard.press('Space');
  expect((await options()).visible).toBe(false);
  await tab('Reset');
  await page.keyboard.press('Enter');
  expect(await options()).toMatchObject({ gamma: 1, visible: true, colormap: 'viridis', classes: ['Lesion'] });
  expect(await focused()).toBe('Undo reset');
  await page.keyboard.press('Enter');
  expect(await options()).toMatchObject({ gamma: 0.25, visible: false, colormap: 'cividis' });
  expect(await focused()).toBe('Reset');
});

test('keys on the viewer change what is shown, and none that it uses itself', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  await addCam(page, { showControl: true });
  await page.locator('.openseadragon-canvas').focus();
  const press = async (key: string) => {
    await page.keyboard.press(key);
    return options();
  };
  expect((await press('h')).visible).toBe(false);
  expect((await press('h')).visible).toBe(true);
  expect((await press(']')).opacity).toBe(0.6);
  expect((await press('[')).opacity).toBe(0.5);
  expect((await press('3')).classes).toEqual(['White matter']);
  expect(await press('m')).toMatchObject({ mode: 'blend', classes: 'all' });
  expect((await press('1')).classes).toEqual(['Gray matter', 'White matter', 'Blank']);
  for (const mode of ['argmax', 'entropy', 'difference', 'single']) expect((await press('m')).mode).toBe(mode);
  await page.keyboard.press('t');
  await page.keyboard.press('ArrowRight');
  expect((await options()).threshold).toBeCloseTo(0.01);
  await page.locator('.openseadragon-canvas').focus();
  await page.keyboard.press('?');
  const dialog = page.getByRole('dialog', { name: 'Keys' });
  await dialog.waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
});

test('keys can be left to the page', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  await addCam(page, { showControl: true, keyboardShortcuts: false });
  await page.locator('.openseadragon-canvas').focus();
  await page.keyboard.press('h');
  expect((await options()).visible).toBe(true);
});

test('of two overlays the keys are those of the one whose panel was used last', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  await addCam(page, { showControl: true });
  await page.evaluate(async () => {
    const second = window.viewer.cam({ heatmap: '/heatmaps/slide/model2.json' });
    Object.assign(window, { second });
    await second.ready;
  });
  await settled(page);
  const opacities = () =>
    page.evaluate(() => [window.cam, Reflect.get(window, 'second')].map((cam) => cam.getOptions().opacity));
  await page.locator('.openseadragon-canvas').focus();
  await page.keyboard.press(']');
  expect(await opacities()).toEqual([0.6, 0.5]);
  await page.getByRole('button', { name: 'Show the settings' }).click();
  await page.locator('.openseadragon-canvas').focus();
  await page.keyboard.press(']');
  expect(await opacities()).toEqual([0.6, 0.6]);
});

test('what gets the focus is scrolled to, and the header stays', async () => {
  const { page, url } = browser;
  await page.setViewportSize({ width: 700, height: 460 });
  await openViewer(page, url);
  await addCam(page, { showControl: true });
  await page.getByRole('button', { name: 'Reset' }).focus();
  const [panel, header, reset] = await Promise.all(
    ['.osd-cam', '.osd-cam header', '.osd-cam-reset'].map((part) => page.locator(part).boundingBox()),
  );
  if (!panel || !header || !reset) throw new Error('a part of the panel is not there');
  expect(header.y).toBe(panel.y);
  expect(reset.y + reset.height).toBeLessThanOrEqual(panel.y + panel.height);
  expect(reset.y).toBeGreaterThan(header.y + header.height);
  const body = page.locator('.osd-cam-body');
  await page.mouse.move(reset.x, reset.y);
  await page.mouse.wheel(0, -2000);
  await expect.poll(() => body.evaluate((element) => element.scrollTop)).toBe(0);
});

import { expect, test } from 'vitest';
import { openViewer, useBrowser } from './browser.ts';
import { buildElement } from './bundles.ts';

const browser = useBrowser();
const script = await buildElement();
const TILE = '<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256"/>';

/** Puts an element on the page beside the viewer, with a grey slide and the fake server's heatmap. */
async function addElement(attributes: Record<string, string> = {}): Promise<void> {
  const { page, url } = browser;
  const image = '<Image xmlns="http://schemas.microsoft.com/deepzoom/2008" Format="png" Overlap="0" TileSize="256">';
  await page.route('**/slide.dzi', (route) =>
    route.fulfill({ contentType: 'application/xml', body: `${image}<Size Width="2000" Height="1400"/></Image>` }),
  );
  await page.route('**/slide_files/**', (route) => route.fulfill({ contentType: 'image/svg+xml', body: TILE }));
  await openViewer(page, url);
  await page.addScriptTag({ content: script });
  await page.evaluate((given) => {
    window.viewer.destroy();
    const events: string[] = [];
    Object.assign(window, { events });
    for (const name of ['cam-ready', 'cam-change', 'cam-error']) {
      document.addEventListener(name, () => events.push(name));
    }
    const made = document.createElement('cam-viewer');
    made.style.height = '500px';
    made.setAttribute('heatmap', '/heatmaps/slide/model4.json');
    made.viewerOptions = { showNavigationControl: false };
    made.setAttribute('tile-source', '/slide.dzi');
    for (const [name, value] of Object.entries(given)) made.setAttribute(name, value);
    document.body.replaceChildren(made);
  }, attributes);
}

const events = () => browser.page.evaluate<string[]>('window.events');
const options = () =>
  browser.page.evaluate(() => {
    const { mode, opacity, classes } = document.querySelector('cam-viewer')?.cam?.getOptions() ?? {};
    return { mode, opacity, classes };
  });

test('shows a heatmap with the options of its attributes, follows them, and tells its events', async () => {
  await addElement({ mode: 'blend', opacity: '0.25', classes: 'Lesion, Blank', label: 'A slide' });
  await expect.poll(events).toContain('cam-ready');
  expect(await options()).toEqual({ mode: 'blend', opacity: 0.25, classes: ['Lesion', 'Blank'] });
  const { page } = browser;
  await page.evaluate(() => document.querySelector('cam-viewer')?.setAttribute('opacity', '0.75'));
  await expect.poll(async () => (await options()).opacity).toBe(0.75);
  expect(await events()).toContain('cam-change');
  await page.evaluate(() => document.querySelector('cam-viewer')?.focus());
  expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('A slide');
  await page.evaluate(() => document.querySelector('cam-viewer')?.removeAttribute('opacity'));
  await expect.poll(async () => (await options()).opacity).toBe(0.5);
});

test('compares two models by attributes', async () => {
  await addElement({ mode: 'difference', 'compare-with': '/heatmaps/slide/other4.json', classes: 'Lesion, Blank' });
  await expect.poll(events).toContain('cam-ready');
  await browser.page.evaluate(() =>
    document.querySelector('cam-viewer')?.setAttribute('compare-with', '/heatmaps/slide/other5.json'),
  );
  const compareWith = () =>
    browser.page.evaluate(() => document.querySelector('cam-viewer')?.cam?.getOptions().compareWith);
  await expect.poll(compareWith).toBe('/heatmaps/slide/other5.json');
  expect(await options()).toMatchObject({ mode: 'difference', classes: ['Lesion', 'Blank'] });
});

test('a wrong attribute is told as an event, and nothing is left when the element goes', async () => {
  await addElement({ opacity: 'much' });
  await expect.poll(events).toContain('cam-error');
  const { page } = browser;
  await page.evaluate(() => document.querySelector('cam-viewer')?.setAttribute('opacity', '1'));
  await expect.poll(events).toContain('cam-ready');
  const left = await page.evaluate(async () => {
    const made = document.querySelector('cam-viewer');
    made?.remove();
    await new Promise((resolve) => setTimeout(resolve));
    return [made?.viewer === undefined, made?.cam === undefined, made?.childElementCount];
  });
  expect(left).toEqual([true, true, 0]);
  await expect.poll(() => browser.control.streams.some(({ isOpen }) => isOpen)).toBe(false);
});

import { rm } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../browser.ts';
import { type RunningCommand, startCommand } from '../command-line.ts';
import { pixelsAt, settled } from '../plugin/browser.ts';
import { type SmallCatalogue, smallCatalogue } from '../small-catalogue.ts';
import { type ForeignPage, foreignPage, openImages } from './foreign-page.ts';

let catalogue: SmallCatalogue;
let server: RunningCommand;
let page: ForeignPage;
let browser: Browser;

beforeAll(async () => {
  [catalogue, page, browser] = await Promise.all([smallCatalogue(), foreignPage(), launchBrowser()]);
  const { slides, models, store } = catalogue;
  server = await startCommand(
    ...['serve', '--slides', slides, '--models', models, '--store', store, '--port', '0', '--cors', page.origin],
  );
});
afterAll(async () => {
  await Promise.all([browser?.close(), server?.stop(), page?.close()]);
  await rm(catalogue.root, { recursive: true, force: true });
});

const address = (path: string) => new URL(path, server.address).href;

test('an unmodified viewer without the plugin shows the heatmap of a class over the slide', async () => {
  const tab = await browser.newPage({ viewport: { width: 600, height: 450 } });
  await tab.goto(page.origin);
  const slide = 'slides/tissue.tif';
  const heatmap = 'heatmaps/tissue.tif/tissue.h5';
  // Cells are flat rectangles, so that a fraction of a pixel that the viewer lies off shows nowhere but at their edges.
  const query = '?class=Stroma&colormap=magma&opacity=1&interpolation=cells';
  expect(await openImages(tab, [address(`${slide}.dzi?format=png`), address(`${heatmap}.dzi${query}`)])).toEqual([]);
  // At one slide pixel for each pixel of the screen its pixels are those of the tiles of maxLevel.
  await tab.evaluate(() => {
    const { viewer, OpenSeadragon } = window;
    const item = viewer.world.getItemAt(0);
    viewer.viewport.fitBounds(item.imageToViewportRectangle(new OpenSeadragon.Rect(512, 256, 600, 450)), true);
  });
  await settled(tab);
  const tile = await fetch(address(`${heatmap}_files/11/2_1.png${query}`));
  const { data, info } = await sharp(await tile.arrayBuffer())
    .raw()
    .toBuffer({ resolveWithObject: true });
  const points: [number, number][] = [
    [568, 296],
    [600, 408],
    [712, 344],
    [744, 488],
  ];
  const shown = await pixelsAt(tab, points);
  for (const [index, [x, y]] of points.entries()) {
    const offset = ((y - 255) * info.width + (x - 511)) * 4;
    for (let channel = 0; channel < 3; channel++) {
      expect(Math.abs(shown[index][channel] - data[offset + channel])).toBeLessThanOrEqual(2);
    }
  }
});

test('a page of another origin shows the overlay with the plugin, and is refused where --cors does not name it', async () => {
  const stranger = await foreignPage();
  try {
    for (const [{ origin }, isNamed] of [
      [page, true],
      [stranger, false],
    ] as const) {
      const tab = await browser.newPage({ viewport: { width: 600, height: 450 } });
      await tab.goto(`${origin}/?plugin`);
      const failed = await openImages(tab, [address('slides/tissue.tif.dzi')]);
      expect(failed).toHaveLength(isNamed ? 0 : 1);
      const outcome = await tab.evaluate(async (heatmap) => {
        const { viewer } = window;
        // A browser does not tell a refusal to be read from a server that is away, which is asked again and again.
        const failed = new Promise<string>((resolve) =>
          viewer.addHandler('cam-error', ({ error }) => resolve(error.message)),
        );
        const cam = viewer.cam({ heatmap, showControl: false });
        return Promise.race([cam.ready.then(() => 'shown'), failed]);
      }, address('heatmaps/tissue.tif/tissue.h5.json'));
      if (isNamed) {
        expect(outcome).toBe('shown');
        await settled(tab);
      } else {
        expect(outcome).not.toBe('shown');
      }
    }
  } finally {
    await stranger.close();
  }
});

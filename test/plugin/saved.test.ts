import sharp from 'sharp';
import { expect, test } from 'vitest';
import { regionsAbove } from '../../plugin/src/export/regions-above.ts';
import type { HeatmapClient } from '../../plugin/src/heatmap-client.ts';
import { scoreTileFromNpy } from '../../shared/painting/score-tile.ts';
import { addCam, openViewer, useBrowser } from './browser.ts';
import { describeHeatmap } from './made-up-heatmaps.ts';
import { tileBody } from './made-up-scores.ts';

const browser = useBrowser();

function bytesOf(name: 'exportView' | 'exportBreakdown' | 'exportRegions'): Promise<Uint8Array> {
  return browser.page
    .evaluate(async (method) => [...new Uint8Array(await (await window.cam[method]()).arrayBuffer())], name)
    .then((bytes) => Uint8Array.from(bytes));
}

test('the picture has the view’s pixels, a legend and where it comes from', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  await addCam(page, { opacity: 0.8 });
  const png = await bytesOf('exportView');
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  expect(info.width).toBe(900);
  expect(info.height).toBeGreaterThan(640 + 60);
  const shown = await page.evaluate(() => {
    window.viewer.forceRedraw();
    const context = window.viewer.drawer.canvas.getContext('2d');
    return [...(context?.getImageData(0, 320, 900, 1).data ?? [])].filter((_, i) => i % 4 < 3);
  });
  const row = data.subarray(320 * 900 * 3, 321 * 900 * 3);
  // Beside the slide the viewer is transparent, and the picture is not.
  const differences = shown.filter((value, i) => Math.abs(value - row[i]) > 1 && shown[i - (i % 3)] + value > 0).length;
  expect(differences).toBe(0);
  const text = new TextDecoder('latin1').decode(png);
  expect(text).toMatch(/tEXtTitle\0Tissue, 4 classes on slide/);
  expect(text).toMatch(/tEXtDescription\0single: Lesion; probability 0 to 1, smooth/);
});

test('the ends of a difference are told as they are shown', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  await addCam(page, { mode: 'difference', classes: ['Lesion', 'Blank'], range: [0.3, 0.9] });
  const text = new TextDecoder('latin1').decode(await bytesOf('exportView'));
  expect(text).toMatch(/tEXtDescription\0difference: Lesion, Blank; probability -0.6 to 0.6, smooth/);
});

test('shares are a table, of the region where there is one', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  await addCam(page);
  const csv = new TextDecoder().decode(await bytesOf('exportBreakdown')).split('\r\n');
  expect(csv[0]).toBe('class,probability,low,high,pixels,mm2,of,patches_known,patches,exact,slide,model');
  expect(csv[1]).toBe('Lesion,0.084,0.084,0.084,,,slide,651,651,true,slide,model4');
  await page.evaluate(() =>
    window.cam.setRegion({
      type: 'Polygon',
      coordinates: [
        [
          [0, 0],
          [640, 0],
          [640, 640],
          [0, 640],
          [0, 0],
        ],
      ],
    }),
  );
  expect(new TextDecoder().decode(await bytesOf('exportBreakdown'))).toContain(',region,');
});

test('areas above the threshold are polygons of patches', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  await addCam(page, { threshold: 0.6, classes: ['Lesion'] });
  const { features } = JSON.parse(new TextDecoder().decode(await bytesOf('exportRegions')));
  expect(features).toHaveLength(1);
  const [{ properties, geometry }] = features;
  expect(properties).toMatchObject({ class: 'Lesion', threshold: 0.6, estimated: false });
  const area = (ring: [number, number][]) =>
    ring.slice(1).reduce((sum, [x, y], i) => sum + (ring[i][0] * y - x * ring[i][1]) / 2, 0);
  const whole = geometry.coordinates.flat().reduce((sum: number, ring: [number, number][]) => sum + area(ring), 0);
  expect(whole).toBe(properties.pixels);
  expect(properties.pixels).toBe(properties.patches * 64 * 64);
  // Of half a micron.
  expect(properties.mm2).toBeCloseTo(properties.pixels / 4e6, 12);
  expect(properties.patches).toBeGreaterThan(3);
});

test('areas of a slide without a resolution have no square millimetres', async () => {
  const descriptor = { ...describeHeatmap(4), mpp: null };
  const tile: HeatmapClient['tile'] = async (_, address, request) => ({
    tile: scoreTileFromNpy(tileBody(descriptor, address, [...request.planes], 'patch', 255)),
    missing: 0,
    revision: undefined,
  });
  const choice = { classes: [0], threshold: 0.6, region: null };
  const found = await regionsAbove({ tile }, descriptor, choice, new AbortController().signal);
  const { features } = JSON.parse(JSON.stringify(found));
  expect(features[0].properties).not.toHaveProperty('mm2');
  expect(features[0].properties.pixels).toBeGreaterThan(0);
});

test('what is seldom needed is loaded once, when it is first needed; without it one sentence says what is missing', async () => {
  const { page, url } = browser;
  const asked: string[] = [];
  page.on('request', (request) => void (request.url().endsWith('on-demand.umd.js') && asked.push(request.url())));
  await page.route('**/on-demand.umd.js', (route) => route.abort(), { times: 1 });
  await openViewer(page, url);
  await addCam(page);
  expect(asked).toEqual([]);
  const message = await page.evaluate(() => window.cam.exportBreakdown('csv').catch((error: Error) => error.message));
  expect(message).toMatch(/^expected http.*\/on-demand\.umd\.js beside the plugin's script, found nothing$/);
  for (let i = 0; i < 2; i++) expect((await bytesOf('exportBreakdown')).length).toBeGreaterThan(0);
  expect(asked).toHaveLength(2);
  expect(await page.locator('script[src*="on-demand"]').count()).toBe(0);
});

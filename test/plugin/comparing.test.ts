import { expect, test } from 'vitest';
import { changedSettings, defaultSettings } from '../../plugin/src/changed-settings.ts';
import { paintComparedScores } from '../../plugin/src/compared-pixels.ts';
import type { CamChanges } from '../../plugin/src/options.ts';
import { otherClass } from '../../plugin/src/shown.ts';
import { checkedTile } from '../../plugin/src/tile-pixels.ts';
import { tileRequest } from '../../plugin/src/tile-request.ts';
import { addCam, openViewer, pixelsAt, settled, useBrowser } from './browser.ts';
import { describeHeatmap, describeOther } from './made-up-heatmaps.ts';
import { tileBody } from './made-up-scores.ts';
import { tilesOf } from './view-streams.ts';

const browser = useBrowser();
const descriptor = describeHeatmap(4);
const other = describeOther(4);
const compareWith = '/heatmaps/slide/other4.json';
const tileRequests = () => browser.control.requests.filter((request) => request.includes('other4_files/'));

/** RGB over the grey slide of 100 at a slide pixel, computed from the bytes of both full-resolution tiles. */
function expectedAt(x: number, y: number, changes: CamChanges): number[] {
  const settings = changedSettings(
    defaultSettings(descriptor),
    { mode: 'difference', compareWith, ...changes },
    descriptor,
    other,
  );
  const address = { level: 11, column: Math.floor(x / 256), row: Math.floor(y / 256) };
  const [own, second] = [
    { heatmap: descriptor, request: tileRequest(settings, descriptor) },
    { heatmap: other, request: tileRequest(settings, other, [otherClass(settings, other)]) },
  ].map(({ heatmap, request }) => {
    const npy = tileBody(heatmap, address, [...request.planes], request.score, 255);
    return { address, request, tile: checkedTile(npy, address, request, heatmap) };
  });
  const painted = paintComparedScores(own, descriptor, second, other, settings);
  if (!painted) throw new Error('nothing is painted');
  const inner = (position: number) => (position % 256) + (position >= 256 ? 1 : 0);
  const offset = 4 * (inner(y) * painted.width + inner(x));
  const alpha = (painted.data[offset + 3] / 255) * settings.opacity;
  return [0, 1, 2].map((channel) => alpha * painted.data[offset + channel] + (1 - alpha) * 100);
}

/** Inside cells of both models, whose borders a drawer may place between pixels. */
const POINTS: [number, number][] = [
  [884, 708],
  [1012, 620],
  [1116, 988],
  [1308, 812],
  [708, 508],
];

/** One slide pixel is one screen pixel. */
const closeUp = () =>
  browser.page.evaluate(() => {
    const { viewport } = window.viewer;
    viewport.fitBounds(new window.OpenSeadragon.Rect(600 / 2000, 400 / 2000, 900 / 2000, 640 / 2000), true);
  });

async function expectShown(changes: CamChanges, tolerance = 2) {
  await settled(browser.page);
  const found = await pixelsAt(browser.page, POINTS);
  POINTS.forEach(([x, y], place) => {
    const expected = expectedAt(x, y, changes);
    const worst = Math.max(...expected.map((value, channel) => Math.abs(value - found[place][channel])));
    expect(worst, `${JSON.stringify(changes)} at ${x}, ${y}: ${found[place]} for ${expected}`).toBeLessThanOrEqual(
      tolerance,
    );
  });
}

test.each([
  ['canvas', 2],
  ['webgl', 4],
] as const)('%s shows the bytes of one model minus the other', async (drawer, tolerance) => {
  await browser.openIn(drawer);
  const { page, url } = browser;
  await openViewer(page, url, drawer);
  await closeUp();
  const first = { classes: ['Lesion'], opacity: 0.8 };
  await addCam(page, { mode: 'difference', compareWith, ...first });
  await expectShown(first, tolerance);
  const before = tileRequests().length;
  expect(before).toBeGreaterThan(0);
  let shown: CamChanges = first;
  // A software webgl frame takes a fifth of a second.
  const steps: CamChanges[] = [
    { classes: ['Lesion', 'Gray matter'], opacity: 1, range: [0, 0.8] as const, colormap: 'PuOr' },
    { classes: ['Gray matter'], interpolation: 'cells' as const, range: [0, 1] as const },
    // Floats, which are asked for anew.
    { score: 'cam' as const },
  ];
  for (const changes of drawer === 'webgl' ? steps.slice(-1) : steps) {
    shown = { ...shown, ...changes };
    await page.evaluate((given) => window.cam.setOptions(given), changes);
    await expectShown(shown, tolerance);
    const isAnew = 'score' in changes;
    expect(tileRequests().length, 'restyled without a request').toBe(isAnew ? 2 * before : before);
  }
});

test('what was shown stays until both models are there, and then changes at once', async () => {
  const { page, url, control } = browser;
  await openViewer(page, url);
  await closeUp();
  await addCam(page, { classes: ['Lesion'], opacity: 1 });
  await settled(page);
  const before = await pixelsAt(page, POINTS);
  let release = () => {};
  const until = new Promise<void>((resolve) => {
    release = resolve;
  });
  control.held = { tile: '11/3_2', until };
  await page.evaluate((address) => {
    void window.cam.setOptions({ mode: 'difference', compareWith: address }).then(() => {
      document.body.dataset.shown = 'yes';
    });
  }, compareWith);
  await expect.poll(() => tileRequests().length).toBeGreaterThan(5);
  for (let frame = 0; frame < 5; frame++) {
    await page.evaluate(() => new Promise(requestAnimationFrame));
    expect(await pixelsAt(page, POINTS)).toEqual(before);
  }
  expect(await page.evaluate(() => document.body.dataset.shown)).toBeUndefined();
  release();
  await page.waitForFunction(() => document.body.dataset.shown === 'yes');
  await expectShown({ classes: ['Lesion'], opacity: 1 });
  await page.evaluate(() => window.cam.setOptions({ compareWith: null, mode: 'single' }));
  await settled(page);
  expect(await pixelsAt(page, POINTS)).toEqual(before);
});

test('both models are computed as they are seen, and better tiles of either are taken', async () => {
  const { page, url, control, announce } = browser;
  Object.assign(control, { missing: 3, coverage: 120, known: 100 });
  await openViewer(page, url);
  await closeUp();
  await addCam(page, { mode: 'difference', compareWith });
  await expect
    .poll(() => control.streams.at(-1)?.views.map(({ heatmap }) => heatmap))
    .toEqual(['/heatmaps/slide/model4.json', compareWith]);
  await page.evaluate(() => {
    window.viewer.addHandler('cam-progress', ({ missing, pending }) => {
      document.body.dataset.progress = `${missing} ${pending > 0}`;
    });
  });
  control.missing = 4;
  announce();
  const tiles = tilesOf(descriptor, control.streams.at(-1)?.views[0] ?? expect.fail('no view')).length;
  await expect.poll(() => page.evaluate(() => document.body.dataset.progress)).toBe(`${2 * 4 * tiles} true`);
  Object.assign(control, { missing: 0, coverage: 255, known: 651, revision: 2 });
  announce();
  await page.evaluate(() => window.cam.setOptions({ threshold: null, opacity: 1 }));
  await expect
    .poll(async () => {
      const found = await pixelsAt(page, POINTS);
      return Math.max(
        ...POINTS.flatMap(([x, y], i) =>
          expectedAt(x, y, { opacity: 1 }).map((value, c) => Math.abs(value - found[i][c])),
        ),
      );
    })
    .toBeLessThanOrEqual(2);
});

test('the legend says which model minus which, and the card what each has', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  await addCam(page, { showControl: true, mode: 'difference', compareWith, classes: ['Lesion', 'Gray matter'] });
  const panel = page.locator('.osd-cam');
  await panel.getByText('Lesion (Tissue, 4 classes) minus Gray matter (Other model)').waitFor();
  expect(await panel.locator('.osd-cam-ends').textContent()).toBe('← Other modelTissue, 4 clas… →');
  await page.mouse.move(440, 330);
  const card = page.locator('.osd-cam-card');
  await card.waitFor();
  expect(await card.locator('.osd-cam-name').allTextContents()).toEqual([
    'Lesion (Tissue, 4 classes)',
    'Gray matter (Other model)',
  ]);
  const value = await page.evaluate(() => {
    const point = window.viewer.viewport.pointFromPixel(new window.OpenSeadragon.Point(440, 330));
    const found = window.cam.getValueAt(point);
    const of = (name: string, values = found?.classes) => values?.find((entry) => entry.class === name)?.value ?? 9;
    return of('Lesion') - of('Gray matter', found?.other?.classes);
  });
  expect(await card.locator('.osd-cam-card-note').textContent()).toContain(
    `Difference ${value > 0 ? '+' : ''}${value.toFixed(2)}`,
  );
  // A class is chosen for both.
  await panel.getByText('Blank', { exact: true }).click();
  await panel.getByText('Blank (Tissue, 4 classes) minus Blank (Other model)').waitFor();
  const options = await page.evaluate(() => window.cam.getOptions());
  expect(options).toMatchObject({ mode: 'difference', compareWith, classes: ['Blank'] });
  await panel.getByText('Several', { exact: true }).click();
  expect(await page.evaluate(() => window.cam.getOptions())).toMatchObject({ mode: 'blend', compareWith });
});

test.each<[CamChanges, string]>([
  [
    { compareWith: '/heatmaps/slide/other0.json' },
    'compareWith: expected a heatmap of the same slide, 2000 x 1400 pixels, found 1000 x 700',
  ],
  [{ compareWith: '/heatmaps/slide/none.json' }, 'slide/none.json: no'],
  [
    { compareWith: '/heatmaps/slide/other2.json', mode: 'difference', classes: ['Blank'] },
    'classes of other2: expected one of Lesion, Gray matter, found Blank',
  ],
])('%j is refused, and changes nothing', async (changes, message) => {
  const { page, url } = browser;
  await openViewer(page, url);
  await addCam(page, { classes: ['Lesion'] });
  const [before, reason, after] = await page.evaluate(async (given) => {
    const options = JSON.stringify(window.cam.getOptions());
    const refusal = await window.cam.setOptions(given).then(
      () => 'none',
      (error: Error) => error.message,
    );
    return [options, refusal, JSON.stringify(window.cam.getOptions())];
  }, changes);
  expect(reason).toContain(message);
  expect(after).toBe(before);
});

import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { useServer } from '../../served-catalogue.ts';

const HEATMAP = 'heatmaps/tissue.tif/tissue.h5';
const server = useServer();

const call = (path: string, method = 'GET', body?: unknown) =>
  fetch(new URL(path, server.address), { method, body: body === undefined ? undefined : JSON.stringify(body) });
const json = async (path: string, method = 'GET', body?: unknown) => (await call(path, method, body)).json();

async function analyse(query = '', region?: number[]) {
  await call(`${HEATMAP}/analysis${query}`, 'POST', region ? { region } : {});
  for (;;) {
    const state = await json(`${HEATMAP}/analysis${query}`);
    if (state.state !== 'running') return state;
    await setTimeout(50);
  }
}

/** Patches of 128 pixels from (256, 128) on, 4 x 3 of them. */
const RECTANGLE = [256, 128, 512, 384];
const ring = ([x, y, width, height]: number[]) => [
  [x, y],
  [x + width, y],
  [x + width, y + height],
  [x, y + height],
  [x, y],
];

test('the cost of an analysis is told before anybody starts it, and that of a region once it is asked for', async () => {
  const { analysis } = await json(`${HEATMAP}.json`);
  expect(analysis).toMatchObject({ state: 'none', region: null, missing: 150, patches: { known: 0, total: 150 } });
  expect(analysis.patchesPerSecond).toBeGreaterThan(0);
  expect(analysis.seconds).toBeCloseTo(150 / analysis.patchesPerSecond, 6);
  const state = await analyse('', RECTANGLE);
  // The cost stays that of the whole slide.
  const region = { rectangle: RECTANGLE, patches: { known: 12, total: 12 } };
  expect(state).toMatchObject({ state: 'done', region, missing: 138, patches: { known: 12, total: 150 } });
});

test.each([
  ['a list', [1, 2, 3, 4]],
  ['another field', { Region: RECTANGLE }],
  ['a region of three numbers', { region: [1, 2, 3] }],
])('an analysis of %s is not taken for one of the whole slide', async (_, body) => {
  const response = await call(`${HEATMAP}/analysis`, 'POST', body);
  expect(response.status).toBe(400);
});

describe('the breakdown of a region', () => {
  test('is that of its patches, with areas in pixels and mm2 and a histogram of each class', async () => {
    const found = await json(`${HEATMAP}/breakdown?region=${RECTANGLE}`);
    expect(found).toMatchObject({ of: 'region', exact: true, patches: { known: 12, total: 12 } });
    const areas = found.statistics.reduce((sum: number, { pixels }: { pixels: number }) => sum + pixels, 0);
    expect(areas).toBeCloseTo(512 * 384, 3);
    for (const { pixels, squareMillimetres, histogram } of found.statistics) {
      // The slide has 0.5 microns per pixel.
      expect(squareMillimetres).toBeCloseTo((pixels * 0.25) / 1e6, 9);
      expect(histogram.reduce((sum: number, share: number) => sum + share, 0)).toBeCloseTo(1, 9);
    }
  });

  test('of a polygon equals that of the same rectangle', async () => {
    const polygon = { type: 'Polygon', coordinates: [ring(RECTANGLE)] };
    const feature = { type: 'Feature', properties: {}, geometry: polygon };
    const expected = await json(`${HEATMAP}/breakdown?region=${RECTANGLE}`);
    expect(await json(`${HEATMAP}/breakdown`, 'POST', polygon)).toEqual(expected);
    expect(await json(`${HEATMAP}/breakdown`, 'POST', feature)).toEqual(expected);
  });

  test('leaves out a hole, and counts patches at an edge by their share', async () => {
    const hole = [384, 256, 128, 128];
    const whole = await json(`${HEATMAP}/breakdown`, 'POST', { type: 'Polygon', coordinates: [ring(RECTANGLE)] });
    const part = await json(`${HEATMAP}/breakdown`, 'POST', {
      type: 'Polygon',
      coordinates: [ring(RECTANGLE), ring(hole).reverse()],
    });
    const inHole = await json(`${HEATMAP}/breakdown?region=${hole}`);
    expect(part.patches).toEqual({ known: 11, total: 11 });
    for (const [i, { probability }] of part.breakdown.entries()) {
      const expected = (12 * whole.breakdown[i].probability - inHole.breakdown[i].probability) / 11;
      expect(probability).toBeCloseTo(expected, 9);
    }
  });

  test.each<[string, unknown, string]>([
    ['a point', { type: 'Point', coordinates: [1, 2] }, 'Polygon'],
    ['an open ring', { type: 'Polygon', coordinates: [ring(RECTANGLE).slice(0, 4)] }, 'ring'],
    ['nothing', {}, 'Polygon'],
  ])('of %s is refused with one sentence', async (_, body, message) => {
    const response = await call(`${HEATMAP}/breakdown`, 'POST', body);
    expect(response.status).toBe(400);
    expect((await response.json()).error.message).toContain(message);
  });
});

describe('options make another heatmap', () => {
  test.each([
    ['?overlap=2', { overlap: 2, background: null }, 30 * 19],
    ['?overlap=4', { overlap: 4, background: null }, 59 * 37],
  ])('%s', async (query, options, total) => {
    const found = await json(`${HEATMAP}.json${query}`);
    expect(found.options).toEqual(options);
    expect(found.analysis.patches.total).toBe(total);
    expect(found.tiles).toBe(`tissue.h5_files/${query}`);
  });

  test('background by saturation is not classified, shown as nothing, and left out of the breakdown', async () => {
    const { analysis, fingerprint } = await json(`${HEATMAP}.json?background=otsu`);
    expect(analysis.patches.total).toBeLessThan(150);
    expect(fingerprint).not.toBe((await json(`${HEATMAP}.json`)).fingerprint);
    await analyse('?background=otsu');
    const found = await json(`${HEATMAP}/breakdown?background=otsu`);
    expect(found).toMatchObject({ of: 'tissue', exact: true, patches: { total: analysis.patches.total } });
  });

  test('background by a class is left out once it is known', async () => {
    const query = `?background=${encodeURIComponent('class:Glass')}`;
    await analyse(query);
    const found = await json(`${HEATMAP}/breakdown${query}`);
    expect(found).toMatchObject({ of: 'tissue', exact: true, patches: { known: 150, total: 150 } });
    const glass = found.breakdown.find((share: { class: string }) => share.class === 'Glass');
    expect(glass.probability).toBeLessThan(0.5);
  });

  test.each([
    ['overlap=3', 'overlap: expected one of 1, 2, 4'],
    ['overlap=two', 'overlap: expected one of 1, 2, 4'],
    ['background=glass', 'background: expected none, otsu or class:NAME'],
    ['background=class:Unicorn', 'background: expected a class of the model'],
  ])('%s is refused', async (query, message) => {
    const response = await call(`${HEATMAP}.json?${query}`);
    expect(response.status).toBe(400);
    expect((await response.json()).error.message).toContain(message);
  });
});

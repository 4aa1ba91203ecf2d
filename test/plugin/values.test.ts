import { expect, test } from 'vitest';
import { checkedTile } from '../../plugin/src/tile-pixels.ts';
import { tileCovers, valuesAt } from '../../plugin/src/values.ts';
import { describeHeatmap } from './made-up-heatmaps.ts';
import { tileBody } from './made-up-scores.ts';

const descriptor = describeHeatmap(2);
const address = { level: 11, column: 1, row: 2 };
const request = { score: 'patch', planes: [0, 1] } as const;

function values(x: number, y: number, coverage: number) {
  const tile = checkedTile(tileBody(descriptor, address, [0, 1], 'patch', coverage), address, request, descriptor);
  const fetched = { tile, missing: 0, revision: undefined };
  const scores = { address, request, ...fetched, stale: false, fruitless: 0, notBefore: 0, painted: 0 };
  return valuesAt(descriptor, scores, x, y);
}

test('the values of the patch under a point', () => {
  const here = values(300, 600, 255);
  expect(here).toMatchObject({ score: 'patch', exact: true });
  expect(values(319, 639, 255)?.classes).toEqual(here?.classes);
  expect(values(320, 639, 255)?.classes).not.toEqual(here?.classes);
  expect(here?.classes.map((entry) => entry.class)).toEqual(['Lesion', 'Gray matter']);
});

test('estimated values say so, unknown ones are none', () => {
  expect(values(300, 600, 100)?.exact).toBe(false);
  expect(values(300, 600, 0)).toBeUndefined();
});

test('the remainder has no values', () => {
  expect(values(1990, 600, 255)).toBeUndefined();
  expect(values(300, 1399, 255)).toBeUndefined();
});

test('a tile covers its own square of the slide', () => {
  expect(tileCovers(descriptor, address, 256, 512)).toBe(true);
  expect(tileCovers(descriptor, address, 512, 512)).toBe(false);
  expect(tileCovers(descriptor, { level: 9, column: 0, row: 0 }, 1023, 1023)).toBe(true);
});

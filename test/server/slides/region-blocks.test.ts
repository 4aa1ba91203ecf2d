import { expect, test } from 'vitest';
import { regionBlocks } from '../../../server/src/slides/region-blocks.ts';

const square = (x: number, y: number) => ({ x, y, width: 64, height: 64 });

test('a hundred neighbours are one block', () => {
  const regions = Array.from({ length: 100 }, (_, i) => square(64 * (i % 10), 64 * Math.floor(i / 10)));
  expect(regionBlocks(regions)).toEqual([{ region: { x: 0, y: 0, width: 640, height: 640 }, members: regions }]);
});

test('regions that are few in their square, or in different ones, are read by themselves', () => {
  const regions = [square(0, 0), square(900, 900), square(1024, 0)];
  expect(regionBlocks(regions)).toEqual(regions.map((region) => ({ region, members: [region] })));
});

import { expect, test } from 'vitest';
import { changedSettings, defaultSettings } from '../../plugin/src/changed-settings.ts';
import { satisfies, tileRequest, tileUrl } from '../../plugin/src/tile-request.ts';
import { describeHeatmap } from './made-up-heatmaps.ts';

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const request = (classes: number, changes: Parameters<typeof changedSettings>[1]) => {
  const descriptor = describeHeatmap(classes);
  return tileRequest(changedSettings(defaultSettings(descriptor), changes, descriptor), descriptor);
};

test('few classes are all asked for, whichever is shown', () => {
  expect(request(4, { classes: ['Blank'] })).toEqual({ score: 'probability', planes: range(4) });
});

test('of many, the first sixteen and those shown', () => {
  expect(request(100, { classes: ['class 40'] }).planes).toEqual([...range(16), 40]);
});

test('never more than 32', () => {
  expect(request(100, { mode: 'blend' }).planes).toEqual(range(32));
  const last = range(30).map((i) => `class ${70 + i}`);
  expect(request(100, { mode: 'blend', classes: last }).planes).toEqual([0, 1, ...range(30).map((i) => 70 + i)]);
});

test('patches are the score of patches', () => {
  expect(request(4, { interpolation: 'patches', score: 'cam' }).score).toBe('patch');
});

test('a tile serves every request for fewer planes of its score', () => {
  const have = { score: 'cam', planes: [0, 1, 2] } as const;
  expect(satisfies(have, { score: 'cam', planes: [1] })).toBe(true);
  expect(satisfies(have, { score: 'cam', planes: [3] })).toBe(false);
  expect(satisfies(have, { score: 'patch', planes: [1] })).toBe(false);
});

test.each([
  ['model4_files/', 'http://h/heatmaps/slide/model4_files/9/1_2.npy?v=f1&classes=0%2C2&score=cam&wait=0'],
  [
    'model4_files/?overlap=2',
    'http://h/heatmaps/slide/model4_files/9/1_2.npy?overlap=2&v=f1&classes=0%2C2&score=cam&wait=0',
  ],
])('address of a tile below %s', (tiles, expected) => {
  const descriptor = { ...describeHeatmap(4), tiles };
  const address = { level: 9, column: 1, row: 2 };
  const url = tileUrl('http://h/heatmaps/slide/model4.json', descriptor, address, { score: 'cam', planes: [0, 2] });
  expect(url).toBe(expected);
});

import { expect, test } from 'vitest';
import { analysed, interval, orderByShare, percentage, shareHeading, timeLeft } from '../../plugin/src/panel/format.ts';
import { describeHeatmap } from './made-up-heatmaps.ts';

test.each([
  [0, '0 %'],
  [0.0004, '0.0 %'],
  [0.084, '8.4 %'],
  [0.0996, '10 %'],
  [0.512, '51 %'],
  [1, '100 %'],
])('%d is %s', (share, text) => {
  expect(percentage(share)).toBe(text);
});

test('half the interval, and none where there is none', () => {
  expect(interval({ class: 'a', probability: 0.5, low: 0.47, high: 0.53 })).toBe('± 3');
  expect(interval({ class: 'a', probability: 0.5, low: 0.498, high: 0.502 })).toBe('± 0.2');
  expect(interval({ class: 'a', probability: 0.5, low: 0.5, high: 0.5 })).toBe('');
  expect(interval({ class: 'a', probability: 0.5, low: null, high: null })).toBe('');
});

test('how much is analysed', () => {
  const of = (known: number, total: number, exact = false) =>
    analysed({ breakdown: [], patches: { known, total }, exact, of: 'slide' });
  expect([of(0, 100), of(3, 100), of(12, 100), of(100, 100, true), of(0, 0)]).toEqual([
    '0 % analysed',
    '3.0 % analysed',
    '12 % analysed',
    'all analysed',
    'no patches',
  ]);
});

test('how long it takes is told where it is worth a word', () => {
  expect([null, 0.4, 1.9, 2.1, 89, 100, 3599, 9000].map(timeLeft)).toEqual([
    '',
    '',
    '',
    'sharp in 3 s',
    'sharp in 89 s',
    'sharp in 2 min',
    'sharp in 60 min',
    'sharp in 3 h',
  ]);
});

test('rows are sorted by share, and keep their order where their numbers read alike', () => {
  expect(orderByShare([0, 1, 2], [0.1, 0.6, 0.3], percentage)).toEqual([1, 2, 0]);
  expect(orderByShare([0, 1, 2], [0.301, 0.304, null], percentage)).toEqual([0, 1, 2]);
  expect(orderByShare([0, 1, 2], [0.301, 0.308, 0], percentage)).toEqual([1, 0, 2]);
});

test('what the shares are of', () => {
  const descriptor = describeHeatmap(2);
  expect(shareHeading(descriptor)).toBe('Mean probability of');
  const options = { overlap: 1 as const, background: 'otsu' as const };
  expect(shareHeading({ ...descriptor, options })).toBe('Mean probability, tissue of');
});

import { expect, test } from 'vitest';
import { pauseAfter, wishedPause } from '../../plugin/src/pauses.ts';

test('pauses double, up to half a minute or what is longest', () => {
  expect([0, 1, 2, 10].map((failures) => pauseAfter(failures))).toEqual([500, 1000, 2000, 30_000]);
  expect([0, 4, 5, 10].map((failures) => pauseAfter(failures, 15_000))).toEqual([500, 8000, 15_000, 15_000]);
});

test.each([
  [null, 0],
  ['', 0],
  ['7', 7000],
  ['-7', 0],
  ['soon', 0],
  ['1000000', 3_600_000],
  ['Thu, 01 Jan 1970 00:01:00 GMT', 50_000],
  ['Thu, 01 Jan 1970 00:00:05 GMT', 0],
])('Retry-After %s asks for %d ms', (header, pause) => {
  expect(wishedPause(header, 10_000)).toBe(pause);
});

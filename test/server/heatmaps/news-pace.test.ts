import { expect, test } from 'vitest';
import { createNewsPace } from '../../../server/src/heatmaps/news-pace.ts';

/** Times at which news are told that come all the time until the view ends. */
function follow(endsAt: number, isEndForeseen: boolean): number[] {
  const pace = createNewsPace();
  const times = [0];
  pace.told(0);
  for (;;) {
    const now = pace.earliest(isEndForeseen && endsAt - times[times.length - 1] < 1000 ? 'ends soon' : 'goes on');
    const last = Math.max(endsAt, pace.earliest('ended'));
    times.push(Math.min(now, last));
    pace.told(Math.min(now, last));
    if (now >= last) return times;
  }
}

const mostInASecond = (times: number[]) =>
  Math.max(...times.map((time) => times.filter((other) => other >= time && other < time + 1000).length));

test.each([3, 40, 170, 320, 700, 999, 1001, 1400, 3210])(
  'an end after %i ms that is foreseen is told at once',
  (end) => {
    const times = follow(end, true);
    expect(times.at(-1)).toBe(end);
    expect(mostInASecond(times)).toBeLessThanOrEqual(4);
  },
);

test('one that comes unforeseen waits until no second has more than four', () => {
  for (let end = 1; end < 3000; end += 7) {
    const times = follow(end, false);
    expect(mostInASecond(times)).toBeLessThanOrEqual(4);
    expect(times.at(-1)).toBeLessThan(end + 500);
  }
});

test('the first news come soon after the beginning', () => {
  expect(follow(5000, true).slice(0, 5)).toEqual([0, 5, 150, 500, 1000]);
});

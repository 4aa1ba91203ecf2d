import fc from 'fast-check';
import { expect, test } from 'vitest';
import { handleStep, type Interval, roundedOutwards, spreadLabels } from '../../plugin/src/panel/score-domain.ts';

test.each<[Interval, Interval]>([
  [
    [-3.7, 9.3],
    [-4, 10],
  ],
  [
    [-4, 10],
    [-4, 10],
  ],
  [
    [0, 1],
    [0, 1],
  ],
  [
    [-0.03, 0.29],
    [-0.05, 0.3],
  ],
  [
    [5, 5],
    [5, 5.1],
  ],
])('%j is rounded to %j', (interval, rounded) => {
  expect(roundedOutwards(interval)).toEqual(rounded);
});

const score = fc.double({ min: -65504, max: 65504, noNaN: true }).map((value) => Math.fround(value));

test('what is rounded holds what was given, and stays as it is when rounded again', () => {
  fc.assert(
    fc.property(score, score, (a, b) => {
      fc.pre(Math.abs(a - b) > 1e-3);
      const given: Interval = [Math.min(a, b), Math.max(a, b)];
      const [low, high] = roundedOutwards(given);
      const noise = 1e-6 * (given[1] - given[0]);
      expect(low).toBeLessThanOrEqual(given[0] + noise);
      expect(high).toBeGreaterThanOrEqual(given[1] - noise);
      expect(high - low).toBeLessThanOrEqual(1.5 * (given[1] - given[0]));
    }),
  );
});

test('a key moves a handle by a round step', () => {
  expect([handleStep([0, 1]), handleStep([-4, 10]), handleStep([0, 300])]).toEqual([0.01, 0.1, 2]);
});

test('labels stand at their places where they have room, and side by side where not', () => {
  expect(spreadLabels([20, 50, 90], [10, 10, 10])).toEqual([20, 50, 90]);
  expect(spreadLabels([0, 100], [10, 10])).toEqual([5, 95]);
  expect(spreadLabels([28, 36], [12, 12])).toEqual([26, 38]);
});

test('labels never overlap nor leave the track', () => {
  const percent = fc.double({ min: 0, max: 100, noNaN: true });
  const width = fc.double({ min: 1, max: 33, noNaN: true });
  fc.assert(
    fc.property(fc.tuple(percent, percent, percent), fc.tuple(width, width, width), (places, widths) => {
      const centres = spreadLabels(places, widths);
      const order = [0, 1, 2].sort((a, b) => centres[a] - centres[b]);
      let free = -1e-6;
      for (const i of order) {
        expect(centres[i] - widths[i] / 2).toBeGreaterThanOrEqual(free);
        free = centres[i] + widths[i] / 2 - 1e-6;
      }
      expect(free).toBeLessThanOrEqual(100);
    }),
  );
});

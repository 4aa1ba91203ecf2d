import { expect, test } from 'vitest';
import { asSeen, classColour, formatColour, parseColour } from '../../../shared/colour/palette.ts';

test('begins with the colours of Okabe and Ito', () => {
  expect([0, 1, 2].map(classColour)).toEqual(['#e69f00', '#56b4e9', '#009e73']);
});

test('a hundred classes have a hundred colours, whatever is asked first', () => {
  const last = classColour(99);
  const colours = Array.from({ length: 100 }, (_, i) => classColour(i));
  expect(colours[99]).toBe(last);
  expect(new Set(colours).size).toBe(100);
});

test('the first sixteen are well apart in RGB', () => {
  const colours = Array.from({ length: 16 }, (_, i) => parseColour(classColour(i)) ?? [0, 0, 0]);
  for (let i = 0; i < 16; i++) {
    for (let j = 0; j < i; j++) {
      expect(Math.hypot(...colours[i].map((value, k) => value - colours[j][k]))).toBeGreaterThan(40);
    }
  }
});

test('more classes than colours begin again', () => {
  expect(parseColour(classColour(5000))).toBeDefined();
});

test.each([
  ['#d62728', [0xd6, 0x27, 0x28]],
  ['#FFFFFF', [255, 255, 255]],
  ['#fff', undefined],
  ['red', undefined],
  ['#12345g', undefined],
])('parses %s', (text, expected) => {
  expect(parseColour(text)).toEqual(expected);
});

test('formats with leading zeros', () => {
  expect(formatColour([0, 10, 255])).toBe('#000aff');
});

/** Distance in OKLab under which two colours of neighbouring areas look alike. */
const JUST_APART = 0.035;

test('the first twenty stay apart under every kind of colour blindness', () => {
  const seen = Array.from({ length: 20 }, (_, i) => asSeen(classColour(i)));
  for (let i = 0; i < 20; i++) {
    for (let j = 0; j < i; j++) {
      for (let vision = 0; vision < 12; vision += 3) {
        const distance = Math.hypot(...[0, 1, 2].map((k) => seen[i][vision + k] - seen[j][vision + k]));
        expect(distance, `${classColour(i)} and ${classColour(j)}, vision ${vision / 3}`).toBeGreaterThan(JUST_APART);
      }
    }
  }
});

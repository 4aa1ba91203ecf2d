import { expect, test } from 'vitest';
import { drawPredictions, layoutFor, predictionLines } from '../../../server/src/rendering/predictions.ts';

const predictions = [
  { class: 'Gray', probability: 0.104 },
  { class: 'White Matter', probability: 0.89 },
  { class: 'Blank', probability: 0.004 },
];

test.each([
  ['all that are not 0 %', 3, 20, ['White Matter 89 %', 'Gray 10 %']],
  ['as many as fit', 1, 20, ['White Matter 89 %']],
  ['long names cut', 3, 12, ['White … 89 %', 'Gray 10 %']],
])('predictions become lines: %s', (_, lines, letters, expected) => {
  expect(predictionLines(predictions, { lines, letters })).toEqual(expected);
});

test.each([
  [128, 128, { size: 14, lines: 3, letters: 14 }],
  [64, 64, { size: 9, lines: 3, letters: 10 }],
  [1024, 1024, { size: 24, lines: 3, letters: 68 }],
  [128, 16, null],
  [40, 128, null],
])('a patch of %d x %d pixels', (width, height, expected) => {
  expect(layoutFor({ width, height })).toEqual(expected);
});

function strip(y: number, height: number, value: number) {
  return { x: 0, y, width: 256, height, data: new Uint8Array(256 * height * 3).fill(value) };
}
const patch = { x: 128, y: 0, width: 128, height: 128 };

test.each([255, 128, 0])(
  'is legible on %d: white letters with black around them, inside the patch alone',
  async (value) => {
    const rows = strip(0, 128, value);
    await drawPredictions(rows, [{ patch, predictions }], 1);
    const written = [...rows.data.keys()].filter((i) => rows.data[i] !== value);
    expect(written.every((i) => Math.floor(i / 3) % 256 >= 128)).toBe(true);
    const count = (wanted: (pixel: number) => boolean) => rows.data.filter((pixel) => wanted(pixel)).length / 3;
    if (value < 255) expect(count((pixel) => pixel > 250)).toBeGreaterThan(50);
    if (value > 0) expect(count((pixel) => pixel < 40)).toBeGreaterThan(300);
  },
);

test('text that crosses strips is the same as in one', async () => {
  const whole = strip(0, 128, 200);
  await drawPredictions(whole, [{ patch, predictions }], 1);
  const parts = [strip(0, 11, 200), strip(11, 30, 200), strip(41, 87, 200)];
  for (const part of parts) await drawPredictions(part, [{ patch, predictions }], 1);
  expect(Buffer.compare(Buffer.concat(parts.map(({ data }) => data)), whole.data)).toBe(0);
});

test('names are text, never markup', async () => {
  const rows = strip(0, 128, 200);
  await drawPredictions(rows, [{ patch, predictions: [{ class: 'a<b>&c', probability: 1 }] }], 1);
  expect(rows.data.some((pixel) => pixel !== 200)).toBe(true);
});

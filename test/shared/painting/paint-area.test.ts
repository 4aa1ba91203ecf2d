import { expect, test } from 'vitest';
import { paintArea } from '../../../shared/painting/paint-area.ts';
import { cellRaster, full, grid, noise, none, style, tileOf } from './tiles.ts';

const whole = {
  rasterLevel: 'cells',
  rowStart: 0,
  columnStart: 0,
  rows: cellRaster.rows,
  columns: cellRaster.columns,
} as const;
const tile = tileOf(whole, [noise(1), full, none]);

test.each([1, 2, 2.5, 0.75])('strips at scale %d make up the whole picture, byte for byte', (scale) => {
  const width = Math.ceil(400 / scale);
  const height = Math.ceil(300 / scale);
  const picture = paintArea(tile, whole, grid, { x: 0, y: 0, width, height }, scale, style());
  const strips: number[] = [];
  for (let y = 0; y < height; y += 37) {
    const strip = { x: 0, y, width, height: Math.min(37, height - y) };
    // Only the values under the strip and one beyond.
    const rowStart = Math.max(0, Math.floor((y * scale) / 16) - 1);
    const rowEnd = Math.min(cellRaster.rows, Math.ceil(((y + strip.height) * scale) / 16) + 1);
    const window = { ...whole, rowStart, rows: rowEnd - rowStart };
    strips.push(...paintArea(tileOf(window, [noise(1), full, none]), window, grid, strip, scale, style()).data);
  }
  expect(Buffer.compare(Buffer.from(strips), Buffer.from(picture.data))).toBe(0);
});

test('a strip beyond the grid is transparent', () => {
  const area = { x: 960, y: 0, width: 40, height: 10 };
  expect(paintArea(tile, whole, grid, area, 1, style()).data.every((byte) => byte === 0)).toBe(true);
});

import { expect, test } from 'vitest';
import { paintArea } from '../../../shared/painting/paint-area.ts';
import { MODES } from '../../../shared/painting/style.ts';
import { cellRaster, full, grid, noise, none, style, tileOf } from './tiles.ts';

const whole = {
  rasterLevel: 'cells',
  rowStart: 0,
  columnStart: 0,
  rows: cellRaster.rows,
  columns: cellRaster.columns,
} as const;
const tile = tileOf(whole, [noise(1), noise(2), noise(3), full, none]);
const colours: [number, number, number][] = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
];

test.each(MODES)('%s paints a wide area as its narrow parts, byte for byte', (mode) => {
  const planes = { single: [1], blend: [0, 1, 2], argmax: [0, 1, 2], entropy: [0, 1, 2], difference: [2, 0] }[mode];
  const changes = style({ mode, planes, colours: planes.map((plane) => colours[plane]) });
  const [width, height] = [1900, 20];
  const paint = (x: number, part: number) =>
    paintArea(tile, whole, grid, { x, y: 300, width: part, height }, 0.5, changes).data;
  const picture = paint(0, width);
  for (let x = 0; x < width; x += 190) {
    const narrow = paint(x, 190);
    for (let y = 0; y < height; y++) {
      const row = picture.subarray((y * width + x) * 4, (y * width + x + 190) * 4);
      expect(Buffer.compare(Buffer.from(row), Buffer.from(narrow.subarray(y * 760, (y + 1) * 760)))).toBe(0);
    }
  }
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { paintArea } from '../../../shared/painting/paint-area.ts';
import { MODES, type PaintStyle, type ScoreTile } from '../../../shared/painting/style.ts';
import { cellRaster, full, grid, noise, none, style, tileOf } from './tiles.ts';

const whole = {
  rasterLevel: 'cells',
  rowStart: 0,
  columnStart: 0,
  rows: cellRaster.rows,
  columns: cellRaster.columns,
} as const;
const AREA = { x: 40, y: 24, width: 64, height: 48 };
/** Grey of the entry. */
const greys = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));
const COLOURS: PaintStyle['colours'] = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
];

const paint = (tile: ScoreTile, changes: Partial<PaintStyle>, scale = 1) =>
  paintArea(tile, whole, grid, AREA, scale, style({ colormap: greys, colours: COLOURS, ...changes })).data;
const flat = (...bytes: number[]) => tileOf(whole, [...bytes.map((byte) => () => byte), full, none]);
const pixel = (data: Uint8ClampedArray, at = 0) => [...data.subarray(4 * at, 4 * at + 4)];
const noisy = tileOf(whole, [noise(1), noise(2), noise(3), full, none]);

describe('entropy', () => {
  const entropy = (changes: Partial<PaintStyle> = {}): Partial<PaintStyle> => ({
    mode: 'entropy',
    planes: [0, 1, 2],
    ...changes,
  });

  test.each([
    ['one class is certain', [255, 0, 0], 0],
    ['all are alike', [85, 85, 85], 255],
    // log2(2) / log2(3)
    ['two of three are alike', [128, 127, 0], 161],
  ])('where %s', (_, bytes, grey) => {
    expect(pixel(paint(flat(...bytes), entropy()))).toEqual([grey, grey, grey, 255]);
  });

  test('of classes for themselves is the mean of their own', () => {
    const tile = flat(128, 255, 0);
    const [grey] = pixel(paint(tile, entropy({ exclusive: false })));
    expect(grey).toBe(85);
  });

  test('does not depend on rounded probabilities that miss 1 a little', () => {
    expect(pixel(paint(flat(84, 84, 84), entropy()))).toEqual(pixel(paint(flat(85, 85, 85), entropy())));
  });
});

describe('a difference', () => {
  const difference = (changes: Partial<PaintStyle> = {}): Partial<PaintStyle> => ({
    mode: 'difference',
    planes: [2, 0],
    ...changes,
  });

  test.each([
    [[0, 9, 255], 255],
    [[255, 9, 0], 0],
    [[51, 9, 51], 128],
    [[0, 9, 51], 153],
  ])('of planes %j takes the second from the first', (bytes, grey) => {
    expect(pixel(paint(flat(...bytes), difference()))[0]).toBe(grey);
  });

  test('below the threshold, to either side, is transparent', () => {
    for (const bytes of [
      [51, 0, 0],
      [0, 0, 51],
    ]) {
      expect(pixel(paint(flat(...bytes), difference({ threshold: 0.25 })))).toEqual([0, 0, 0, 0]);
      expect(pixel(paint(flat(...bytes), difference({ threshold: 0.15 })))[3]).toBe(255);
    }
  });

  test('with opacity by value is transparent where there is none', () => {
    const alphas = [0, 51, 255].map((byte) => pixel(paint(flat(0, 0, byte), difference({ opacityByValue: true })))[3]);
    expect(alphas).toEqual([1, 51, 255]);
  });
});

describe('gamma', () => {
  test.each([
    ['single', [51], 0.5, [114, 114, 114, 255]],
    ['single', [255], 3, [255, 255, 255, 255]],
    ['argmax', [51], 0.5, [255, 0, 0, 114]],
    ['blend', [51], 2, [255, 0, 0, 10]],
  ] as const)('in %s of %j by %d', (mode, bytes, gamma, expected) => {
    expect(pixel(paint(flat(...bytes), { mode, planes: [0], gamma }))).toEqual(expected);
  });
});

test('opacity by value fades the low end of one class', () => {
  const alphas = [0, 51, 255].map(
    (byte) => pixel(paint(flat(byte), { planes: [0], opacityByValue: true, opacity: 0.5 }))[3],
  );
  expect(alphas).toEqual([0, 26, 128]);
});

describe.each(MODES)('%s', (mode) => {
  const changes = { mode, planes: mode === 'single' ? [1] : [0, 1, 2] } as const;

  test('shows nothing where nothing is known, nor on background', () => {
    for (const planes of [
      [none, none],
      [full, full],
    ]) {
      const tile = tileOf(whole, [noise(1), noise(2), noise(3), ...planes]);
      expect(paint(tile, { ...changes, planes: [...changes.planes] }).every((byte) => byte === 0)).toBe(true);
    }
  });

  test('strips make up the whole picture, byte for byte, with whatever is estimated', () => {
    const byte = fc.constantFrom(0, 1, 90, 254, 255);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        byte,
        fc.double({ min: 0.3, max: 3, noNaN: true }),
        (seed, low, gamma) => {
          const coverage = (column: number, row: number) => (noise(seed)(column, row) > 128 ? low : 255);
          const tile = tileOf(whole, [noise(1), noise(2), noise(3), coverage, none]);
          const given = style({
            colormap: greys,
            colours: COLOURS,
            ...changes,
            planes: [...changes.planes],
            gamma,
            opacityByValue: seed % 2 === 0,
          });
          const picture = paintArea(tile, whole, grid, AREA, 0.7, given).data;
          const strips: number[] = [];
          for (let y = 0; y < AREA.height; y += 11) {
            const height = Math.min(11, AREA.height - y);
            strips.push(...paintArea(tile, whole, grid, { ...AREA, y: AREA.y + y, height }, 0.7, given).data);
          }
          expect(Buffer.compare(Buffer.from(strips), Buffer.from(picture))).toBe(0);
        },
      ),
      { numRuns: 20 },
    );
  });

  test('does not depend on the order in which classes were named', () => {
    if (mode === 'single' || mode === 'difference') return;
    const named = (planes: number[]) =>
      Buffer.from(paint(noisy, { mode, planes, colours: planes.map((plane) => COLOURS[plane]) }));
    expect(Buffer.compare(named([2, 0, 1]), named([0, 1, 2]))).toBe(0);
  });
});

describe('what is estimated', () => {
  const estimated = tileOf(whole, [() => 255, () => 100, none]);

  test('is fainter, and hatched on close look alone', () => {
    const alphas = (scale: number) => new Set(paint(estimated, { planes: [0] }, scale).filter((_, i) => i % 4 === 3));
    expect(alphas(4)).toEqual(new Set([153]));
    expect(alphas(1)).toEqual(new Set([153, 54]));
  });

  test('has lines that go on in the next tile', () => {
    const lines = (area: typeof AREA) => {
      const { data } = paintArea(estimated, whole, grid, area, 1, style({ colormap: greys, planes: [0] }));
      return (x: number, y: number) => data[4 * (y * area.width + x) + 3] === 54;
    };
    const left = lines(AREA);
    const right = lines({ ...AREA, x: AREA.x + 10 });
    for (let y = 0; y < 20; y++) for (let x = 0; x < 20; x++) expect(right(x, y)).toBe(left(x + 10, y));
  });

  test('is not hatched where it is computed', () => {
    const tile = tileOf(whole, [() => 255, (column) => (column < 5 ? 100 : 255), none]);
    const { data } = paintArea(tile, whole, grid, { ...AREA, x: 300 }, 1, style({ colormap: greys, planes: [0] }));
    expect(data.every((byte, i) => i % 4 !== 3 || byte === 255)).toBe(true);
  });
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { resampleArea } from '../../shared/resample-area.ts';

/** One row of grey pixels. */
function row(...values: number[]) {
  return { x: 0, y: 0, width: values.length, height: 1, data: Uint8Array.from(values.flatMap((v) => [v, v, v])) };
}

test.each([
  ['whole pixels', [10, 20, 30, 40], { x: 0, scale: 2 }, 2, [15, 35]],
  ['halves round up', [10, 11, 12, 13], { x: 0, scale: 2 }, 2, [11, 13]],
  ['fractional edges', [0, 90, 0], { x: 0, scale: 1.5 }, 2, [30, 30]],
  ['a float origin', [0, 100, 200], { x: 0.25, scale: 1 }, 2, [25, 125]],
  ['scale 1 is exact', [7, 8, 9], { x: 1, scale: 1 }, 2, [8, 9]],
  ['enlarging repeats', [10, 20], { x: 0, scale: 0.5 }, 4, [10, 10, 20, 20]],
  ['partly beyond: only what is there', [10, 20, 30], { x: 0, scale: 2 }, 2, [15, 30]],
  ['wholly beyond: the nearest', [10, 20, 30], { x: 0, scale: 2 }, 4, [15, 30, 30, 30]],
] as const)('%s', (_, source, { x, scale }, width, expected) => {
  // The filter treats both sides alike: the one row is repeated by a window that stays inside it.
  const result = resampleArea({ ...row(...source), height: 1 }, { x, y: 0, scale }, { width, height: 1 });
  expect([...result].filter((_value, i) => i % 3 === 0)).toEqual(expected);
});

const region = fc.record({
  width: fc.integer({ min: 1, max: 24 }),
  height: fc.integer({ min: 1, max: 24 }),
  seed: fc.integer({ min: 1, max: 1000 }),
});

function noise(width: number, height: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: width * height * 3 }, (_, i) => (Math.imul(i + seed, 2654435761) >>> 16) & 255);
}

test('equals the direct sum over areas', () => {
  fc.assert(
    fc.property(
      region,
      fc.double({ min: 0, max: 8, noNaN: true }),
      fc.double({ min: 0, max: 8, noNaN: true }),
      fc.double({ min: 0.3, max: 6, noNaN: true }),
      ({ width, height, seed }, x, y, scale) => {
        fc.pre(x + scale * 2 <= width && y + scale * 2 <= height);
        const data = noise(width, height, seed);
        const result = resampleArea({ x: 0, y: 0, width, height, data }, { x, y, scale }, { width: 2, height: 2 });
        for (let p = 0; p < 12; p++) {
          const left = x + (Math.floor(p / 3) % 2) * scale;
          const top = y + Math.floor(p / 6) * scale;
          let sum = 0;
          for (let r = 0; r < height; r++) {
            for (let c = 0; c < width; c++) {
              const across = Math.max(0, Math.min(c + 1, left + scale) - Math.max(c, left));
              const down = Math.max(0, Math.min(r + 1, top + scale) - Math.max(r, top));
              sum += across * down * data[(r * width + c) * 3 + (p % 3)];
            }
          }
          expect(Math.abs(result[p] - sum / scale ** 2)).toBeLessThanOrEqual(0.5 + 1e-6);
        }
      },
    ),
  );
});

test('pixels of two by two are their means, halves rounded up', () => {
  fc.assert(
    fc.property(
      region,
      fc.tuple(fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: 8 })),
      fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: -50, max: 50 })),
      (size, [left, top], [x, y]) => {
        const [width, height] = [(size.width - left) >> 1, (size.height - top) >> 1];
        fc.pre(width > 0 && height > 0);
        const data = noise(size.width, size.height, size.seed);
        const source = { x, y, width: size.width, height: size.height, data };
        const result = resampleArea(source, { x: x + left, y: y + top, scale: 2 }, { width, height });
        const expected = Uint8Array.from(result, (_, i) => {
          const column = left + 2 * (Math.floor(i / 3) % width);
          const line = top + 2 * Math.floor(i / 3 / width);
          const at = (c: number, r: number) => data[((line + r) * size.width + column + c) * 3 + (i % 3)];
          return Math.floor((at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1)) / 4 + 0.5);
        });
        expect(result).toEqual(expected);
      },
    ),
  );
});

test('a larger source around the same pixels gives the same bytes', () => {
  const whole = { x: 0, y: 0, width: 40, height: 30, data: noise(40, 30, 5) };
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 10 }),
      fc.integer({ min: 0, max: 10 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      fc.double({ min: 0.5, max: 3, noNaN: true }),
      (left, top, fraction, scale) => {
        const window = { x: left + fraction, y: top + fraction, scale };
        const size = { width: 5, height: 4 };
        const part = { x: left, y: top, width: 17, height: 14, data: new Uint8Array(17 * 14 * 3) };
        for (let r = 0; r < 14; r++) {
          const start = ((top + r) * 40 + left) * 3;
          part.data.set(whole.data.subarray(start, start + 51), r * 51);
        }
        expect(resampleArea(part, window, size)).toEqual(resampleArea(whole, window, size));
      },
    ),
  );
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeFloat16, encodeFloat16, float16Bits, float16Value } from '../../../shared/codecs/float16.ts';

test('all 65536 halves survive decoding and encoding', () => {
  for (let bits = 0; bits < 65536; bits++) {
    const value = float16Value(bits);
    if (Number.isNaN(value)) expect(float16Bits(value)).toBe(0x7e00);
    else if (float16Bits(value) !== bits) expect.fail(`0x${bits.toString(16)} came back as ${float16Bits(value)}`);
  }
});

test.each([
  ['a tie goes to the even neighbour below', 2049, 2048],
  ['a tie goes to the even neighbour above', 2051, 2052],
  ['just above a tie goes up', 2049 + 2 ** -30, 2050],
  ['the largest half', 65519.99, 65504],
  ['overflow', 65520, Number.POSITIVE_INFINITY],
  ['half the smallest subnormal is a tie with 0', 2 ** -25, 0],
  ['above it', 2 ** -25 * 1.001, 2 ** -24],
  ['the largest subnormal rounds up to the smallest normal', 2 ** -14 - 2 ** -26, 2 ** -14],
  ['just below a power of two', 2 - 2 ** -52, 2],
  ['negative', -1 / 3, -0.333251953125],
])('%s', (_name, value, expected) => {
  expect(float16Value(float16Bits(value))).toBe(expected);
});

test('every number becomes the nearest half', () => {
  fc.assert(
    fc.property(fc.double({ min: -65504, max: 65504, noNaN: true }), (value) => {
      const bits = float16Bits(value);
      const error = Math.abs(float16Value(bits) - value);
      const magnitude = bits & 0x7fff;
      for (const neighbour of [magnitude - 1, magnitude + 1]) {
        if (neighbour < 0 || neighbour >= 0x7c00) continue;
        const other = Math.abs(float16Value((bits & 0x8000) | neighbour) - value);
        expect(other).toBeGreaterThanOrEqual(error);
        if (other === error) expect(magnitude % 2).toBe(0);
      }
    }),
  );
});

test('bytes are little-endian', () => {
  expect([...encodeFloat16([1, -2])]).toEqual([0x00, 0x3c, 0x00, 0xc0]);
  expect([...decodeFloat16(Uint8Array.of(0x00, 0x3c, 0x00, 0xc0))]).toEqual([1, -2]);
});

test.each([
  [0x0000, 0],
  [0x3c00, 1],
  [0xc000, -2],
  [0x7bff, 65504],
  [0x0001, 2 ** -24],
  [0x03ff, 1023 * 2 ** -24],
  [0x3555, 0.333251953125],
  [0x7c00, Number.POSITIVE_INFINITY],
  [0xfc00, Number.NEGATIVE_INFINITY],
  [0x7e00, Number.NaN],
])('half 0x%s is %d', (bits, value) => {
  expect(float16Value(bits)).toBe(value);
});

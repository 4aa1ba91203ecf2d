/** IEEE 754 binary16, for which JavaScript (before Float16Array) has no type. */

/** Adding and subtracting it rounds a double below 2^51 to the nearest integer, ties to even. */
const ROUND_TIES_EVEN = 2 ** 52;

/** Half way between the largest finite half, 65504, and the next step: from here on values round to infinity. */
const OVERFLOW = 65520;

/** 2^(10 - exponent) for exponents -14 to 15, index = exponent + 14: the step of a half turned upside down. */
const STEPS_PER_UNIT = Float64Array.from({ length: 30 }, (_, index) => 2 ** (24 - index));

const POWERS = Float64Array.from({ length: 31 }, (_, index) => 2 ** (index - 14));

/** Bits of the half nearest to a number, ties to even; beyond 65504 (by half a step) infinity; any NaN is 0x7e00. */
export function float16Bits(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude >= OVERFLOW) return sign | 0x7c00;
  if (magnitude < POWERS[0]) return sign | (magnitude * 2 ** 24 + ROUND_TIES_EVEN - ROUND_TIES_EVEN);
  // log2 may be rounded up to the next integer just below a power of two.
  let exponent = Math.floor(Math.log2(magnitude));
  if (POWERS[exponent + 14] > magnitude) exponent--;
  const mantissa = magnitude * STEPS_PER_UNIT[exponent + 14] + ROUND_TIES_EVEN - ROUND_TIES_EVEN;
  // The mantissa's leading bit adds one to the exponent field; rounded up to 2048 it carries into it, as it should.
  return sign | (((exponent + 14) << 10) + mantissa);
}

/** The number that 16 bits stand for; exact. */
export function float16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1024 + mantissa) * 2 ** (exponent - 25);
}

/** Halves, two bytes each, little-endian. */
export function encodeFloat16(values: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(values.length * 2);
  for (let i = 0; i < values.length; i++) {
    const bits = float16Bits(values[i]);
    bytes[2 * i] = bits;
    bytes[2 * i + 1] = bits >> 8;
  }
  return bytes;
}

/** Inverse of `encodeFloat16`; a trailing odd byte is not read. */
export function decodeFloat16(bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const values = new Float32Array(bytes.length >> 1);
  for (let i = 0; i < values.length; i++) values[i] = float16Value(bytes[2 * i] | (bytes[2 * i + 1] << 8));
  return values;
}

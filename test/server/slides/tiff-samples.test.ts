import { expect, test } from 'vitest';
import { hasOtherSamples, samplesProblem } from '../../../server/src/slides/tiff-samples.ts';

const RGB = {
  samples: 3,
  bits: 8,
  sampleFormat: 1,
  photometric: 2,
  isPlanar: false,
  isSubsampled: false,
  extraSample: undefined,
  compression: 1,
};

test.each([
  ['RGB', {}, null],
  ['16 bits of no said format', { bits: 16, sampleFormat: 4 }, null],
  ['one bit', { samples: 1, bits: 1, photometric: 0 }, null],
  ['a palette of 16 colours', { samples: 1, bits: 4, photometric: 3 }, null],
  ['YCbCr in JPEG', { photometric: 6, compression: 7 }, null],
  ['YCbCr that is subsampled', { photometric: 6, isSubsampled: true }, null],
  ['YCbCr as it is', { photometric: 6 }, /YCbCr, neither subsampled nor compressed as JPEG; RGB was expected/],
  ['float', { bits: 32, sampleFormat: 3 }, /8 or 16 bits .* floating-point numbers of 32 bits/],
  ['signed', { bits: 16, sampleFormat: 2 }, /without sign were expected, its samples are signed numbers of 16 bits/],
  ['complex', { bits: 64, sampleFormat: 6 }, /complex numbers of 64 bits/],
  ['12 bits', { samples: 1, bits: 12, photometric: 1 }, /8 or 16 bits .* its samples have 12 bits/],
  ['32 bits', { bits: 32 }, /its samples have 32 bits/],
  ['4 bits of red, green and blue', { bits: 4 }, /its samples have 4 bits/],
  ['CIELAB', { photometric: 8 }, /its colours are CIELAB; grey, RGB, a palette, CMYK or YCbCr in JPEG was expected/],
  ['a raw photograph', { samples: 1, bits: 16, photometric: 32803 }, /a camera’s sensor/],
  ['an unknown kind', { photometric: 99 }, /of kind 99/],
] as const)('%s', (_, given, expected) => {
  const problem = samplesProblem({ ...RGB, ...given });
  if (expected === null) expect(problem).toBeNull();
  else expect(problem).toMatch(expected);
});

test.each([
  ['RGB', 2, 3, undefined, false],
  ['RGB and alpha', 2, 4, 2, false],
  ['RGB and alpha that colours are multiplied by', 2, 4, 1, false],
  ['RGB and a sample of which no tag tells', 2, 4, undefined, false],
  ['RGB and a sample that is not said to be alpha', 2, 4, 0, true],
  ['RGB, alpha and another', 2, 5, 2, true],
  ['CMYK', 5, 4, undefined, false],
  ['CMYK and a spot colour', 5, 5, 0, true],
  ['a palette and alpha', 3, 2, 2, false],
  ['two stains', 1, 2, 0, true],
  ['four stains', 1, 4, 0, true],
] as const)('%s: whether samples are passed over', (_, photometric, samples, extraSample, expected) => {
  expect(hasOtherSamples({ photometric, samples, extraSample })).toBe(expected);
});

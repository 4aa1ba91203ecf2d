import { expect, test } from 'vitest';
import { checkOutput } from '../../../server/src/rendering/output-format.ts';

test.each([
  ['a.png', 20_000, 14_000, 'PNG'],
  ['a.JPG', 65_535, 1, 'JPEG'],
  ['b.c.jpeg', 10, 10, 'JPEG'],
  ['a.webp', 16_383, 16_383, 'WebP'],
  ['folder/a.tif', 200_000, 100_000, 'TIFF'],
  ['a.tiff', 1, 1, 'TIFF'],
])('%s of %d x %d is a %s', (file, width, height, name) => {
  expect(checkOutput(file, width, height).name).toBe(name);
});

test('what lies beneath a picture counts, and is as high at another scale', () => {
  expect(() => checkOutput('a.webp', 256, 16_380, 3)).not.toThrow();
  expect(() => checkOutput('a.webp', 256, 16_380, 183)).toThrow(
    /the picture has 256 x 16563, its legend included; TIFF holds it, or a scale that is 0\.989 of this one/,
  );
});

test.each([
  [
    'out/a.webp',
    16_384,
    10,
    'too-large',
    /^a\.webp: WebP holds at most 16383 pixels a side, the picture has 16384 x 10/,
  ],
  ['a.webp', 10, 20_000, 'too-large', /a scale that is 0\.819 of this one/],
  ['a.jpg', 65_536, 10, 'too-large', /JPEG holds at most 65535/],
  ['a.gif', 10, 10, 'bad-parameter', /\.png, \.jpg, \.webp or \.tif, found \.gif/],
  ['a', 10, 10, 'bad-parameter', /found no ending/],
])('%s of %d x %d is refused', (file, width, height, code, message) => {
  expect(() => checkOutput(file, width, height)).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  );
});

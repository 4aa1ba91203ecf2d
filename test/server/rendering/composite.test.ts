import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compositeOver, divideBy255 } from '../../../server/src/rendering/composite.ts';

test('divideBy255 rounds exactly, for every product of two bytes and sum of two such', () => {
  for (let value = 0; value <= 255 * 255; value++) {
    if (divideBy255(value) !== Math.round(value / 255)) expect.fail(`${value}`);
  }
});

test('source-over with straight alpha', () => {
  const byte = fc.integer({ min: 0, max: 255 });
  fc.assert(
    fc.property(byte, byte, byte, (below, above, alpha) => {
      const pixels = new Uint8Array([below, 0, 255]);
      compositeOver(pixels, new Uint8ClampedArray([above, 255, 0, alpha]));
      const share = alpha / 255;
      expect([...pixels]).toEqual([
        Math.round((alpha * above + (255 - alpha) * below) / 255),
        Math.round(255 * share),
        Math.round(255 * (1 - share)),
      ]);
    }),
  );
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32c } from '../../../server/src/store/crc32c.ts';

// RFC 3720, appendix B.4, and the check value of the CRC catalogue.
test.each([
  ['32 zeros', new Uint8Array(32), 0x8a9136aa],
  ['32 bytes of ones', new Uint8Array(32).fill(255), 0x62a8ab43],
  ['0 to 31', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
  ['"123456789"', new TextEncoder().encode('123456789'), 0xe3069283],
  ['nothing', new Uint8Array(), 0],
])('CRC-32C of %s', (_, bytes, expected) => {
  expect(crc32c(bytes)).toBe(expected);
});

test('eight bytes a step give what one bit a step gives', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      let crc = 0xffffffff;
      for (const byte of bytes) {
        crc ^= byte;
        for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
      }
      expect(crc32c(bytes)).toBe(~crc >>> 0);
    }),
  );
});

import fc from 'fast-check';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { palettePng } from '../../../server/src/rendering/palette-png.ts';

/** An area whose pixels are chosen among so many colours, the first of which has no alpha. */
function area(width: number, height: number, colours: number, seed: number) {
  const data = new Uint8ClampedArray(4 * width * height);
  const words = new Int32Array(data.buffer);
  for (let i = 0; i < words.length; i++) {
    const colour = i < colours ? i : (Math.imul(i + seed, 2654435761) >>> 8) % colours;
    words[i] = Math.imul(colour, 0x01_23_45_67);
  }
  return { width, height, data };
}

test('its pixels are those given, whatever their number and colours', async () => {
  const side = fc.integer({ min: 1, max: 40 });
  await fc.assert(
    fc.asyncProperty(side, side, fc.integer({ min: 1, max: 256 }), fc.nat(), async (width, height, colours, seed) => {
      const given = area(width, height, colours, seed);
      const png = await palettePng(given);
      expect(png).toBeDefined();
      const { data, info } = await sharp(png).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
      expect(info).toMatchObject({ width, height, channels: 4 });
      expect(Buffer.compare(data, Buffer.from(given.data.buffer))).toBe(0);
    }),
  );
});

test.each([
  [256, true],
  [257, false],
])('%d colours: %s', async (colours, fits) => {
  expect((await palettePng(area(20, 20, colours, 1))) !== undefined).toBe(fits);
});

test('a tile through a colour map takes less than half of the bytes of RGBA', async () => {
  const data = new Uint8ClampedArray(4 * 256 * 256);
  for (let i = 0; i < 256 * 256; i++) {
    const value = Math.round(127 + 127 * Math.sin((i % 256) / 40) * Math.cos(i / 256 / 30));
    data.set([value, 255 - value, value >> 1, 128], 4 * i);
  }
  const palette = await palettePng({ width: 256, height: 256, data });
  const rgba = await sharp(data, { raw: { width: 256, height: 256, channels: 4 } })
    .png({ compressionLevel: 1 })
    .toBuffer();
  expect(palette?.length).toBeLessThan(rgba.length / 2);
});

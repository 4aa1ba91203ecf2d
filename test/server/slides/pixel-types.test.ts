import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { describeSlide } from '../../../server/src/slides/describe-slide.ts';
import { openSlide } from '../../../server/src/slides/open-slide.ts';
import { temporaryFolder } from './pictures.ts';
import { type TiffTag, writtenTiff } from './written-tiff.ts';

const folder = await temporaryFolder();
const store = join(folder, 'store');

/** One tile, so that tiled and in one strip are the same samples. */
const SIDE = 64;
const PIXELS = SIDE * SIDE;

/** Samples that take every value, in no order. */
function samples(count: number, largest: number): number[] {
  return Array.from({ length: PIXELS * count }, (_, i) => (Math.imul(i, 40_503) >>> 4) % (largest + 1));
}

interface PixelType {
  samples: number[];
  bits: 8 | 16;
  perPixel: number;
  tags: TiffTag[];
  /** RGB of a pixel, from its samples. */
  rgb: (samples: number[]) => number[];
}

const p3 = await sharp({ create: { width: 1, height: 1, channels: 3, background: 'red' } })
  .withIccProfile('p3')
  .png()
  .toBuffer()
  .then((png) => sharp(png).metadata());

const photometric = (value: number): TiffTag => [262, 'short', [value]];
/** Index = samples of a palette, its red, then green, then blue, 16 bits each. */
const PALETTE = Array.from({ length: 3 * 256 }, (_, i) => ((i * 73) % 256) * 257);
const overWhite = (colour: number, alpha: number) => Math.floor((colour * alpha + 255 * (255 - alpha)) / 255);

const TYPES: Record<string, PixelType> = {
  'RGB, 8 bit': { samples: samples(3, 255), bits: 8, perPixel: 3, tags: [photometric(2)], rgb: (pixel) => pixel },
  'RGB, 8 bit, with the profile Display P3': {
    ...{ samples: samples(3, 255), bits: 8, perPixel: 3 },
    tags: [photometric(2), [34_675, 'undefined', [...(p3.icc ?? [])]]],
    rgb: (pixel) => pixel,
  },
  'RGB, 16 bit': {
    ...{ samples: samples(3, 65_535), bits: 16, perPixel: 3, tags: [photometric(2)] },
    rgb: (pixel) => pixel.map((value) => value >> 8),
  },
  'grey, 8 bit': {
    ...{ samples: samples(1, 255), bits: 8, perPixel: 1, tags: [photometric(1)] },
    rgb: ([value]) => [value, value, value],
  },
  'grey, 16 bit': {
    ...{ samples: samples(1, 65_535), bits: 16, perPixel: 1, tags: [photometric(1)] },
    rgb: ([value]) => [value >> 8, value >> 8, value >> 8],
  },
  'grey, white is zero': {
    ...{ samples: samples(1, 255), bits: 8, perPixel: 1, tags: [photometric(0)] },
    rgb: ([value]) => [255 - value, 255 - value, 255 - value],
  },
  palette: {
    ...{ samples: samples(1, 255), bits: 8, perPixel: 1, tags: [photometric(3), [320, 'short', PALETTE]] },
    rgb: ([value]) => [PALETTE[value], PALETTE[256 + value], PALETTE[512 + value]].map((colour) => colour >> 8),
  },
  'RGB and alpha': {
    ...{ samples: samples(4, 255), bits: 8, perPixel: 4, tags: [photometric(2), [338, 'short', [2]]] },
    rgb: ([red, green, blue, alpha]) => [red, green, blue].map((colour) => overWhite(colour, alpha)),
  },
  'grey and alpha': {
    ...{ samples: samples(2, 255), bits: 8, perPixel: 2, tags: [photometric(1), [338, 'short', [2]]] },
    rgb: ([value, alpha]) => Array.from({ length: 3 }, () => overWhite(value, alpha)),
  },
  'RGB and a sample that is not said to be alpha': {
    ...{ samples: samples(4, 255), bits: 8, perPixel: 4, tags: [photometric(2), [338, 'short', [0]]] },
    rgb: ([red, green, blue]) => [red, green, blue],
  },
  'RGB, alpha and a further sample, 16 bit': {
    ...{ samples: samples(5, 65_535), bits: 16, perPixel: 5, tags: [photometric(2), [338, 'short', [2, 0]]] },
    rgb: (pixel) => pixel.slice(0, 3).map((value) => value >> 8),
  },
  'four stains': {
    ...{ samples: samples(4, 255), bits: 8, perPixel: 4, tags: [photometric(1), [338, 'short', [0, 0, 0]]] },
    rgb: ([first]) => [first, first, first],
  },
};

const LAYOUTS = [
  { littleEndian: true, big: false, isTiled: true },
  { littleEndian: true, big: false, isTiled: false },
  { littleEndian: false, big: false, isTiled: true },
  { littleEndian: false, big: true, isTiled: false },
  { littleEndian: true, big: true, isTiled: true },
];

function write(type: PixelType, layout: (typeof LAYOUTS)[number]): Uint8Array {
  const bytes = new Uint8Array((type.samples.length * type.bits) / 8);
  const view = new DataView(bytes.buffer);
  type.samples.forEach((value, i) => {
    if (type.bits === 8) view.setUint8(i, value);
    else view.setUint16(2 * i, value, layout.littleEndian);
  });
  const strip: TiffTag[] = [
    [273, 'long', [layout.big ? 16 : 8]],
    [278, 'long', [SIDE]],
    [279, 'long', [bytes.length]],
  ];
  return writtenTiff({
    ...{ ...layout, width: SIDE, height: SIDE, tileSize: SIDE, tiles: [bytes] },
    tags: [
      [258, 'short', Array.from({ length: type.perPixel }, () => type.bits)],
      [259, 'short', [1]],
      [277, 'short', [type.perPixel]],
      ...type.tags,
      ...(layout.isTiled ? [] : strip),
    ],
  });
}

describe.each(Object.entries(TYPES))('%s', (name, type) => {
  test.each(LAYOUTS)('%j', async (layout) => {
    const file = join(folder, `${name}-${Object.values(layout).join('-')}.tif`);
    await writeFile(file, write(type, layout));
    const description = await describeSlide(file, { store });
    expect(description).toMatchObject({ width: SIDE, height: SIDE, format: 'TIFF' });
    const read = await openSlide(description).readRegion(0, { x: 0, y: 0, width: SIDE, height: SIDE });
    const expected = Array.from({ length: PIXELS }, (_, i) =>
      type.rgb(type.samples.slice(i * type.perPixel, (i + 1) * type.perPixel)),
    ).flat();
    expect(Buffer.compare(read, Uint8Array.from(expected))).toBe(0);
  });
});

test('CMYK: no ink is white, all inks are dark, and cyan is a blue that has little red', async () => {
  const inks = [
    [0, 0, 0, 0],
    [255, 255, 255, 255],
    [255, 0, 0, 0],
  ];
  const cmyk = { samples: Array.from({ length: PIXELS }, (_, i) => inks[i % 3]).flat(), bits: 8 as const, perPixel: 4 };
  const read = await Promise.all(
    LAYOUTS.map(async (layout) => {
      const file = join(folder, `cmyk-${Object.values(layout).join('-')}.tif`);
      await writeFile(file, write({ ...cmyk, tags: [photometric(5)], rgb: (pixel) => pixel }, layout));
      const reader = openSlide(await describeSlide(file, { store }));
      return reader.readRegion(0, { x: 0, y: 0, width: SIDE, height: SIDE });
    }),
  );
  for (const pixels of read) expect(Buffer.compare(pixels, read[0])).toBe(0);
  const [white, black, cyan] = [0, 3, 6].map((at) => [...read[0].subarray(at, at + 3)]);
  expect(Math.min(...white)).toBeGreaterThan(250);
  expect(Math.max(...black)).toBeLessThan(60);
  expect(cyan[0]).toBeLessThan(60);
  expect(cyan[2]).toBeGreaterThan(180);
});

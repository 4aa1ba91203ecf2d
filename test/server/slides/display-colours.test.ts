import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { deepZoomTile } from '../../../server/src/slides/deep-zoom-tile.ts';
import { describeSlide } from '../../../server/src/slides/describe-slide.ts';
import { openSlide } from '../../../server/src/slides/open-slide.ts';
import { greyProfile } from './icc-profiles.ts';
import { openslideVersion, writeAperioJpeg2000 } from './openslide-slides.ts';
import { image, picture, temporaryFolder } from './pictures.ts';
import { writeVentana } from './ventana-slide.ts';
import { type TiffTag, writtenTiff } from './written-tiff.ts';

const folder = await temporaryFolder();
const SIDE = 256;
const { data } = picture(SIDE, SIDE);
const whole = { x: 0, y: 0, width: SIDE, height: SIDE };
const jpeg = await image(data, SIDE, SIDE).jpeg().toBuffer();

const open = async (file: string) => openSlide(await describeSlide(file, { store: folder }));
const pixels = (tile: Uint8Array) => sharp(tile).raw().toBuffer();

async function profile(name: 'p3' | 'srgb'): Promise<Uint8Array> {
  const { icc } = await sharp(await image(data, SIDE, SIDE).withIccProfile(name).png().toBuffer()).metadata();
  if (icc === undefined) throw new Error('no profile');
  return icc;
}

/** A TIFF of one tile that names the colours that it is in. */
async function tagged(name: string, icc: Uint8Array, compression: 'none' | 'jpeg' = 'none') {
  const file = join(folder, `${name}.tif`);
  const isJpeg = compression === 'jpeg';
  const bytes = writtenTiff({
    ...{ littleEndian: true, big: false, width: SIDE, height: SIDE, tileSize: SIDE, tiles: [isJpeg ? jpeg : data] },
    tags: [
      [258, 'short', [8, 8, 8]],
      [259, 'short', [isJpeg ? 7 : 1]],
      [262, 'short', [isJpeg ? 6 : 2]],
      [277, 'short', [3]],
      [34_675, 'undefined', icc],
    ] satisfies TiffTag[],
  });
  await writeFile(file, bytes);
  return file;
}

/** Rows of linear Display P3 to linear sRGB: both have the white point D65 (IEC 61966-2-1, SMPTE EG 432-1). */
const P3_TO_SRGB = [
  [1.22494, -0.22494, 0],
  [-0.04206, 1.04206, 0],
  [-0.01964, -0.07864, 1.09827],
];

function srgbOfP3(colour: readonly number[]): number[] {
  const linear = colour.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return P3_TO_SRGB.map((row) => {
    const sum = row.reduce((total, weight, i) => total + weight * linear[i], 0);
    const share = Math.min(1, Math.max(0, sum));
    return 255 * (share <= 0.0031308 ? 12.92 * share : 1.055 * share ** (1 / 2.4) - 0.055);
  });
}

/** The largest and the mean difference of a tile from what Display P3 is in sRGB. */
function fromP3(shown: Uint8Array, stored: Uint8Array): { most: number; mean: number } {
  let most = 0;
  let sum = 0;
  for (let i = 0; i < stored.length; i += 3) {
    srgbOfP3([...stored.subarray(i, i + 3)]).forEach((value, channel) => {
      const difference = Math.abs(value - shown[i + channel]);
      most = Math.max(most, difference);
      sum += difference;
    });
  }
  return { most, mean: sum / stored.length };
}

/** Dark colours are rounded on the way, where a level of 255 is little light. */
function expectConverted(shown: Uint8Array, stored: Uint8Array) {
  const { most, mean } = fromP3(shown, stored);
  expect(most).toBeLessThan(5);
  expect(mean).toBeLessThan(0.6);
}

test('tiles of a TIFF in Display P3 are sRGB, its patches what is stored', async () => {
  const reader = await open(await tagged('p3', await profile('p3')));
  expect(Buffer.compare(await reader.readRegion(0, whole), data)).toBe(0);
  const shown = await pixels(await deepZoomTile(reader, 8, 0, 0, 'png'));
  expect(fromP3(data, data).mean).toBeGreaterThan(2);
  expectConverted(shown, data);
});

test('JPEG tiles in Display P3 are not handed out as they are stored', async () => {
  const reader = await open(await tagged('p3 jpeg', await profile('p3'), 'jpeg'));
  const stored = await reader.readRegion(0, whole);
  expectConverted(await pixels(await deepZoomTile(reader, 8, 0, 0, 'png')), stored);
  const tile = await deepZoomTile(reader, 8, 0, 0, 'jpeg');
  expect(Buffer.from(tile).includes(jpeg.subarray(-1000))).toBe(false);
  expect((await sharp(tile).metadata()).icc).toBeUndefined();
});

test('the profile of sRGB changes nothing: JPEG tiles are handed out as they are stored', async () => {
  const icc = await profile('srgb');
  const plain = await open(await tagged('srgb', icc));
  expect(Buffer.compare(await pixels(await deepZoomTile(plain, 8, 0, 0, 'png')), data)).toBe(0);
  const tile = await deepZoomTile(await open(await tagged('srgb jpeg', icc, 'jpeg')), 8, 0, 0, 'jpeg');
  expect(Buffer.from(tile).includes(jpeg.subarray(-1000))).toBe(true);
});

test('tiles of a PNG in Display P3, which has a pyramid of its own, are sRGB', async () => {
  const file = join(folder, 'p3.png');
  await image(data, SIDE, SIDE).withIccProfile('p3').png().toFile(file);
  const reader = await open(file);
  const stored = await reader.readRegion(0, whole);
  expect(Buffer.compare(stored, data)).not.toBe(0);
  expectConverted(await pixels(await deepZoomTile(reader, 8, 0, 0, 'png')), stored);
});

describe.skipIf(openslideVersion === undefined)('through OpenSlide', () => {
  test('tiles of a Ventana slide in Display P3 are sRGB, its patches what is stored', async () => {
    const file = join(folder, 'ventana.tif');
    const beside = { label: picture(60, 70), thumbnail: picture(64, 32) };
    const profiled: TiffTag = [34_675, 'undefined', await profile('p3')];
    await writeVentana(file, [picture(SIDE, SIDE)], beside, [], 0, [profiled]);
    const reader = await open(file);
    expect(Buffer.compare(await reader.readRegion(0, whole), data)).toBe(0);
    expectConverted(await pixels(await deepZoomTile(reader, 8, 0, 0, 'png')), data);
  });

  test('an Aperio slide in JPEG 2000 without a profile is shown as it is stored', async () => {
    const file = join(folder, 'aperio.svs');
    const { data: stored } = await writeAperioJpeg2000(file);
    const reader = await open(file);
    expect(Buffer.compare(await pixels(await deepZoomTile(reader, 7, 0, 0, 'png')), stored)).toBe(0);
  });
});

describe('grey', () => {
  // A curve has 256ths.
  const gamma = 461 / 256;
  const srgbOfGrey = (value: number) => {
    const share = (value / 255) ** gamma;
    return 255 * (share <= 0.0031308 ? 12.92 * share : 1.055 * share ** (1 / 2.4) - 0.055);
  };
  const grey = data.filter((_, i) => i % 3 === 0);

  test.each(['png', 'tif'])('tiles of a .%s in a grey profile are sRGB, its patches what is stored', async (ending) => {
    const file = join(folder, `grey.${ending}`);
    await writeFile(file, ending === 'tif' ? greyTiff(grey) : await profiledPng(grey));
    const reader = await open(file);
    const stored = await reader.readRegion(0, whole);
    expect(stored.every((value, i) => value === grey[Math.floor(i / 3)])).toBe(true);
    const shown = await pixels(await deepZoomTile(reader, 8, 0, 0, 'png'));
    const most = stored.reduce((found, value, i) => Math.max(found, Math.abs(srgbOfGrey(value) - shown[i])), 0);
    // Of the darkest greys littlecms makes up to 1.47 more.
    expect(most).toBeLessThan(1.5);
    expect(shown.some((value, i) => Math.abs(value - stored[i]) > 10)).toBe(true);
  });

  test('the profile of grey on colours changes nothing', async () => {
    const reader = await open(await tagged('grey on colours', greyProfile(gamma)));
    expect(Buffer.compare(await pixels(await deepZoomTile(reader, 8, 0, 0, 'png')), data)).toBe(0);
  });

  function greyTiff(samples: Uint8Array): Uint8Array {
    return writtenTiff({
      ...{ littleEndian: true, big: false, width: SIDE, height: SIDE, tileSize: SIDE, tiles: [samples] },
      tags: [
        [258, 'short', [8]],
        [259, 'short', [1]],
        [262, 'short', [1]],
        [277, 'short', [1]],
        [34_675, 'undefined', greyProfile(gamma)],
      ],
    });
  }

  /** An iCCP chunk behind the header: sharp writes no profile of grey. */
  async function profiledPng(samples: Uint8Array): Promise<Uint8Array> {
    const png = await image(samples, SIDE, SIDE, 1).toColourspace('b-w').png().toBuffer();
    const body = Buffer.concat([Buffer.from('iCCPgrey\0\0'), deflateSync(greyProfile(gamma))]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(body.length - 4, 0);
    ends.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([png.subarray(0, 33), ends.subarray(0, 4), body, ends.subarray(4), png.subarray(33)]);
  }
});

test.each(['cut', 'nonsense', 'of CMYK'])('a profile that is %s changes nothing', async (kind) => {
  const icc = Uint8Array.from(await profile('p3'));
  if (kind === 'nonsense') icc.fill(7, 40);
  if (kind === 'of CMYK') icc.set(new TextEncoder().encode('CMYK'), 16);
  const reader = await open(await tagged(kind, kind === 'cut' ? icc.subarray(0, 200) : icc));
  expect(Buffer.compare(await pixels(await deepZoomTile(reader, 8, 0, 0, 'png')), data)).toBe(0);
});

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { deepZoomTile } from '../../../server/src/slides/deep-zoom-tile.ts';
import { describeSlide } from '../../../server/src/slides/describe-slide.ts';
import { slideFingerprint } from '../../../server/src/slides/fingerprint.ts';
import { openSlide } from '../../../server/src/slides/open-slide.ts';
import { greyProfile, inkProfile } from './icc-profiles.ts';
import { inkTiff } from './ink-tiff.ts';
import { temporaryFolder } from './pictures.ts';

const folder = await temporaryFolder();
const SIDE = 256;
const whole = { x: 0, y: 0, width: SIDE, height: SIDE };

/** No ink, cyan, magenta, yellow, black, and what littlecms, called by Pillow, makes of them by the profile (perceptual). */
const INKS = [
  [0, 0, 0, 0],
  [255, 0, 0, 0],
  [0, 255, 0, 0],
  [0, 0, 255, 0],
  [0, 0, 0, 255],
];
const COLOURS = [
  [255, 255, 255],
  [0, 163, 232],
  [220, 29, 132],
  [251, 227, 0],
  [41, 41, 41],
];
const samples = Uint8Array.from({ length: SIDE * SIDE * 4 }, (_, i) => INKS[(i >> 2) % INKS.length][i & 3]);

/** Its profile in an application's segment behind the start. */
async function inkJpeg(profile: Uint8Array | null): Promise<Uint8Array> {
  const flat = await sharp(inkTiff(samples, SIDE, null, true))
    .toColourspace('cmyk')
    .jpeg({ quality: 100 })
    .toBuffer();
  if (profile === null) return flat;
  const head = Buffer.from('\xff\xe2\0\0ICC_PROFILE\0\x01\x01', 'latin1');
  head.writeUInt16BE(head.length - 2 + profile.length, 2);
  return Buffer.concat([flat.subarray(0, 2), head, profile, flat.subarray(2)]);
}

/** A profile of RGB that is not sRGB. */
async function p3(): Promise<Uint8Array> {
  const pixel = sharp({ create: { width: 1, height: 1, channels: 3, background: '#fff' } });
  const { icc } = await sharp(await pixel.withIccProfile('p3').png().toBuffer()).metadata();
  if (icc === undefined) throw new Error('no profile');
  return icc;
}

const open = async (file: string) => openSlide(await describeSlide(file, { store: join(folder, 'store') }));

test.each([
  ['tiles.tif', () => inkTiff(samples, SIDE, inkProfile(), false)],
  ['strip.tif', () => inkTiff(samples, SIDE, inkProfile(), true)],
])('%s: inks become the colours that their profile names, for models too', async (name, make) => {
  const file = join(folder, name);
  await writeFile(file, make());
  const reader = await open(file);
  expect(reader.description.fingerprint).not.toBe(await slideFingerprint(file));
  const read = await reader.readRegion(0, whole);
  const most = COLOURS.flat().reduce((found, value, i) => Math.max(found, Math.abs(value - read[i])), 0);
  expect(most).toBeLessThanOrEqual(1);
  const shown = await sharp(await deepZoomTile(reader, 8, 0, 0, 'png'))
    .raw()
    .toBuffer();
  expect(Buffer.compare(shown, read)).toBe(0);
});

test('a profile of other colours says nothing of inks: they are as without any', async () => {
  const [plain, other] = [join(folder, 'none.tif'), join(folder, 'other.tif')];
  await writeFile(plain, inkTiff(samples, SIDE, null, false));
  await writeFile(other, inkTiff(samples, SIDE, greyProfile(1), false));
  const [expected, found] = await Promise.all([plain, other].map(open));
  expect(found.description.fingerprint).toBe(await slideFingerprint(other));
  expect(Buffer.compare(await found.readRegion(0, whole), await expected.readRegion(0, whole))).toBe(0);
});

test('a profile of RGB is not that of inks: the colours that they become stay as they are', async () => {
  const file = join(folder, 'rgb profile.tif');
  await writeFile(file, inkTiff(samples, SIDE, await p3(), false));
  const reader = await open(file);
  const shown = await sharp(await deepZoomTile(reader, 8, 0, 0, 'png'))
    .raw()
    .toBuffer();
  expect(Buffer.compare(shown, await reader.readRegion(0, whole))).toBe(0);
});

test('a JPEG in CMYK, with its profile and without', async () => {
  const [plain, profiled] = [join(folder, 'plain.jpg'), join(folder, 'profiled.jpg')];
  await writeFile(plain, await inkJpeg(null));
  await writeFile(profiled, await inkJpeg(inkProfile()));
  const [one, other] = await Promise.all([plain, profiled].map(open));
  expect(one.description.fingerprint).toBe(await slideFingerprint(plain));
  const mean = async (reader: typeof one) =>
    (await reader.readRegion(0, whole)).reduce((sum, v) => sum + v, 0) / (SIDE * SIDE * 3);
  const expected = COLOURS.flat().reduce((sum, v) => sum + v, 0) / COLOURS.flat().length;
  // JPEG blurs what lies between pixels, less so their mean.
  expect(Math.abs((await mean(other)) - expected)).toBeLessThan(12);
  expect(Math.abs((await mean(one)) - (await mean(other)))).toBeGreaterThan(5);
});

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { deepZoomTile } from '../../../server/src/slides/deep-zoom-tile.ts';
import { describeSlide } from '../../../server/src/slides/describe-slide.ts';
import { openSlide } from '../../../server/src/slides/open-slide.ts';
import { profiledTiff } from '../../../server/src/slides/tile-strip.ts';
import { maxLevel, type Rectangle } from '../../../shared/geometry/deep-zoom.ts';
import { referenceData } from '../../reference-data.ts';
import { greyProfile, inkProfile } from './icc-profiles.ts';
import { inkTiff } from './ink-tiff.ts';
import { writeMirax } from './mirax-slide.ts';
import {
  openslideVersion,
  writeAperioJpeg2000,
  writeLeica,
  writeNdpi,
  writePhilips,
  writeTrestle,
  writeVms,
} from './openslide-slides.ts';
import { image, picture, temporaryFolder } from './pictures.ts';
import { pythonOpenslide, type ReferenceRegion, referenceRegions } from './python-reference.ts';
import { writeSakura } from './sakura-slide.ts';
import { scannedSlide, writeVentana } from './ventana-slide.ts';

const folder = await temporaryFolder();
const store = join(folder, 'store');
const slides = join(referenceData ?? '', 'slides');
const source = picture(1000, 700);
const p3 = await image(source.data, 1000, 700)
  .withIccProfile('p3')
  .png()
  .toBuffer()
  .then((png) => sharp(png).metadata())
  .then(({ icc }) => icc ?? new Uint8Array());

/** The whole level, and rectangles all over it, its last corner among them. */
function regionsOf({ width, height }: { width: number; height: number }): Rectangle[] {
  const side = (length: number, i: number) => Math.max(1, Math.floor((length * ((i * 37) % 61)) / 122));
  const some = Array.from({ length: 12 }, (_, i) => {
    const size = { width: side(width, i + 1), height: side(height, i + 5) };
    return { x: (i * 7919) % (width - size.width + 1), y: (i * 104_729) % (height - size.height + 1), ...size };
  });
  const corner = { x: width - 1, y: height - 1, width: 1, height: 1 };
  return [{ x: 0, y: 0, width: Math.min(width, 1024), height: Math.min(height, 1024) }, corner, ...some];
}

/** Compares every level, by the largest difference of a sample. */
async function expectReference(file: string, reference: ReferenceRegion['with'], most = 0): Promise<void> {
  const description = await describeSlide(file, { store });
  const reader = openSlide(description);
  for (const [level, size] of description.levels.entries()) {
    const regions = regionsOf(size);
    const downsample = 'downsample' in size ? size.downsample : 1;
    const expected = referenceRegions(
      regions.map((region) => {
        const scale = reference === 'openslide' ? downsample : 1;
        const [x, y] = [Math.round(region.x * scale), Math.round(region.y * scale)];
        return { ...region, file, level, with: reference, x, y };
      }),
    );
    for (const [i, region] of regions.entries()) {
      const read = await reader.readRegion(level, region);
      expect(read.length).toBe(expected[i].length);
      const largest = read.reduce((found, value, at) => Math.max(found, Math.abs(value - expected[i][at])), 0);
      expect([level, region, largest <= most]).toEqual([level, region, true]);
    }
  }
}

describe.skipIf(pythonOpenslide === undefined)('regions are those of Python', () => {
  const tiles = { tile: true, tileWidth: 128, tileHeight: 128, pyramid: true } as const;
  test.each([
    ['LZW', () => image(source.data, 1000, 700).tiff({ ...tiles, compression: 'lzw' })],
    [
      'Deflate with predictor',
      () => image(source.data, 1000, 700).tiff({ ...tiles, compression: 'deflate', predictor: 'horizontal' }),
    ],
    ['JPEG', () => image(source.data, 1000, 700).tiff({ ...tiles, compression: 'jpeg', quality: 90 })],
    ['BigTIFF', () => image(source.data, 1000, 700).tiff({ ...tiles, compression: 'none', bigtiff: true })],
  ])('tifffile: a pyramid, %s', async (name, encode) => {
    const file = join(folder, `${name}.tif`);
    await writeFile(file, await encode().toBuffer());
    await expectReference(file, 'tifffile');
  });

  test('tifffile: strips, 16 bit, grey', async () => {
    const grey = Uint16Array.from({ length: 300 * 200 }, (_, i) => (i * 40_503) % 65_536);
    const file = join(folder, 'grey16.tif');
    await writeFile(
      file,
      await image(grey, 300, 200, 1).toColourspace('grey16').tiff({ compression: 'lzw' }).toBuffer(),
    );
    await expectReferenceOfFullLevel(file);
  });

  test.each([
    ['RGB', () => profiledTiff(source, source.data, p3)],
    ['grey', () => profiledTiff({ width: 1000, height: 700 }, source.data.subarray(0, 700_000), greyProfile(1.8))],
    ['CMYK', () => inkTiff(picture(512, 512).data.subarray(0, 4 * 384 * 384), 384, inkProfile(), true)],
  ])('littlecms: colours of %s in a profile, as they are shown', async (name, make) => {
    const file = join(folder, `profiled ${name}.tif`);
    await writeFile(file, make());
    const reader = openSlide(await describeSlide(file, { store }));
    const { width, height } = reader.description;
    const region = { x: 0, y: 0, width: Math.min(256, width), height: Math.min(256, height) };
    const [expected] = referenceRegions([{ ...region, file, level: 0, with: 'littlecms' }]);
    const shown = await sharp(await deepZoomTile(reader, maxLevel({ width, height }), 0, 0, 'png'))
      .raw()
      .toBuffer();
    expect(shown.length).toBe(expected.length);
    expect(shown.reduce((most, value, at) => Math.max(most, Math.abs(value - expected[at])), 0)).toBeLessThanOrEqual(1);
  });

  test.skipIf(referenceData === undefined).each(['small.svs', 'boxes.tiff'])(
    'OpenSlide and tifffile: %s',
    async (name) => {
      await expectReference(join(slides, name), 'tifffile');
      await expectFullLevel(join(slides, name));
    },
  );

  test.skipIf(referenceData === undefined)('tifffile: mosaic.tif', () =>
    expectReference(join(slides, 'mosaic.tif'), 'tifffile'),
  );

  const needsLibrary = test.skipIf(openslideVersion === undefined);

  needsLibrary('OpenSlide: Trestle, three levels, one of which is no half', async () => {
    const file = join(folder, 'trestle.tif');
    await writeTrestle(file, source, picture(500, 350), picture(249, 174));
    await expectReference(file, 'openslide');
  });

  needsLibrary('OpenSlide: Philips, with tiles that are not stored', async () => {
    const file = join(folder, 'philips.tiff');
    await writePhilips(file, picture(512, 384), [0, 5, 11]);
    await expectReference(file, 'openslide');
  });

  needsLibrary('OpenSlide: Aperio in JPEG 2000, Leica', async () => {
    await writeAperioJpeg2000(join(folder, 'aperio.svs'));
    await expectReference(join(folder, 'aperio.svs'), 'openslide');
    await writeLeica(join(folder, 'leica.scn'), picture(256, 192));
    await expectReference(join(folder, 'leica.scn'), 'openslide');
  });

  needsLibrary('OpenSlide: MIRAX, with tiles that are not stored', async () => {
    await writeMirax(folder, 'mirax', [picture(512, 256), picture(256, 128)], [0, 6]);
    await expectReference(join(folder, 'mirax.mrxs'), 'openslide');
  });

  needsLibrary(
    'OpenSlide: Ventana with areas that overlap, and without; Sakura, with tiles that are not stored',
    async () => {
      const beside = { label: picture(60, 70), macro: picture(150, 50), thumbnail: picture(64, 32) };
      await scannedSlide(join(folder, 'ventana.bif'), beside);
      await expectReference(join(folder, 'ventana.bif'), 'openslide');
      await writeVentana(join(folder, 'ventana.tif'), [picture(512, 256), picture(256, 128)], beside);
      await expectReference(join(folder, 'ventana.tif'), 'openslide');
      await writeSakura(join(folder, 'sakura.svslide'), [picture(256, 128), picture(128, 64)], [5], beside);
      await expectReference(join(folder, 'sakura.svslide'), 'openslide');
    },
  );

  // Python may have another version of the JPEG library, which reduces while it decodes.
  needsLibrary('OpenSlide: Hamamatsu VMS and NDPI', async () => {
    await writeVms(folder, 'hamamatsu', picture(512, 384));
    await expectReference(join(folder, 'hamamatsu.vms'), 'openslide', 1);
    await writeNdpi(join(folder, 'hamamatsu.ndpi'), picture(512, 384));
    await expectReference(join(folder, 'hamamatsu.ndpi'), 'openslide', 1);
  });

  const hasDicom = Number(openslideVersion?.split('.')[0]) >= 4 && referenceData !== undefined;
  test.skipIf(!hasDicom).each(['boxes_0.dcm', 'boxes_1.dcm'])('OpenSlide 4: %s', (name) =>
    expectReference(join(slides, name), 'openslide'),
  );
});

/** Full resolution as OpenSlide reads it, of what is read without it here. */
async function expectFullLevel(file: string): Promise<void> {
  const description = await describeSlide(file, { store });
  const regions = regionsOf(description);
  const expected = referenceRegions(
    regions.map((region) => ({ ...region, file, level: 0, with: 'openslide' as const })),
  );
  const reader = openSlide(description);
  for (const [i, region] of regions.entries()) {
    expect([region, Buffer.compare(await reader.readRegion(0, region), expected[i])]).toEqual([region, 0]);
  }
}

async function expectReferenceOfFullLevel(file: string): Promise<void> {
  const description = await describeSlide(file, { store });
  const region = { x: 0, y: 0, width: description.width, height: description.height };
  const [expected] = referenceRegions([{ ...region, file, level: 0, with: 'tifffile' }]);
  expect(Buffer.compare(await openSlide(description).readRegion(0, region), expected)).toBe(0);
}

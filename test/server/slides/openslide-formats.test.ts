import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listAssociated, readAssociated } from '../../../server/src/slides/associated-images.ts';
import { describeSlide, readSlideHeader } from '../../../server/src/slides/describe-slide.ts';
import { openSlide } from '../../../server/src/slides/open-slide.ts';
import {
  openslideVersion,
  writeLeica,
  writeNdpi,
  writePhilips,
  writeTrestle,
  writeTrestleMacro,
} from './openslide-slides.ts';
import { crop, picture, temporaryFolder } from './pictures.ts';

const folder = await temporaryFolder();
const store = join(folder, 'store');
const full = picture(512, 384);
const half = picture(256, 192);
const quarter = picture(128, 96);
const label = picture(60, 70);
const macro = picture(150, 50);

/** Names and widths of the pictures beside the slide. */
async function beside(file: string): Promise<string[]> {
  return (await listAssociated(file, true)).map(({ name, width }) => `${name} ${width}`);
}

describe.skipIf(openslideVersion === undefined)('what OpenSlide tells of a slide', () => {
  test('Trestle', async () => {
    const file = join(folder, 'trestle.tif');
    await writeTrestle(file, full, half);
    await writeTrestleMacro(file, macro);
    expect(await readSlideHeader(file)).toMatchObject({
      ...{ mpp: expect.closeTo(0.325, 6), objective: 20, levels: [{ width: 512 }, { width: 256 }] },
    });
    expect(await beside(file)).toEqual(['macro 150']);
  });

  test('Philips', async () => {
    const file = join(folder, 'philips.tiff');
    await writePhilips(file, full, [], { half, label, macro });
    expect(await readSlideHeader(file)).toMatchObject({ mpp: 0.25, levels: [{ width: 512 }, { width: 256 }] });
    expect(await beside(file)).toEqual(['label 60', 'macro 150']);
    expect(Buffer.compare((await readAssociated(file, 'label', true)).data, label.data)).toBe(0);
    const reader = openSlide(await describeSlide(file, { store }));
    const region = { x: 100, y: 50, width: 120, height: 130 };
    expect(Buffer.compare(await reader.readRegion(1, region), crop(half, region))).toBe(0);
  });

  test('Leica', async () => {
    const file = join(folder, 'leica.scn');
    await writeLeica(file, half, { half: quarter, macro });
    expect(await readSlideHeader(file)).toMatchObject({
      ...{ mpp: expect.closeTo(0.5, 6), objective: 20, levels: [{ width: 512 }, { width: 256 }] },
    });
    expect(await beside(file)).toEqual(['macro 150']);
    const reader = openSlide(await describeSlide(file, { store }));
    // The scan's place at half the size.
    const region = { x: 32, y: 16, width: 128, height: 96 };
    expect(Buffer.compare(await reader.readRegion(1, region), quarter.data)).toBe(0);
  });

  test('Hamamatsu NDPI', async () => {
    const file = join(folder, 'hamamatsu.ndpi');
    await writeNdpi(file, full);
    expect(await readSlideHeader(file)).toMatchObject({ mpp: expect.closeTo(0.25, 6), objective: 40 });
  });
});

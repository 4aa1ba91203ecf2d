import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listAssociated } from '../../../server/src/slides/associated-images.ts';
import { describeSlide, readSlideHeader } from '../../../server/src/slides/describe-slide.ts';
import { openSlide } from '../../../server/src/slides/open-slide.ts';
import { openslideVersion } from './openslide-slides.ts';
import { picture, temporaryFolder } from './pictures.ts';
import { writeSakura } from './sakura-slide.ts';
import { scannedSlide, writeVentana } from './ventana-slide.ts';

const folder = await temporaryFolder();
const store = join(folder, 'store');
const beside = { label: picture(60, 70), macro: picture(150, 50), thumbnail: picture(64, 32) };
const names = (images: { name: string; width: number }[]) => images.map(({ name, width }) => `${name} ${width}`);

describe.skipIf(openslideVersion === undefined)('through OpenSlide', () => {
  test('a Ventana BIF: areas lie where they were scanned, their tiles overlap, and around them is background', async () => {
    const file = join(folder, 'ventana.bif');
    const { levels } = await scannedSlide(file, beside);
    expect(await readSlideHeader(file)).toMatchObject({
      ...{ format: 'Ventana BIF', reader: 'openslide', mpp: 0.465, objective: 20 },
      levels: levels.map(({ width, height }) => ({ width, height })),
    });
    const reader = openSlide(await describeSlide(file, { store }));
    for (const [level, { data, width, height }] of levels.entries()) {
      const read = await reader.readRegion(level, { x: 0, y: 0, width, height });
      expect([level, Buffer.compare(read, data)]).toEqual([level, 0]);
    }
    expect(names(await listAssociated(file, true))).toEqual(['macro 60', 'thumbnail 64']);
  });

  test('a Ventana TIFF: tiles lie side by side', async () => {
    const file = join(folder, 'ventana.tif');
    const levels = [picture(512, 256), picture(256, 128)];
    await writeVentana(file, levels, beside);
    expect(await readSlideHeader(file)).toMatchObject({ format: 'Ventana BIF', mpp: 0.465, objective: 20 });
    const description = await describeSlide(file, { store });
    expect(description.levels).toMatchObject([
      { width: 512, height: 256 },
      { width: 256, height: 128 },
    ]);
    const reader = openSlide(description);
    for (const [level, { data, width, height }] of levels.entries()) {
      const read = await reader.readRegion(level, { x: 0, y: 0, width, height });
      expect([level, Buffer.compare(read, data)]).toEqual([level, 0]);
    }
  });

  test('a Sakura slide: a JPEG for each colour, and background where a tile is not stored', async () => {
    const file = join(folder, 'sakura.svslide');
    const [full, half] = await writeSakura(file, [picture(256, 128), picture(128, 64)], [5], beside);
    expect(await readSlideHeader(file)).toMatchObject({
      ...{ format: 'Sakura SVSLIDE', reader: 'openslide', objective: 20.5, mpp: expect.closeTo(0.47, 9) },
      levels: [
        { width: 256, height: 128 },
        { width: 128, height: 64 },
      ],
    });
    const reader = openSlide(await describeSlide(file, { store }));
    const read = [
      await reader.readRegion(0, { x: 0, y: 0, width: 256, height: 128 }),
      await reader.readRegion(1, { x: 0, y: 0, width: 128, height: 64 }),
    ];
    expect(Buffer.compare(read[0], full)).toBe(0);
    expect(Buffer.compare(read[1], half)).toBe(0);
    expect(names(await listAssociated(file, false))).toEqual(['thumbnail 64']);
    expect(names(await listAssociated(file, true))).toEqual(['label 60', 'macro 150', 'thumbnail 64']);
  });
});

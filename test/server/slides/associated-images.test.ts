import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { listAssociated, readAssociated } from '../../../server/src/slides/associated-images.ts';
import { describeSlide } from '../../../server/src/slides/describe-slide.ts';
import { openLibrary } from '../../../server/src/slides/openslide/library.ts';
import { APERIO_PICTURES, aperioSlide } from './aperio-slide.ts';
import { openslideVersion, writeVms } from './openslide-slides.ts';
import { image, picture, temporaryFolder } from './pictures.ts';
import { rawTiles } from './raw-tiles.ts';

const folder = await temporaryFolder();
const aperio = join(folder, 'a.svs');
await writeFile(aperio, aperioSlide());

describe('an Aperio slide', () => {
  test('is the slide, whatever lies beside it', async () => {
    const description = await describeSlide(aperio, { store: join(folder, 'store') });
    expect(description).toMatchObject({ format: 'Aperio SVS', reader: 'tiff', width: 512, height: 384 });
    expect(description.levels.map(({ width }) => width)).toEqual([512, 256]);
  });

  test('shows its thumbnail alone unless labels are asked for', async () => {
    expect(await listAssociated(aperio, false)).toEqual([{ name: 'thumbnail', width: 128, height: 96 }]);
    expect(await listAssociated(aperio, true)).toEqual([
      { name: 'label', width: 60, height: 70 },
      { name: 'macro', width: 150, height: 50 },
      { name: 'thumbnail', width: 128, height: 96 },
    ]);
    for (const name of ['label', 'macro']) {
      await expect(readAssociated(aperio, name, false)).rejects.toMatchObject({
        code: 'not-found',
        message: expect.stringContaining('--labels'),
      });
    }
  });

  test.each(Object.entries(APERIO_PICTURES))('%s has its pixels', async (name, expected) => {
    const found = await readAssociated(aperio, name, true);
    expect([found.width, found.height]).toEqual([expected.width, expected.height]);
    expect(Buffer.compare(found.data, expected.data)).toBe(0);
  });

  test('of a newer scanner, which names them by their types, has the same', async () => {
    const file = join(folder, 'newer.svs');
    await writeFile(file, aperioSlide(true));
    expect(await listAssociated(file, true)).toEqual(await listAssociated(aperio, true));
    expect(Buffer.compare((await readAssociated(file, 'macro', true)).data, APERIO_PICTURES.macro.data)).toBe(0);
  });

  test.skipIf(openslideVersion === undefined)('names and pixels are those of OpenSlide', async () => {
    const library = openLibrary();
    const slide = { file: aperio, version: '1' };
    await library.describe(slide);
    const images = await library.associated(slide);
    expect(images).toEqual(await listAssociated(aperio, true));
    for (const each of images) {
      const { data } = await readAssociated(aperio, each.name, true);
      expect(Buffer.compare(await library.readAssociated(slide, each), data)).toBe(0);
    }
    const wrong = library.readAssociated(slide, { ...images[0], width: 1 });
    await expect(wrong).rejects.toThrow('label has another size than before');
  });

  test('a second page of other proportions is no thumbnail: a label may be there', async () => {
    const file = join(folder, 'moved.svs');
    const tags = (text: string) => [[270, 'ascii', [...Buffer.from(`${text}\0`)]]] as [number, 'ascii', number[]][];
    const slide = { ...picture(512, 384), tileSize: 128, tags: tags('Aperio Image Library v1') };
    const other = { ...picture(90, 90), tileSize: 128, isStrip: true, tags: tags('Aperio') };
    await writeFile(file, rawTiles(slide, other));
    expect(await listAssociated(file, true)).toEqual([]);
    const label = { ...picture(128, 96), tileSize: 128, isStrip: true };
    await writeFile(file, rawTiles(slide, { ...label, tags: [[254, 'long', [1]], ...tags('Aperio')] }));
    expect(await listAssociated(file, false)).toEqual([]);
  });
});

describe.skipIf(openslideVersion === undefined)('a slide of OpenSlide', () => {
  test('shows its macro image where labels are asked for', async () => {
    await writeVms(folder, 'v', picture(512, 384));
    const file = join(folder, 'v.vms');
    expect(await listAssociated(file, false)).toEqual([]);
    expect(await listAssociated(file, true)).toEqual([{ name: 'macro', width: 64, height: 48 }]);
    const { data } = await readAssociated(file, 'macro', true);
    const expected = await sharp(join(folder, 'v-macro.jpg')).raw().toBuffer();
    let worst = 0;
    for (let i = 0; i < data.length; i++) worst = Math.max(worst, Math.abs(data[i] - expected[i]));
    // By another decoder of JPEG.
    expect(worst).toBeLessThanOrEqual(3);
  });
});

test('other files have nothing beside the slide', async () => {
  const file = join(folder, 'a.png');
  await image(picture(30, 20).data, 30, 20).png().toFile(file);
  expect(await listAssociated(file, true)).toEqual([]);
  await expect(readAssociated(file, 'thumbnail', true)).rejects.toThrow(
    'the slide has no associated image "thumbnail"',
  );
});

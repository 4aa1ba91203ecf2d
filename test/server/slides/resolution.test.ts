import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSlideHeader } from '../../../server/src/slides/describe-slide.ts';
import { image, picture, temporaryFolder } from './pictures.ts';

const folder = await temporaryFolder();
const source = picture(700, 530);
const rgb = () => image(source.data, 700, 530);
const tiles = { tile: true, tileWidth: 256, tileHeight: 256, compression: 'lzw' } as const;

describe('microns per pixel', () => {
  test.each([
    ['0.25 µm as resolution tags', 4000, 0.25],
    ['72 dpi', 72 / 25.4, null],
    ['a nanometre', 1e6, null],
  ])('%s', async (name, pixelsPerMillimetre, mpp) => {
    for (const [ending, encode] of [
      ['tif', () => rgb().tiff({ ...tiles, xres: pixelsPerMillimetre, yres: pixelsPerMillimetre })],
      ['strips.tif', () => rgb().tiff({ xres: pixelsPerMillimetre, yres: pixelsPerMillimetre, resolutionUnit: 'cm' })],
      [
        'png',
        () =>
          rgb()
            .withMetadata({ density: pixelsPerMillimetre * 25.4 })
            .png(),
      ],
    ] as const) {
      const file = join(folder, `${name}.${ending}`);
      await writeFile(file, await encode().toBuffer());
      const found = (await readSlideHeader(file)).mpp;
      if (mpp === null) expect(found).toBeNull();
      else expect(found).toBeCloseTo(mpp, 5);
    }
  });
});

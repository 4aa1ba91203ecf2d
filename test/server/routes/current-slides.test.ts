import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { currentSlides } from '../../../server/src/routes/current-slides.ts';
import { describeSlide } from '../../../server/src/slides/describe-slide.ts';
import { image, picture, temporaryFolder } from '../slides/pictures.ts';

const folder = await temporaryFolder();
const write = async (file: string, side: number) =>
  writeFile(file, await image(picture(side, side).data, side, side).png().toBuffer());

test('a slide that is replaced while it is described is described again', async () => {
  const file = join(folder, 'slide.png');
  await write(file, 300);
  let described = 0;
  const slide = async () => {
    const description = await describeSlide(file, { store: folder });
    if (++described === 1) await write(file, 400);
    return description;
  };
  const current = currentSlides({ resolve: async () => file }, { slide });
  expect((await current('slide.png')).width).toBe(300);
  expect((await current('slide.png')).width).toBe(400);
  expect((await current('slide.png')).width).toBe(400);
  expect(described).toBe(2);
});

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeSlide } from '../../../server/src/slides/describe-slide.ts';
import { openedSlides } from '../../../server/src/slides/opened-slides.ts';
import { image, picture, temporaryFolder } from './pictures.ts';

const folder = await temporaryFolder();

test('a slide is opened once, and anew where its file is another version with the same pixels', async () => {
  const file = join(folder, 'slide.png');
  await writeFile(file, await image(picture(300, 300).data, 300, 300).png().toBuffer());
  const description = await describeSlide(file, { store: folder });
  const reader = openedSlides();
  const opened = reader(description);
  expect(reader({ ...description })).toBe(opened);
  const newer = { ...description, version: `${description.version} later` };
  expect(reader(newer).description).toBe(newer);
});

import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openCatalogue } from '../../../server/src/catalogue.ts';
import { isListedSlide, SLIDE_ENDINGS } from '../../../server/src/slides/recognize.ts';
import { image, picture, temporaryFolder } from './pictures.ts';

test('the pictures of a VMS slide, of which one shows its label, are no slides of their own', async () => {
  const folder = await temporaryFolder();
  for (const name of ['s.jpg', 's_map2.jpg', 's_macro.JPG', 'photograph.jpg']) {
    await image(picture(30, 20).data, 30, 20).jpeg().toFile(join(folder, name));
  }
  const lines = [
    'ImageFile=s.jpg',
    ' ImageFile(1,0) = s-2.jpg',
    'MapFile=s_map2.jpg',
    'MacroImage=S_Macro.jpg ',
    'A=b.jpg',
  ];
  const text = ['[Virtual Microscope Specimen]', ...lines].join('\r\n');
  await writeFile(join(folder, 's.vms'), text);
  const catalogue = openCatalogue(folder, { name: 'slide', endings: SLIDE_ENDINGS, isListed: isListedSlide });
  const ids = async () => (await catalogue.list()).entries.map(({ id }) => id);
  expect(await ids()).toEqual(['photograph.jpg', 's.vms']);
  for (const id of ['s_macro.JPG', 's.jpg', 's_map2.jpg']) {
    await expect(catalogue.resolve(id)).rejects.toThrow(`there is no slide "${id}"`);
  }
  expect(await catalogue.resolve('photograph.jpg')).toBe(join(folder, 'photograph.jpg'));
  await rm(join(folder, 's.vms'));
  await expect.poll(ids).toEqual(['photograph.jpg', 's.jpg', 's_macro.JPG', 's_map2.jpg']);
});

import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { keptConversion } from '../../../server/src/models/kept-conversions.ts';
import { openModel } from '../../../server/src/models/open-model.ts';
import { smallDisk } from '../../small-disk.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { tinyClassifier, writeKerasH5 } from './keras-file.ts';

const folder = temporaryFolder();
const conversions = join(folder, 'disk');
const disk = smallDisk(conversions, 2 ** 20);
afterAll(() => disk?.unmount());

test.skipIf(!disk)('a conversion in a folder that cannot be written is used, and not made anew', async () => {
  const file = join(folder, 'model.h5');
  await writeKerasH5(file, tinyClassifier(3), [12, 12, 3]);
  const model = await openModel(file, { conversions });
  await model.close();
  disk?.remount('ro');
  const made = async () => {
    throw new Error('made anew');
  };
  const { onnx } = await keptConversion(conversions, file, null, made);
  expect(onnx).toEqual({ file: expect.stringContaining(conversions) });
});

import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { encodeImage } from '../../../server/src/slides/deep-zoom-tile.ts';
import { fileVersion } from '../../../server/src/slides/file-version.ts';
import { openLibrary } from '../../../server/src/slides/openslide/library.ts';
import { pictureCoding } from '../../../server/src/slides/picture-coding.ts';
import { childrenOf } from '../../processes.ts';
import { openslideVersion, writeTrestle } from './openslide-slides.ts';
import { crop, picture, temporaryFolder } from './pictures.ts';

const folder = await temporaryFolder();
const source = picture(512, 384);
const region = { x: 30, y: 20, width: 100, height: 50 };

async function slide(name: string) {
  const file = join(folder, name);
  await writeTrestle(file, source);
  return { file, version: await fileVersion(file) };
}

/** The processes that were started since. */
async function startedBy<T>(work: () => Promise<T>): Promise<{ result: T; started: number[] }> {
  const before = new Set(await childrenOf(process.pid));
  const result = await work();
  return { result, started: (await childrenOf(process.pid)).filter((pid) => !before.has(pid)) };
}

describe.skipIf(openslideVersion === undefined || process.platform !== 'linux')(
  'the process that calls OpenSlide',
  () => {
    test('one that dies is started again, and what was asked is answered', async () => {
      const library = openLibrary();
      const opened = await slide('killed.tif');
      const { started } = await startedBy(() => library.read(opened, 0, region));
      expect(started).toHaveLength(1);
      process.kill(started[0], 'SIGSTOP');
      const readings = Array.from({ length: 20 }, () => library.read(opened, 0, region));
      process.kill(started[0], 'SIGSEGV');
      process.kill(started[0], 'SIGCONT');
      for (const read of await Promise.all(readings)) expect(Buffer.compare(read, crop(source, region))).toBe(0);
    });

    test('a region is the same as a picture file, also where the slide ends', async () => {
      const library = openLibrary();
      const opened = await slide('encoded.tif');
      for (const place of [region, { x: 413, y: 291, width: 256, height: 255 }]) {
        const pixels = await library.read(opened, 0, place);
        const png = await library.encode(opened, 0, place, pictureCoding('png'));
        const decoded = await sharp(png).raw().toBuffer({ resolveWithObject: true });
        expect(decoded.info).toMatchObject({ width: place.width, height: place.height, channels: 3 });
        expect(Buffer.compare(decoded.data, pixels)).toBe(0);
        const jpeg = await library.encode(opened, 0, place, pictureCoding('jpeg', 90));
        const expected = await encodeImage({ ...place, data: pixels }, pictureCoding('jpeg', 90));
        expect(Buffer.compare(jpeg, expected)).toBe(0);
      }
    });

    test('one that hangs is ended; the file is refused, and the next one is read', async () => {
      const library = openLibrary({ seconds: 3 });
      const opened = await slide('hangs.tif');
      const { started } = await startedBy(() => library.read(opened, 0, region));
      process.kill(started[0], 'SIGSTOP');
      await expect(library.read(opened, 0, region)).rejects.toThrow('took more than 3 s');
      expect(Buffer.compare(await library.read(opened, 0, region), crop(source, region))).toBe(0);
    });

    test('a file that OpenSlide cannot read is refused, and read when it is whole', async () => {
      const library = openLibrary();
      const opened = await slide('mended.tif');
      await writeFile(opened.file, 'no slide');
      await expect(library.describe({ ...opened, version: 'broken' })).rejects.toThrow(
        'does not know this kind of file',
      );
      const mended = await slide('mended.tif');
      expect((await library.describe(mended)).levels).toEqual([{ index: 0, width: 512, height: 384, downsample: 1 }]);
    });

    test('more slides than it keeps open are all read', async () => {
      const library = openLibrary();
      const slides = await Promise.all(Array.from({ length: 12 }, (_, i) => slide(`many-${i}.tif`)));
      const readAll = () => Promise.all(slides.map((opened) => library.read(opened, 0, region)));
      for (const read of [...(await readAll()), ...(await readAll())]) {
        expect(Buffer.compare(read, crop(source, region))).toBe(0);
      }
    });

    test('a slide that was let go of is opened anew', async () => {
      const library = openLibrary();
      const opened = await slide('closed.tif');
      await library.read(opened, 0, region);
      library.close(opened);
      await rm(opened.file);
      await expect(library.read(opened, 0, region)).rejects.toThrow(/OpenSlide/);
    });
  },
);

import { execFileSync } from 'node:child_process';
import { cp, mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { fileCache } from '../../../server/src/file-cache.ts';
import { describeSlide, readSlideHeader } from '../../../server/src/slides/describe-slide.ts';
import { whileUnchanged } from '../../../server/src/slides/file-version.ts';
import { openSlide } from '../../../server/src/slides/open-slide.ts';
import { tileBounds } from '../../../shared/geometry/deep-zoom.ts';
import { crop, image, picture, temporaryFolder } from './pictures.ts';

const folder = await temporaryFolder();
const store = join(folder, 'store');
const source = picture(700, 530);
const options = { store };

interface Written {
  format: 'png' | 'jpeg' | 'webp';
  size: number;
  overlap: number;
}

/** Writes a pyramid with libvips. */
async function written(name: string, { format, size, overlap }: Written): Promise<string> {
  const pixels = image(source.data, source.width, source.height);
  if (format === 'jpeg') pixels.jpeg();
  else if (format === 'png') pixels.png();
  else pixels.webp({ lossless: true });
  await pixels.tile({ size, overlap, layout: 'dz', depth: 'onepixel' }).toFile(join(folder, `${name}.dz`));
  return join(folder, `${name}.dzi`);
}

const PNG: Written = { format: 'png', size: 254, overlap: 1 };

describe('regions', () => {
  const cases: [string, Written, number][] = [
    ['png-254-1', PNG, 256],
    ['png-256-0', { format: 'png', size: 256, overlap: 0 }, 256],
    ['png-128-5', { format: 'png', size: 128, overlap: 5 }, 256],
    ['png-512-2', { format: 'png', size: 512, overlap: 2 }, 512],
    ['webp-100-3', { format: 'webp', size: 100, overlap: 3 }, 256],
  ];
  test.each(cases)('%s: every level has the pixels of its tiles, and of the picture', async (name, made, tileSize) => {
    const file = await written(name, made);
    const description = await describeSlide(file, options);
    expect(description).toMatchObject({
      ...{ file, regionFile: file, format: 'Deep Zoom', reader: 'deep-zoom', width: 700, height: 530 },
      ...{ mpp: null, tileSize },
    });
    const slide = openSlide(description);
    expect(Buffer.compare(await slide.readRegion(0, { x: 0, y: 0, width: 700, height: 530 }), source.data)).toBe(0);
    const inside = { x: 97, y: 123, width: 401, height: 300 };
    expect(Buffer.compare(await slide.readRegion(0, inside), crop(source, inside))).toBe(0);
    const pyramid = { width: 700, height: 530, tileSize: made.size, overlap: made.overlap };
    for (const [index, level] of description.levels.entries()) {
      if (!('tileSize' in level)) throw new Error('no level of Deep Zoom');
      const tiles = join(folder, `${name}_files`, String(level.level));
      for (const tile of await readdir(tiles)) {
        const [column, row] = tile.split('.')[0].split('_').map(Number);
        const expected = await sharp(join(tiles, tile)).raw().toBuffer();
        // With its overlap, which is read from its neighbours.
        const bounds = tileBounds(pyramid, { level: level.level, column, row });
        expect(Buffer.compare(await slide.readRegion(index, bounds), expected)).toBe(0);
      }
    }
  });

  test('JPEG tiles: a pixel comes from the tile in whose own square it lies, whatever the region', async () => {
    const file = await written('jpeg', { format: 'jpeg', size: 254, overlap: 1 });
    const slide = openSlide(await describeSlide(file, options));
    const tile = await sharp(join(folder, 'jpeg_files', '10', '1_1.jpeg'))
      .raw()
      .toBuffer();
    const own = { x: 254, y: 254, width: 254, height: 254 };
    const expected = crop({ data: tile, width: 256 }, { x: 1, y: 1, width: 254, height: 254 });
    expect(Buffer.compare(await slide.readRegion(0, own), expected)).toBe(0);
    const wide = await slide.readRegion(0, { x: 0, y: 0, width: 700, height: 530 });
    expect(Buffer.compare(crop({ data: wide, width: 700 }, own), expected)).toBe(0);
  });

  test('the levels go down to a single tile, and the header names them', async () => {
    const header = await readSlideHeader(await written('levels', { format: 'png', size: 128, overlap: 0 }));
    expect(header.levels).toEqual([
      { width: 700, height: 530 },
      { width: 350, height: 265 },
      { width: 175, height: 133 },
      { width: 88, height: 67 },
    ]);
  });
});

describe('what is wrong is told in one line', () => {
  const tile = (name: string) => join(folder, `${name}_files`, '10', '1_1.png');
  const cases: [string, (name: string) => Promise<unknown>, string][] = [
    ['missing-tile', (name) => rm(tile(name)), 'its tile missing-tile_files/10/1_1.png is missing'],
    [
      'small-tile',
      (name) => image(source.data.subarray(0, 12), 2, 2).png().toFile(tile(name)),
      'its tile small-tile_files/10/1_1.png cannot be used: it has 2 x 2 pixels, 256 x 256 were expected',
    ],
    [
      'svg-tile',
      (name) => writeFile(tile(name), '<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256"/>'),
      'cannot be used: it is no JPEG, PNG or WebP',
    ],
    ['cut-tile', (name) => cutFile(tile(name)), 'cannot be used: it is truncated or damaged'],
    [
      'long-tile',
      (name) => writeFile(tile(name), new Uint8Array(3_000_000)),
      'it has 3000000 bytes, at most 2097152 were expected',
    ],
    ['folder-tile', (name) => replaced(tile(name), mkdir), 'it is a folder or a device, a file was expected'],
    [
      'pipe-tile',
      (name) => replaced(tile(name), (path) => execFileSync('mkfifo', [path])),
      'it is a folder or a device, a file was expected',
    ],
    [
      'link-out',
      (name) => replaced(tile(name), (path) => symlink(join(folder, 'png-254-1_files', '10', '1_1.png'), path)),
      'cannot be read: it is a link that leads out of the folder',
    ],
    [
      'level-out',
      async (name) => {
        await rm(join(folder, `${name}_files`, '10'), { recursive: true });
        await symlink(join(folder, 'png-254-1_files', '10'), join(folder, `${name}_files`, '10'));
      },
      'it is a link that leads out of the folder',
    ],
    [
      'missing-level',
      (name) => rm(join(folder, `${name}_files`, '9'), { recursive: true }),
      'the tiles of its level 9, missing-level_files/9, are missing',
    ],
    [
      'no-folder',
      (name) => rm(join(folder, `${name}_files`), { recursive: true }),
      'the folder of its tiles, no-folder_files, was expected beside it and was not found',
    ],
    [
      'broken-descriptor',
      (name) => writeFile(join(folder, `${name}.dzi`), descriptor('TileSize="many"')),
      'its TileSize is "many", a whole number from 32 to 4096 was expected',
    ],
    [
      'collection',
      (name) =>
        writeFile(
          join(folder, `${name}.dzi`),
          '<Collection xmlns="http://schemas.microsoft.com/deepzoom/2009" MaxLevel="7"><Items/></Collection>',
        ),
      'it is a Deep Zoom collection of many images, the .dzi of one of them was expected',
    ],
  ];
  test.each(cases)('%s', async (name, spoil, message) => {
    const file = await written(name, PNG);
    await spoil(name);
    const reading = (async () => {
      const slide = openSlide(await describeSlide(file, options));
      await slide.readRegion(0, { x: 0, y: 0, width: 700, height: 530 });
    })();
    await expect(reading).rejects.toMatchObject({
      code: 'unreadable-slide',
      message: expect.stringContaining(message),
    });
    await expect(reading).rejects.toThrow(new RegExp(`^${name}\\.dzi cannot be read as a slide: [^\\n]*$`));
  });

  test('without its tiles it is not even listed', async () => {
    const file = await written('listed', PNG);
    await rm(join(folder, 'listed_files'), { recursive: true });
    await expect(readSlideHeader(file)).rejects.toThrow(
      'the folder of its tiles, listed_files, was expected beside it',
    );
  });

  test('tiles that lead out of their folder through its own name', async () => {
    const outside = join(folder, 'outside');
    await mkdir(outside);
    const file = await written('moved', PNG);
    await mkdir(join(folder, 'inside'));
    await cp(file, join(folder, 'inside', 'moved.dzi'));
    await rename(join(folder, 'moved_files'), join(outside, 'moved_files'));
    await symlink(join(outside, 'moved_files'), join(folder, 'inside', 'moved_files'));
    await expect(describeSlide(join(folder, 'inside', 'moved.dzi'), options)).rejects.toThrow(
      'moved_files, is a link that leads out of its own folder',
    );
  });

  test('links that stay inside are followed', async () => {
    const file = await written('linked', PNG);
    await replaced(tile('linked'), (path) => symlink('../../linked_files/10/1_0.png', path));
    await cp(join(folder, 'png-254-1_files', '10', '1_1.png'), join(folder, 'linked_files', 'kept.png'));
    await replaced(tile('linked'), (path) => symlink('../kept.png', path));
    const slide = openSlide(await describeSlide(file, options));
    expect(Buffer.compare(await slide.readRegion(0, { x: 0, y: 0, width: 700, height: 530 }), source.data)).toBe(0);
  });
});

describe('changes', () => {
  test('another sampled tile is another slide', async () => {
    const file = await written('changed', PNG);
    const before = await describeSlide(file, options);
    expect((await describeSlide(file, options)).fingerprint).toBe(before.fingerprint);
    await image(new Uint8Array(256 * 256 * 3), 256, 256)
      .png()
      .toFile(join(folder, 'changed_files', '10', '1_1.png'));
    expect((await describeSlide(file, options)).fingerprint).not.toBe(before.fingerprint);
  });

  test('a tile that comes or goes is noticed by whoever has the slide open', async () => {
    const file = await written('noticed', PNG);
    const slides = fileCache((path) => describeSlide(path, options), {
      companions: ({ companions = [] }) => companions,
    });
    const before = await slides(file);
    expect(await slides(file)).toBe(before);
    await expect(whileUnchanged(before, Promise.resolve('read'))).resolves.toBe('read');
    await rm(join(folder, 'noticed_files', '10', '2_2.png'));
    const after = await slides(file);
    expect(after.fingerprint).not.toBe(before.fingerprint);
    await expect(whileUnchanged(before, Promise.resolve('read'))).rejects.toThrow('the file changed');
  });
});

function descriptor(tileSize: string): string {
  return `<Image xmlns="http://schemas.microsoft.com/deepzoom/2008" Format="png" Overlap="1" ${tileSize}><Size Width="700" Height="530"/></Image>`;
}

async function replaced(path: string, make: (path: string) => unknown): Promise<void> {
  await rm(path);
  await make(path);
}

async function cutFile(path: string): Promise<void> {
  const bytes = await sharp(path).png().toBuffer();
  await writeFile(path, bytes.subarray(0, bytes.length / 2));
}

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { deepZoomTile } from '../../../server/src/slides/deep-zoom-tile.ts';
import { describeSlide } from '../../../server/src/slides/describe-slide.ts';
import { openSlide } from '../../../server/src/slides/open-slide.ts';
import { pictureCoding } from '../../../server/src/slides/picture-coding.ts';
import { encodedTile, storedTile } from '../../../server/src/slides/whole-tile.ts';
import { image, picture, temporaryFolder } from './pictures.ts';
import { type TiffTag, writtenTiff } from './written-tiff.ts';

const folder = await temporaryFolder();
const TILE = 256;
const source = picture(2 * TILE, 2 * TILE);

const open = async (file: string) => openSlide(await describeSlide(file, { store: folder }));
const pixels = (tile: Uint8Array) => sharp(tile).raw().toBuffer();
const isPartOf = (part: Uint8Array, whole: Buffer) => whole.includes(Buffer.from(part));

/** Marker segments of a JPEG before its first scan: second byte of the marker, and the segment. */
function segmentsOf(jpeg: Uint8Array): [marker: number, segment: Uint8Array][] {
  const found: [number, Uint8Array][] = [];
  for (let at = 2; jpeg[at + 1] !== 0xda; ) {
    const end = at + 2 + jpeg[at + 2] * 256 + jpeg[at + 3];
    found.push([jpeg[at + 1], jpeg.subarray(at, end)]);
    at = end;
  }
  return found;
}

/** A stream without its tables, as TIFFs have it, and the tables. */
function abbreviated(jpeg: Uint8Array): { stream: Uint8Array; tables: Uint8Array } {
  const segments = segmentsOf(jpeg);
  const isTable = (marker: number) => marker === 0xdb || marker === 0xc4;
  const pick = (tables: boolean) => segments.filter(([marker]) => isTable(marker) === tables).map(([, bytes]) => bytes);
  const scan = jpeg.subarray(2 + segments.reduce((sum, [, { length }]) => sum + length, 0));
  return {
    stream: Buffer.concat([Uint8Array.of(0xff, 0xd8), ...pick(false), scan]),
    tables: Buffer.concat([Uint8Array.of(0xff, 0xd8), ...pick(true), Uint8Array.of(0xff, 0xd9)]),
  };
}

interface Written {
  photometric: number;
  samples: number;
  tables?: Uint8Array;
  tiles: Uint8Array[];
  size?: [width: number, height: number];
  tags?: TiffTag[];
}

async function written(name: string, { photometric, samples, tables, tiles, size, tags = [] }: Written) {
  const [width, height] = size ?? [TILE * tiles.length, TILE];
  const file = join(folder, name);
  const bytes = writtenTiff({
    ...{ littleEndian: true, big: false, width, height, tileSize: TILE, tiles },
    tags: [
      [258, 'short', Array.from({ length: samples }, () => 8)],
      [259, 'short', [7]],
      [262, 'short', [photometric]],
      [277, 'short', [samples]],
      ...(tables ? ([[347, 'undefined', tables]] satisfies TiffTag[]) : []),
      ...tags,
    ],
  });
  await writeFile(file, bytes);
  return file;
}

const [GREY, RGB, YCBCR] = [1, 2, 6];
const ADOBE = Uint8Array.of(0xff, 0xee, 0, 14, 0x41, 0x64, 0x6f, 0x62, 0x65, 0, 100, 0, 0, 0, 0, 0);
const colour = await image(source.data, 2 * TILE, 2 * TILE)
  .extract({ left: 0, top: 0, width: TILE, height: TILE })
  .jpeg({ quality: 80 })
  .toBuffer();
const grey = await sharp(colour).toColourspace('b-w').jpeg({ quality: 80, chromaSubsampling: '4:4:4' }).toBuffer();
// Segments that contradict the directory, or turn the picture in a browser.
const turned = await sharp(colour)
  .withExif({ IFD0: { Orientation: '6' } })
  .withMetadata({ orientation: 6 })
  .toBuffer();
const wrong = Buffer.concat([colour.subarray(0, 2), ADOBE, colour.subarray(2)]);

const KINDS: Record<string, Written> = {
  'YCbCr, tables apart': { photometric: YCBCR, samples: 3, ...parts(colour) },
  'YCbCr, tables in the tile': { photometric: YCBCR, samples: 3, tiles: [colour] },
  'RGB, tables apart, and a segment that says YCbCr': { photometric: RGB, samples: 3, ...parts(colour) },
  'YCbCr, and a segment that says RGB': { photometric: YCBCR, samples: 3, tiles: [wrong] },
  'YCbCr, and a segment that says it is turned': { photometric: YCBCR, samples: 3, tiles: [turned] },
  grey: { photometric: GREY, samples: 1, ...parts(grey) },
};

function parts(jpeg: Uint8Array) {
  const { stream, tables } = abbreviated(jpeg);
  return { tables, tiles: [stream] };
}

describe.each(Object.entries(KINDS))('%s', (name, kind) => {
  test('is handed out as it is stored, and has the pixels that patches have', async () => {
    const reader = await open(await written(`${name}.tif`, kind));
    const tile = await deepZoomTile(reader, 8, 0, 0, 'jpeg');
    const scan = kind.tiles[0].subarray(-2000);
    expect(isPartOf(scan, Buffer.from(tile))).toBe(true);
    const { data, info } = await sharp(tile)
      .autoOrient()
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: TILE, height: TILE });
    const read = await reader.readRegion(0, { x: 0, y: 0, width: TILE, height: TILE });
    const rgb = info.channels === 1 ? Uint8Array.from(read).filter((_, i) => i % 3 === 0) : read;
    expect(Buffer.compare(data, rgb)).toBe(0);
  });

  test('is encoded anew where a quality is asked for, and as PNG exact', async () => {
    const reader = await open(await written(`${name}.tif`, kind));
    const [low, high] = await Promise.all(
      [10, 95].map((quality) => deepZoomTile(reader, 8, 0, 0, 'jpeg', { quality })),
    );
    expect(low.length * 2).toBeLessThan(high.length);
    const read = await reader.readRegion(0, { x: 0, y: 0, width: TILE, height: TILE });
    expect(Buffer.compare(await pixels(await deepZoomTile(reader, 8, 0, 0, 'png')), read)).toBe(0);
  });
});

const NOT_HANDED_OUT: Record<string, Written> = {
  'at the edge of the picture, where tiles are padded': {
    ...{ photometric: YCBCR, samples: 3, tiles: [colour], size: [TILE - 3, TILE - 50] },
  },
  'white is zero': { photometric: 0, samples: 1, tiles: [grey] },
  'without its end': { photometric: YCBCR, samples: 3, tiles: [colour, colour.subarray(0, -2)] },
  'of another size than the directory says': {
    ...{ photometric: YCBCR, samples: 3 },
    tiles: [colour, await sharp(colour).resize(128).jpeg().toBuffer()],
  },
};

test.each(Object.entries(NOT_HANDED_OUT))('a tile is not handed out as it is stored: %s', async (name, kind) => {
  const file = await written(`not ${name}.tif`, kind);
  const reader = await open(file);
  const level = kind.tiles.length > 1 ? 9 : 8;
  const column = kind.tiles.length - 1;
  const tile = await deepZoomTile(reader, level, column, 0, 'jpeg').catch((error: unknown) => error);
  if (tile instanceof Error) {
    expect(tile).toMatchObject({ code: 'unreadable-slide' });
    return;
  }
  if (!(tile instanceof Uint8Array)) throw new Error('no tile');
  expect(isPartOf(kind.tiles[column].subarray(-2000, -100), Buffer.from(tile))).toBe(false);
  const [width, height] = kind.size ?? [TILE, TILE];
  expect(await sharp(tile).metadata()).toMatchObject({ width, height });
});

test('every whole tile of a pyramid that libvips writes is handed out at each of its levels, and no other', async () => {
  const file = join(folder, 'pyramid.tif');
  const { data } = picture(1100, 700);
  const options = { tile: true, tileWidth: TILE, tileHeight: TILE, compression: 'jpeg', quality: 80 } as const;
  await image(data, 1100, 700)
    .tiff({ ...options, pyramid: true })
    .toFile(file);
  const bytes = await readFile(file);
  const reader = await open(file);
  const handedOut: string[] = [];
  for (const [level, columns, rows] of [
    [11, 5, 3],
    [10, 3, 2],
    [9, 2, 1],
  ]) {
    for (let i = 0; i < columns * rows; i++) {
      const [column, row] = [i % columns, Math.floor(i / columns)];
      const tile = await deepZoomTile(reader, level, column, row, 'jpeg');
      if (isPartOf(tile.subarray(-1000), bytes)) handedOut.push(`${level}/${column}_${row}`);
    }
  }
  const whole = (level: number, columns: number, rows: number) =>
    Array.from({ length: columns * rows }, (_, i) => `${level}/${i % columns}_${Math.floor(i / columns)}`);
  expect(handedOut).toEqual([...whole(11, 4, 2), ...whole(10, 2, 1), ...whole(9, 1, 0)]);
});

test('a tile that is no JPEG is not read to find that out', async () => {
  const file = join(folder, 'raw.tif');
  const bytes = writtenTiff({
    ...{ littleEndian: true, big: false, width: TILE, height: TILE, tileSize: TILE },
    // Reading it fails.
    tiles: [new Uint8Array(0)],
    tags: [
      [258, 'short', [8, 8, 8]],
      [259, 'short', [1]],
      [262, 'short', [2]],
      [277, 'short', [3]],
    ],
  });
  await writeFile(file, bytes);
  const level = { width: TILE, height: TILE, page: 0, subifd: -1 };
  const region = { x: 0, y: 0, width: TILE, height: TILE };
  await expect(encodedTile(file, level, region, pictureCoding('png'))).rejects.toThrow('has 0 bytes');
  expect(await storedTile(file, level, region)).toBeNull();
});

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { trestle } from './openslide-slides.ts';
import { image, picture } from './pictures.ts';
import { rawTiles } from './raw-tiles.ts';
import { type TiffTag, writtenTiff } from './written-tiff.ts';

/** Places at which each kind of file is cut off. */
const CUTS = 20;

const source = picture(400, 300);
const rgb = () => image(source.data, 400, 300);
const tiles = { tile: true, tileWidth: 128, tileHeight: 128 } as const;

const LONG_SIZES = [0, 2 ** 31, 2 ** 32 - 1];

/** Whole files of most kinds. */
export async function wholeFiles(): Promise<Record<string, Uint8Array>> {
  return {
    'pyramid.tif': await rgb()
      .tiff({ ...tiles, compression: 'jpeg', pyramid: true })
      .toBuffer(),
    'big.tif': await rgb()
      .tiff({ ...tiles, compression: 'deflate', pyramid: true, bigtiff: true })
      .toBuffer(),
    'raw.svs': rawTiles({ ...source, tileSize: 128 }),
    'front.tif': directoryFirst(rawTiles({ ...source, tileSize: 128 })),
    'trestle.tif': directoryFirst(trestle(source)),
    'strips.tif': await rgb().tiff({ compression: 'lzw' }).toBuffer(),
    'a.jpg': await rgb().jpeg().toBuffer(),
    'progressive.jpg': await rgb().jpeg({ progressive: true }).toBuffer(),
    'a.png': await rgb().png().toBuffer(),
    'a.webp': await rgb().webp().toBuffer(),
  };
}

/** Writes files that are cut off, `cut-07-a.png` for each kind. */
export async function writeCutFiles(folder: string): Promise<string[]> {
  const names: string[] = [];
  for (const [name, bytes] of Object.entries(await wholeFiles())) {
    for (let cut = 0; cut < CUTS; cut++) {
      // From nothing at all up to the last byte but one.
      const length = Math.floor(((bytes.length - 1) * cut) / (CUTS - 1));
      const cutName = `cut-${String(cut).padStart(2, '0')}-${name}`;
      await writeFile(join(folder, cutName), bytes.subarray(0, length));
      names.push(cutName);
    }
  }
  return names;
}

/** Writes files that lie about themselves. */
export async function writeLyingFiles(folder: string): Promise<string[]> {
  const files: Record<string, Uint8Array> = {};
  for (const size of LONG_SIZES) {
    const sides = { width: [size, 300], height: [400, size], both: [size, size] };
    for (const [side, [width, height]] of Object.entries(sides)) {
      files[`tiles-${side}-${size}.tif`] = sizedTiff(width, height, true);
      files[`strip-${side}-${size}.tif`] = sizedTiff(width, height, false);
      files[`${side}-${size}.png`] = pngOf(width, height);
    }
    files[`tile-of-${size}.tif`] = taggedTiff(400, 300, [
      [322, 'long', [size]],
      [323, 'long', [size]],
      [324, 'long', [8]],
      [325, 'long', [100]],
    ]);
    files[`rows-of-${size}.tif`] = taggedTiff(400, 300, [...stripTags(), [278, 'long', [size]]]);
  }
  files['frame-0.jpg'] = await sizedJpeg(0, 0);
  files['frame-65535.jpg'] = await sizedJpeg(65_535, 65_535);
  files['bomb.png'] = pngOf(40_000, 40_000, new Uint8Array(1 << 20));
  files['bomb-interlaced.png'] = pngOf(17_000, 17_000, new Uint8Array(1 << 20), 1);
  files['bomb-strip.tif'] = bombStrip();
  files['no-tiles.tif'] = taggedTiff(4000, 3000, [
    [322, 'long', [256]],
    [323, 'long', [256]],
    [324, 'long', [8]],
    [325, 'long', [100]],
  ]);
  const whole = rawTiles({ ...source, tileSize: 128 });
  files['next-is-itself.tif'] = withNextDirectory(whole, directoryOf(whole));
  files['sub-is-itself.tif'] = loopOfSubdirectories();
  files['two-name-each-other.tif'] = loopOfTwo();
  files['one-array-many-times.tif'] = repeatedArray();
  files['next-is-beyond.tif'] = withNextDirectory(whole, 2 ** 32 - 2);
  files['jpeg-2000.tif'] = compressedTiff(34_712);
  files['zstandard.tif'] = compressedTiff(50_000);
  files['no-compression-at-all.tif'] = compressedTiff(64_999);
  files['floats.tif'] = taggedTiff(400, 300, [...stripTags(), [258, 'short', [32]], [339, 'short', [3]]]);
  files['text.svs'] = new TextEncoder().encode('no slide');
  files['archive.ndpi'] = Uint8Array.from([0x50, 0x4b, 3, 4, ...new Uint8Array(200)]);
  files['page.tif'] = new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
  files['hamamatsu.ndpi'] = taggedTiff(400, 300, [...stripTags(), [65_420, 'long', [1]]]);
  files['virtual.vms'] = new TextEncoder().encode('[Virtual Microscope Specimen]\nNoLayers=1\nImageFile=none.jpg\n');
  files['database.svslide'] = new TextEncoder().encode(`SQLite format 3\0${'\0'.repeat(200)}`);
  files['preamble.dcm'] = new TextEncoder().encode(`${'\0'.repeat(128)}DICM${'\0'.repeat(200)}`);
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
  return Object.keys(files);
}

/** Slides whose names say something else than what they are. */
export async function writeMisnamedFiles(folder: string): Promise<string[]> {
  const { 'a.png': png, 'a.jpg': jpeg, 'pyramid.tif': tiff } = await wholeFiles();
  const files = { 'really-png.tif': png, 'really-jpeg.svs': jpeg, 'really-tiff.jpg': tiff, 'really-tiff.mrxs': tiff };
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
  return Object.keys(files);
}

export async function makeFolderNamedAsSlide(folder: string): Promise<string> {
  await mkdir(join(folder, 'folder.tif'));
  return 'folder.tif';
}

const SAMPLES: TiffTag[] = [
  [258, 'short', [8, 8, 8]],
  [259, 'short', [1]],
  [262, 'short', [2]],
  [277, 'short', [3]],
];

function stripTags(): TiffTag[] {
  return [
    [273, 'long', [8]],
    [279, 'long', [100]],
    [278, 'long', [300]],
  ];
}

/** A TIFF without tiles of its own; later tags take the place of earlier ones. */
function taggedTiff(width: number, height: number, tags: TiffTag[]): Uint8Array {
  const byNumber = new Map([...SAMPLES, ...tags].map((tag) => [tag[0], tag]));
  const written = { littleEndian: true, big: false, width, height, tileSize: 128, isTiled: false };
  return writtenTiff({ ...written, tiles: [new Uint8Array(200)], tags: [...byNumber.values()] });
}

function sizedTiff(width: number, height: number, isTiled: boolean): Uint8Array {
  return taggedTiff(
    width,
    height,
    isTiled
      ? [
          [322, 'long', [128]],
          [323, 'long', [128]],
          [324, 'long', [8]],
          [325, 'long', [100]],
        ]
      : stripTags(),
  );
}

function compressedTiff(compression: number): Uint8Array {
  return taggedTiff(400, 300, [...stripTags(), [259, 'short', [compression]]]);
}

/** 3.6 billion pixels of one colour in a strip of a few kilobytes. */
function bombStrip(): Uint8Array {
  const packed = deflateSync(new Uint8Array(1 << 22));
  const written = { littleEndian: true, big: false, width: 60_000, height: 60_000, tileSize: 128, isTiled: false };
  const tags: TiffTag[] = [
    ...SAMPLES.filter(([tag]) => tag !== 259),
    [259, 'short', [8]],
    [273, 'long', [8]],
    [278, 'long', [60_000]],
    [279, 'long', [packed.length]],
  ];
  return writtenTiff({ ...written, tiles: [packed], tags });
}

function pngOf(width: number, height: number, data = new Uint8Array(1000), interlace = 0): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, interlace], 8);
  const chunks = [chunk('IHDR', header), chunk('IDAT', deflateSync(data)), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...chunks]);
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** A JPEG whose frame says another size than it has. */
async function sizedJpeg(width: number, height: number): Promise<Uint8Array> {
  const bytes = await rgb().jpeg().toBuffer();
  const frame = bytes.indexOf(Buffer.from('ffc0', 'hex'));
  bytes.writeUInt16BE(height, frame + 5);
  bytes.writeUInt16BE(width, frame + 7);
  return bytes;
}

function directoryOf(tiff: Uint8Array): number {
  return Buffer.from(tiff.buffer).readUInt32LE(4);
}

/** A copy of a little-endian TIFF of one directory, with another one said to follow it. */
function withNextDirectory(tiff: Uint8Array, next: number): Uint8Array {
  const bytes = Buffer.from(tiff);
  const directory = bytes.readUInt32LE(4);
  bytes.writeUInt32LE(next, directory + 2 + 12 * bytes.readUInt16LE(directory));
  return bytes;
}

/** Two pages, the second of which names the first as its next. */
function loopOfTwo(): Uint8Array {
  const page = { ...source, tileSize: 128 };
  const bytes = Buffer.from(rawTiles(page, page));
  const first = bytes.readUInt32LE(4);
  const nextOf = (directory: number) => directory + 2 + 12 * bytes.readUInt16LE(directory);
  bytes.writeUInt32LE(first, nextOf(bytes.readUInt32LE(nextOf(first))));
  return bytes;
}

/** A thousand small directories that all name one array of a million numbers: 4 GB to read, of 4 MB. */
function repeatedArray(): Uint8Array {
  const numbers = 1 << 20;
  const arrayAt = 8;
  const directoryBytes = 2 + 12 * 5 + 4;
  const start = arrayAt + 4 * numbers;
  const bytes = Buffer.alloc(start + 1000 * directoryBytes);
  bytes.write('II*\0', 'latin1');
  bytes.writeUInt32LE(start, 4);
  for (let i = 0; i < 1000; i++) {
    const at = start + i * directoryBytes;
    bytes.writeUInt16LE(5, at);
    const entries = [
      [256, 1, 400],
      [257, 1, 300],
      [273, numbers, arrayAt],
      [278, 1, 300],
      [279, numbers, arrayAt],
    ];
    entries.forEach(([tag, count, value], index) => {
      const entry = at + 2 + 12 * index;
      bytes.writeUInt16LE(tag, entry);
      bytes.writeUInt16LE(4, entry + 2);
      bytes.writeUInt32LE(count, entry + 4);
      bytes.writeUInt32LE(value, entry + 8);
    });
    if (i < 999) bytes.writeUInt32LE(at + directoryBytes, at + directoryBytes - 4);
  }
  return bytes;
}

/** A directory that names itself as the one below it. */
function loopOfSubdirectories(): Uint8Array {
  const make = (offset: number) => rawTiles({ ...source, tileSize: 128, tags: [[330, 'long', [offset]]] });
  return make(directoryOf(make(0)));
}

/** Bytes of a value, index = TIFF's type. */
const VALUE_BYTES = [0, 1, 1, 2, 4];

/** The same TIFF with its directory before its pixels, so that a cut leaves it whole. */
function directoryFirst(tiff: Uint8Array): Uint8Array {
  const file = Buffer.from(tiff);
  const from = file.readUInt32LE(4);
  const directory = Buffer.from(file.subarray(from));
  const moved = directory.length + (directory.length % 2);
  const entries = directory.readUInt16LE(0);
  for (let entry = 0; entry < entries; entry++) {
    const at = 2 + 12 * entry;
    const bytes = VALUE_BYTES[directory.readUInt16LE(at + 2)];
    const count = directory.readUInt32LE(at + 4);
    const isInline = count * bytes <= 4;
    const valuesAt = directory.readUInt32LE(at + 8) - from;
    if (!isInline) directory.writeUInt32LE(valuesAt + 8, at + 8);
    if (directory.readUInt16LE(at) !== 324) continue;
    for (let i = 0; i < count; i++) {
      const place = isInline ? at + 8 : valuesAt + 4 * i;
      directory.writeUInt32LE(directory.readUInt32LE(place) + moved, place);
    }
  }
  const header = Buffer.from(file.subarray(0, 8));
  header.writeUInt32LE(8, 4);
  return Buffer.concat([header, directory, Buffer.alloc(moved - directory.length), file.subarray(8, from)]);
}

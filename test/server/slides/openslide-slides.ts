import { spawnSync } from 'node:child_process';
import { open, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import sharp from 'sharp';
import { image } from './pictures.ts';
import { rawPage, rawTiles, tilesOf } from './raw-tiles.ts';
import { type TiffTag, writtenTiff } from './written-tiff.ts';

/** Version of the OpenSlide that the system has, or undefined: tests of it are skipped. */
export const openslideVersion: string | undefined = findVersion();

if (openslideVersion === undefined)
  console.log('No OpenSlide (apt-get install libopenslide0): tests that need it are skipped.');

function findVersion(): string | undefined {
  const koffi = createRequire(import.meta.url).resolve('koffi');
  const script = `
    const koffi = require(${JSON.stringify(koffi)});
    for (const name of ['libopenslide.so.1', 'libopenslide.so.0', 'libopenslide.1.dylib']) {
      try { console.log(koffi.load(name).func('const char *openslide_get_version()')()); break; } catch {}
    }`;
  const { stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  return stdout.trim() || undefined;
}

interface Picture {
  data: Uint8Array;
  width: number;
  height: number;
}

const text = (tag: number, value: string): TiffTag => [tag, 'ascii', [...new TextEncoder().encode(`${value}\0`)]];

/** A Trestle slide, uncompressed, a level for each picture; around it is a colour of its own. */
export async function writeTrestle(file: string, full: Picture, ...smaller: Picture[]): Promise<void> {
  await writeFile(file, trestle(full, ...smaller));
}

/** The photograph of the whole glass, a JPEG beside a Trestle slide. */
export async function writeTrestleMacro(file: string, macro: Picture): Promise<void> {
  await image(macro.data, macro.width, macro.height)
    .jpeg()
    .toFile(file.replace(/\.tif$/, '.Full'));
}

export function trestle(full: Picture, ...smaller: Picture[]): Uint8Array {
  const tags: TiffTag[] = [
    ...[text(305, 'MedScan'), text(270, 'Background Color=C08040;OverlapsXY= 0 0;Objective Power=20')],
    // Microns per pixel, whatever the tag is meant for.
    [282, 'rational', [0.325]],
    [283, 'rational', [0.325]],
  ];
  const pages = smaller.map((picture) => ({ ...picture, tileSize: 128, tags }));
  return rawTiles({ ...full, tileSize: 128, tags }, ...pages);
}

/**
 * A Philips slide, uncompressed, without the tiles of its first level that are named: those are background.
 * @param more a second level, half as large, and pictures beside the slide
 */
export async function writePhilips(
  file: string,
  picture: Picture,
  missing: readonly number[],
  more?: { half: Picture; label: Picture; macro: Picture },
): Promise<void> {
  const tileSize = 128;
  const all = tilesOf({ ...picture, tileSize });
  const spacingOf = (millimetres: number) =>
    `<Attribute Name="DICOM_PIXEL_SPACING" Group="0x0028" Element="0x0030" PMSVR="IDoubleArray">&quot;${millimetres}&quot; &quot;${millimetres}&quot;</Attribute>`;
  const spacing = spacingOf(0.00025);
  const represented = [spacing, ...(more ? [spacingOf(0.0005)] : [])].map(
    (each) => `<DataObject ObjectType="PixelDataRepresentation">${each}</DataObject>`,
  );
  const levels = `<Attribute Name="PIIM_PIXEL_DATA_REPRESENTATION_SEQUENCE"><Array>${represented.join('')}</Array></Attribute>`;
  const scanned = `<DataObject ObjectType="DPScannedImage"><Attribute Name="PIM_DP_IMAGE_TYPE">WSI</Attribute>${spacing}${levels}</DataObject>`;
  const xml = `<?xml version="1.0" encoding="UTF-8" ?><DataObject ObjectType="DPUfsImport"><Attribute Name="PIM_DP_SCANNED_IMAGES"><Array>${scanned}</Array></Attribute></DataObject>`;
  const beside = (pixels: Picture, description: string) =>
    rawPage({ ...pixels, tileSize, isStrip: true, tags: [text(270, description)] });
  await writeFile(
    file,
    writtenTiff(
      {
        ...rawPage({ ...picture, tileSize, tags: [text(270, xml), text(305, 'Philips DP v1.0')] }),
        tiles: all.map((tile, index) => (missing.includes(index) ? new Uint8Array() : tile)),
      },
      ...(more
        ? [
            rawPage({ ...more.half, tileSize, tags: [[254, 'long', [1]], text(270, 'level=1')] }),
            ...[beside(more.label, 'Label'), beside(more.macro, 'Macro')],
          ]
        : []),
    ),
  );
}

/**
 * A tile of 64 x 64 pixels in lossless JPEG 2000, which nothing here encodes: pixel (x, y) is [4 x, 4 y, 2 (x + y)]. Made by
 * Python's imagecodecs: `jpeg2k_encode(pixels, level=0, reversible=True, codecformat='j2k', mct=False)`.
 */
const JPEG_2000_TILE = Buffer.from(
  [
    '/0//UQAvAAAAAABAAAAAQAAAAAAAAAAAAAAAQAAAAEAAAAAAAAAAAAADBwEBBwEBBwEB/1IADAAAAAEAAwQEAAH/XAANQEBISFBISFBISFD/ZA',
    'AlAAFDcmVhdGVkIGJ5IE9wZW5KUEVHIHZlcnNpb24gMi41LjT/kAAKAAAAAADnAAH/k9+AyBFqofAgeQb5AENPbd+V9gQkAv3VfcYQtT/fgNAS',
    'jirQ9grbwNjezurVdf5uZwIWXBah/Qsqf9+BQBIrZtcPYOVS50caTTXEVAr4h8HKTkL66L3RYpFzW3D+XEE0LBXTYD/B84cANqGZrmOjX6D5w4',
    'A9pjRbENxXwPkDQPkDADahma5jnz2mNFsQ28D5BABfp8eIoA2wf6B8gkCdrClBAMMYBg/AfCJAfCKAX6fHiZ2sKUA/wHwigItiAauooD4RgOGN',
    'Yqd/18A6LAOigItiAauf4Y1ip37/2Q==',
  ].join(''),
  'base64',
);

/** An Aperio slide of 2 x 2 equal tiles in JPEG 2000; returns its pixels. */
export async function writeAperioJpeg2000(file: string): Promise<Picture> {
  const side = 128;
  const tags: TiffTag[] = [
    [258, 'short', [8, 8, 8]],
    [259, 'short', [33_005]],
    [262, 'short', [2]],
    [277, 'short', [3]],
    text(270, 'Aperio Image Library v11|AppMag = 40|MPP = 0.2520'),
  ];
  const page = { littleEndian: true, big: false, width: side, height: side, tileSize: 64, tags };
  await writeFile(file, writtenTiff({ ...page, tiles: Array.from({ length: 4 }, () => JPEG_2000_TILE) }));
  const data = new Uint8Array(side * side * 3);
  for (let pixel = 0; pixel < side * side; pixel++) {
    const [x, y] = [pixel % 64, Math.floor(pixel / side) % 64];
    data.set([4 * x, 4 * y, 2 * (x + y)], 3 * pixel);
  }
  return { data, width: side, height: side };
}

/** Nanometres that a pixel of `writeLeica` has along a side. */
const LEICA_PIXEL = 500;

/**
 * A Leica slide whose one scan, uncompressed, lies 64 pixels from the left and 32 from the top of 512 x 384.
 * @param more a second level of the scan, half as large, and the photograph of the whole glass
 */
export async function writeLeica(
  file: string,
  scanned: Picture,
  more?: { half: Picture; macro: Picture },
): Promise<void> {
  const { width, height } = scanned;
  const nanometres = (pixels: number) => pixels * LEICA_PIXEL;
  const view = `<view sizeX="${nanometres(width)}" sizeY="${nanometres(height)}" offsetX="${nanometres(64)}" offsetY="${nanometres(32)}"/>`;
  const settings =
    '<scanSettings><objectiveSettings><objective>20</objective></objectiveSettings><illuminationSettings><numericalAperture>0.4</numericalAperture><illuminationSource>brightfield</illuminationSource></illuminationSettings></scanSettings>';
  const dimension = (picture: Picture, number: number, page: number) =>
    `<dimension sizeX="${picture.width}" sizeY="${picture.height}" r="${number}" ifd="${page}"/>`;
  const imageOf = (name: string, full: Picture, dimensions: string, seen: string) =>
    `<image name="${name}" uuid="${name}"><creationDate>2020-01-01T00:00:00Z</creationDate><device model="SCN400" version="1"/><pixels sizeX="${full.width}" sizeY="${full.height}">${dimensions}</pixels>${seen}${settings}</image>`;
  const smaller = more ? dimension(more.half, 1, 1) : '';
  const scan = imageOf('scan', scanned, `${dimension(scanned, 0, 0)}${smaller}`, view);
  const glass = `<view sizeX="${nanometres(512)}" sizeY="${nanometres(384)}" offsetX="0" offsetY="0"/>`;
  const macro = more ? imageOf('macro', more.macro, dimension(more.macro, 0, 2), glass) : '';
  const xml = `<?xml version="1.0"?><scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01" uuid="0"><collection name="slide" uuid="2" sizeX="${nanometres(512)}" sizeY="${nanometres(384)}">${scan}${macro}</collection></scn>`;
  const perCentimetre = 1e7 / LEICA_PIXEL;
  const tags: TiffTag[] = [
    text(270, xml),
    [282, 'rational', [perCentimetre]],
    [283, 'rational', [perCentimetre]],
    [296, 'short', [3]],
  ];
  const page = { tileSize: 128, big: true };
  const others = more ? [more.half, more.macro].map((picture) => ({ ...picture, ...page })) : [];
  await writeFile(file, rawTiles({ ...scanned, ...page, tags }, ...others));
}

/** A Hamamatsu VMS slide: a text file, the JPEG of its one scan, and a small one of all of it. */
export async function writeVms(folder: string, name: string, { data, width, height }: Picture): Promise<Buffer> {
  const full = await jpegWithRestarts({ data, width, height });
  await writeFile(join(folder, `${name}-image.jpg`), full);
  const small = { width: width / 8, height: height / 8 };
  const { data: pixels } = await sharp(full)
    .resize(small.width, small.height)
    .raw()
    .toBuffer({ resolveWithObject: true });
  const overview = await jpegWithRestarts({ ...small, data: pixels });
  for (const part of ['map', 'macro']) await writeFile(join(folder, `${name}-${part}.jpg`), overview);
  const lines = [
    '[Virtual Microscope Specimen]',
    ...['NoLayers=1', 'NoJpegColumns=1', 'NoJpegRows=1', 'SourceLens=20'],
    ...[`ImageFile=${name}-image.jpg`, `MapFile=${name}-map.jpg`, `MacroImage=${name}-macro.jpg`],
    ...[`PhysicalWidth=${width * 460}`, `PhysicalHeight=${height * 460}`],
  ];
  await writeFile(join(folder, `${name}.vms`), `${lines.join('\n')}\n`);
  return full;
}

/** Lines of a block of a JPEG that is not subsampled. */
const BLOCK_LINES = 8;

/**
 * A JPEG in which coding starts anew with every row of blocks, as scanners write it: each row is coded as a picture of its
 * own, and their scans are put behind one header.
 * @param picture of whole blocks
 */
async function jpegWithRestarts({ data, width, height }: Picture): Promise<Buffer> {
  const rows = await Promise.all(
    Array.from({ length: height / BLOCK_LINES }, (_, row) => {
      const start = row * BLOCK_LINES * width * 3;
      const lines = data.subarray(start, start + BLOCK_LINES * width * 3);
      const options = { quality: 95, chromaSubsampling: '4:4:4', optimizeCoding: false };
      return image(lines, width, BLOCK_LINES).jpeg(options).toBuffer();
    }),
  );
  const [first] = rows;
  const frame = first.indexOf(Buffer.from('ffc0', 'hex'));
  const scan = first.indexOf(Buffer.from('ffda', 'hex'));
  const scanData = scan + 2 + first.readUInt16BE(scan + 2);
  const header = Buffer.from(first.subarray(0, scanData));
  header.writeUInt16BE(height, frame + 5);
  const interval = Buffer.from('ffdd00040000', 'hex');
  interval.writeUInt16BE(width / BLOCK_LINES, 4);
  const scans = rows.flatMap((row, i) => [
    ...(i === 0 ? [] : [Buffer.from([0xff, 0xd0 + ((i - 1) % 8)])]),
    row.subarray(scanData, row.length - 2),
  ]);
  return Buffer.concat([
    header.subarray(0, scan),
    interval,
    header.subarray(scan),
    ...scans,
    Buffer.from('ffd9', 'hex'),
  ]);
}

/** Where a Hamamatsu NDPI says that its directory lies: 8 bytes, though the rest of it is TIFF 6.0. */
const NDPI_HEADER_BYTES = 12;

/** Microns per pixel of `writeNdpi`. */
const NDPI_MPP = 0.25;

const FLOAT = 11;
const LONG = 4;
const SIGNED_LONG = 9;

/**
 * A Hamamatsu NDPI slide of one level, as one strip of JPEG; returns the JPEG.
 * @param hole bytes of nothing before its pixels, which take no room on the disk
 */
export async function writeNdpi(file: string, picture: Picture, hole = 0): Promise<Buffer> {
  const { width, height } = picture;
  const jpeg = await jpegWithRestarts(picture);
  const entries: (readonly [tag: number, type: number, value: number])[] = [
    [256, LONG, width],
    [257, LONG, height],
    [259, LONG, 7],
    [273, LONG, NDPI_HEADER_BYTES + hole],
    [277, LONG, 3],
    [278, LONG, height],
    [279, LONG, jpeg.length],
    // Pixels per centimetre.
    ...[[282, FLOAT, 1e4 / NDPI_MPP] as const, [283, FLOAT, 1e4 / NDPI_MPP] as const, [296, LONG, 3] as const],
    [65_420, LONG, 1],
    [65_421, FLOAT, 40],
    [65_424, SIGNED_LONG, 0],
  ];
  const header = Buffer.from('49492a000000000000000000', 'hex');
  const directoryAt = NDPI_HEADER_BYTES + jpeg.length + hole;
  header.writeBigUInt64LE(BigInt(directoryAt), 4);
  // Behind the entries: where the next directory lies, 8 bytes, and the upper 4 bytes of every value.
  const directory = Buffer.alloc(2 + 12 * entries.length + 8 + 4 * entries.length);
  directory.writeUInt16LE(entries.length);
  entries.forEach(([tag, type, value], index) => {
    const at = 2 + 12 * index;
    directory.writeUInt16LE(tag, at);
    directory.writeUInt16LE(type, at + 2);
    directory.writeUInt32LE(1, at + 4);
    if (type === FLOAT) directory.writeFloatLE(value, at + 8);
    else directory.writeUInt32LE(value % 2 ** 32, at + 8);
    directory.writeUInt32LE(Math.floor(value / 2 ** 32), 2 + 12 * entries.length + 8 + 4 * index);
  });
  const handle = await open(file, 'w');
  await handle.write(header, 0, null, 0);
  await handle.write(jpeg, 0, null, NDPI_HEADER_BYTES + hole);
  await handle.write(directory, 0, null, directoryAt);
  await handle.close();
  return jpeg;
}

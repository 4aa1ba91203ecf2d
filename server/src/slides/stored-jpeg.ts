import { numbersOf, TAG } from './tiff-file.ts';
import type { TileLayout } from './tile-layout.ts';

const JPEG_COMPRESSION = 7;
const JPEG_TABLES = 347;

/** TIFF's PhotometricInterpretation: black is 0, RGB, YCbCr. */
const GREY = 1;
const RGB = 2;
const YCBCR = 6;

/** Second bytes of JPEG's markers (ITU-T T.81, table B.1). */
const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const COM = 0xfe;
const APP0 = 0xe0;
const APP14 = 0xee;
const APP15 = 0xef;

/** Sequential and progressive by Huffman codes: what every viewer decodes. */
const FRAMES: ReadonlySet<number> = new Set([0xc0, 0xc1, 0xc2]);

/** Whether a level's tiles are JPEG of which a picture of its own can be made: grey, RGB or YCbCr of 8 bits. */
export function hasStoredJpegs(layout: TileLayout): boolean {
  return first(layout, TAG.compression) === JPEG_COMPRESSION && componentsOf(layout) !== null;
}

/**
 * A JPEG file of a tile as it is stored, not decoded: the tables of its directory (JPEGTables, TIFF Technical Note 2) put before its own
 * stream, and an Adobe segment that tells decoders whether its colours are RGB or YCbCr, which in a TIFF the directory does.
 * @returns null where the stream is another than the directory tells, or no whole one: then decoding it has to tell
 */
export function jpegOfTile(layout: TileLayout, tile: Uint8Array): Uint8Array | null {
  const components = componentsOf(layout);
  const own = segments(tile);
  const tables = layout.coding.get(JPEG_TABLES);
  const shared = tables === undefined ? { kept: [], rest: null } : segments(tables.bytes);
  if (components === null || own === null || own.rest === null || shared === null) return null;
  const frame = own.kept.find(([, marker]) => FRAMES.has(marker));
  if (frame === undefined) return null;
  const [depth, height, width, count] = [frame[4], (frame[5] << 8) | frame[6], (frame[7] << 8) | frame[8], frame[9]];
  if (depth !== 8 || count !== components) return null;
  if (width !== layout.tile.width || height !== layout.tile.height) return null;
  const isYcbcr = first(layout, TAG.photometric) === YCBCR;
  const parts = [
    Uint8Array.of(0xff, SOI),
    ...(components === 3 ? [adobe(isYcbcr ? 1 : 0)] : []),
    ...shared.kept,
    ...own.kept,
    own.rest,
  ];
  return Buffer.concat(parts);
}

/** Samples of a pixel, or null where the colours are none that a JPEG file can tell of. */
function componentsOf(layout: TileLayout): 1 | 3 | null {
  const samples = first(layout, TAG.samplesPerPixel) ?? 1;
  const photometric = first(layout, TAG.photometric);
  if (first(layout, TAG.bitsPerSample) !== 8) return null;
  if (samples === 1) return photometric === GREY ? 1 : null;
  return samples === 3 && (photometric === RGB || photometric === YCBCR) ? 3 : null;
}

function first({ coding, littleEndian }: TileLayout, tag: number): number | undefined {
  return numbersOf(coding.get(tag), littleEndian)[0];
}

/**
 * The segments of a JPEG stream before its first scan, without those of applications and comments (a TIFF's reader looks at
 * none of them, and one that tells of colours or orientation may be wrong), and everything from the scan on. `rest` is null where there
 * are tables alone. Null where it is damaged.
 */
function segments(stream: Uint8Array): { kept: Uint8Array[]; rest: Uint8Array | null } | null {
  if (stream[0] !== 0xff || stream[1] !== SOI) return null;
  const kept: Uint8Array[] = [];
  for (let at = 2; at + 1 < stream.length; ) {
    if (stream[at] !== 0xff) return null;
    const marker = stream[at + 1];
    // Any number of fill bytes may come before a marker.
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker === EOI) return { kept, rest: null };
    if (marker === SOS) return hasEnd(stream) ? { kept, rest: stream.subarray(at) } : null;
    const end = at + 2 + ((stream[at + 2] << 8) | stream[at + 3]);
    if (!(end >= at + 4 && end <= stream.length)) return null;
    if (!(marker >= APP0 && marker <= APP15) && marker !== COM) kept.push(stream.subarray(at, end));
    at = end;
  }
  return null;
}

/** Whether nothing but padding comes after the last marker, which is that of the end. */
function hasEnd(stream: Uint8Array): boolean {
  const end = stream.lastIndexOf(EOI);
  return stream[end - 1] === 0xff && stream.subarray(end + 1).every((byte) => byte === 0 || byte === 0xff);
}

/** Adobe's segment; transform 0 is RGB, 1 is YCbCr. */
function adobe(transform: 0 | 1): Uint8Array {
  const name = [0x41, 0x64, 0x6f, 0x62, 0x65];
  return Uint8Array.of(0xff, APP14, 0, 14, ...name, 0, 100, 0, 0, 0, 0, transform);
}

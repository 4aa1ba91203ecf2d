import { jpegSegments, MARKER } from './jpeg-segments.ts';
import { numbersOf, TAG } from './tiff-file.ts';
import { isJpeg, type TileLayout } from './tile-layout.ts';

const JPEG_TABLES = 347;

/** TIFF's PhotometricInterpretation: black is 0, RGB, YCbCr. */
const GREY = 1;
const RGB = 2;
const YCBCR = 6;

/** Sequential and progressive by Huffman codes: what every viewer decodes. */
const FRAMES: ReadonlySet<number> = new Set([0xc0, 0xc1, 0xc2]);

/** Whether a level's tiles are JPEG of which a picture of its own can be made: grey, RGB or YCbCr of 8 bits. */
export function hasStoredJpegs(layout: TileLayout): boolean {
  return isJpeg(layout) && componentsOf(layout) !== null;
}

/**
 * A JPEG file of a tile as it is stored, not decoded: the tables of its directory (JPEGTables, TIFF Technical Note 2)
 * put before its own stream, and an Adobe segment that tells decoders whether its colours are RGB or YCbCr, which in a
 * TIFF the directory does.
 * @returns null where the stream is another than the directory tells, or no whole one: then decoding it has to tell
 */
export function jpegOfTile(layout: TileLayout, tile: Uint8Array): Uint8Array | null {
  const components = componentsOf(layout);
  const own = jpegSegments(tile);
  const tables = layout.coding.get(JPEG_TABLES);
  const shared = tables === undefined ? { kept: [], rest: null } : jpegSegments(tables.bytes);
  if (components === null || own === null || own.rest === null || shared === null) return null;
  const frame = own.kept.find(([, marker]) => FRAMES.has(marker));
  if (frame === undefined) return null;
  const [depth, height, width, count] = [frame[4], (frame[5] << 8) | frame[6], (frame[7] << 8) | frame[8], frame[9]];
  if (depth !== 8 || count !== components) return null;
  if (width !== layout.tile.width || height !== layout.tile.height) return null;
  const isYcbcr = first(layout, TAG.photometric) === YCBCR;
  const parts = [
    Uint8Array.of(0xff, MARKER.SOI),
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

/** Adobe's segment; transform 0 is RGB, 1 is YCbCr. */
function adobe(transform: 0 | 1): Uint8Array {
  const name = [0x41, 0x64, 0x6f, 0x62, 0x65];
  return Uint8Array.of(0xff, MARKER.APP14, 0, 14, ...name, 0, 100, 0, 0, 0, 0, transform);
}

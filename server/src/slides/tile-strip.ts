import type { Sharp } from 'sharp';
import type { Size } from '../../../shared/geometry/deep-zoom.ts';
import { asRgb, openImage } from './image-file.ts';
import { TAG, type TiffEntries, type TiffEntry, TYPE } from './tiff-file.ts';
import type { TileLayout } from './tile-layout.ts';

const HEADER_BYTES = 8;
const ENTRY_BYTES = 12;
const INLINE_BYTES = 4;
const MAGIC = 42;

/** TIFF's PhotometricInterpretation: black is 0, RGB. */
const GREY = 1;
const RGB = 2;

/**
 * A TIFF of its own that holds some tiles of another one, as they are coded there, one below the other: decoding it once
 * costs less than opening the whole file for each of them.
 * @param tiles the coded bytes of each tile
 * @returns the file; as a picture, `layout.tile.width` x `tiles.length * layout.tile.height` pixels
 */
export function tileStrip(layout: TileLayout, tiles: readonly Uint8Array[]): Uint8Array {
  const { tile, littleEndian, coding } = layout;
  const longs = (values: readonly number[]) => longEntry(values, littleEndian);
  const entries = new Map(coding);
  entries.set(TAG.width, longs([tile.width]));
  entries.set(TAG.height, longs([tile.height * tiles.length]));
  entries.set(TAG.tileWidth, longs([tile.width]));
  entries.set(TAG.tileHeight, longs([tile.height]));
  entries.set(TAG.tileByteCounts, longs(tiles.map(({ length }) => length)));
  return tiffOf(entries, tiles, TAG.tileOffsets, littleEndian);
}

/** The same, as 8-bit RGB. */
export function stripImage(layout: TileLayout, tiles: readonly Uint8Array[]): Sharp {
  return asRgb(openImage(tileStrip(layout, tiles), { ignoreIcc: !layout.hasInkProfile }), layout.hasOthers);
}

/**
 * A TIFF of pixels that are there already, with the colour profile that they are in: what libvips takes one from.
 * @param data RGB bytes, or those of grey, row-major
 */
export function profiledTiff({ width, height }: Size, data: Uint8Array, profile: Uint8Array): Uint8Array {
  const longs = (...values: number[]) => longEntry(values, true);
  const isGrey = data.length === width * height;
  const entries = new Map([
    [TAG.width, longs(width)],
    [TAG.height, longs(height)],
    [TAG.bitsPerSample, longs(...(isGrey ? [8] : [8, 8, 8]))],
    [TAG.compression, longs(1)],
    [TAG.photometric, longs(isGrey ? GREY : RGB)],
    [TAG.samplesPerPixel, longs(isGrey ? 1 : 3)],
    [TAG.rowsPerStrip, longs(height)],
    [TAG.stripByteCounts, longs(data.length)],
    [TAG.profile, { type: TYPE.undefined, count: profile.length, bytes: profile }],
  ]);
  return tiffOf(entries, [data], TAG.stripOffsets, true);
}

/** @param offsetsTag the tag that tells where the parts, tiles or strips, lie: it is added to the entries */
function tiffOf(
  given: TiffEntries,
  parts: readonly Uint8Array[],
  offsetsTag: number,
  littleEndian: boolean,
): Uint8Array {
  const longs = (values: readonly number[]) => longEntry(values, littleEndian);
  // Takes the room that the offsets will need, which depend on where it ends.
  const entries = new Map(given).set(offsetsTag, longs(parts.map(() => 0)));
  const sorted = [...entries].sort(([a], [b]) => a - b);
  const valuesAt = HEADER_BYTES + 2 + ENTRY_BYTES * sorted.length + 4;
  let end = valuesAt;
  const places = sorted.map(([, { bytes }]) => {
    const place = end;
    if (bytes.length > INLINE_BYTES) end += even(bytes.length);
    return place;
  });
  const offsets = parts.map(({ length }) => {
    const offset = end;
    end += even(length);
    return offset;
  });

  const file = new Uint8Array(end);
  const view = new DataView(file.buffer);
  view.setUint16(0, littleEndian ? 0x4949 : 0x4d4d);
  view.setUint16(2, MAGIC, littleEndian);
  view.setUint32(4, HEADER_BYTES, littleEndian);
  view.setUint16(HEADER_BYTES, sorted.length, littleEndian);
  sorted.forEach(([tag, entry], index) => {
    const { type, count, bytes } = tag === offsetsTag ? longs(offsets) : entry;
    const at = HEADER_BYTES + 2 + ENTRY_BYTES * index;
    view.setUint16(at, tag, littleEndian);
    view.setUint16(at + 2, type, littleEndian);
    view.setUint32(at + 4, count, littleEndian);
    if (bytes.length > INLINE_BYTES) view.setUint32(at + 8, places[index], littleEndian);
    file.set(bytes, bytes.length > INLINE_BYTES ? places[index] : at + 8);
  });
  parts.forEach((bytes, index) => {
    file.set(bytes, offsets[index]);
  });
  return file;
}

function longEntry(values: readonly number[], littleEndian: boolean): TiffEntry {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((value, index) => {
    view.setUint32(4 * index, value, littleEndian);
  });
  return { type: TYPE.long, count: values.length, bytes: new Uint8Array(view.buffer) };
}

/** TIFF wants values to begin at even offsets. */
function even(length: number): number {
  return length + (length % 2);
}

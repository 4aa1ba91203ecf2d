import type { FileHandle } from 'node:fs/promises';

/** A TIFF 6.0 or BigTIFF that is open for reading. */
export interface TiffFile {
  handle: FileHandle;
  size: number;
  littleEndian: boolean;
  big: boolean;
  /** Where its first directory lies. */
  first: number;
  /** Bytes of its directories that may still be read. */
  bytesLeft: number;
}

/** What a directory says of one tag: its values as they lie in the file, in the file's byte order. */
export interface TiffEntry {
  type: number;
  count: number;
  bytes: Uint8Array;
}

/** Tags by their numbers. */
export type TiffEntries = ReadonlyMap<number, TiffEntry>;

/** Tags, by their numbers in TIFF 6.0, that tell where a picture's tiles and further directories lie. */
export const TAG = {
  newSubfileType: 254,
  width: 256,
  height: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  description: 270,
  stripOffsets: 273,
  samplesPerPixel: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  xResolution: 282,
  yResolution: 283,
  planarConfiguration: 284,
  resolutionUnit: 296,
  software: 305,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  subDirectories: 330,
  extraSamples: 338,
  sampleFormat: 339,
  chromaSubsampling: 530,
  xmp: 700,
  profile: 34675,
  hamamatsu: 65420,
} as const;

/** TIFF's types of values. */
export const TYPE = {
  byte: 1,
  ascii: 2,
  short: 3,
  long: 4,
  rational: 5,
  undefined: 7,
  ifd: 13,
  long8: 16,
  ifd8: 18,
} as const;

/** Bytes of a value of each type, index = type. */
const TYPE_BYTES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];

/** Texts longer than this are passed over; a damaged file may claim any length. */
const MAX_TEXT_BYTES = 8 << 20;

/**
 * Of all directories together: the places of the tiles of 2 * 10^11 pixels. A damaged file may repeat one large array ten
 * thousand times.
 */
const MAX_DIRECTORY_BYTES = 64 << 20;

/** Texts are kept, where places of tiles are looked at and let go of: they count for more. */
const TEXT_WEIGHT = 4;

/** Reads a TIFF's header. Throws a plain Error, or a RangeError where the file is cut short. */
export async function openTiff(handle: FileHandle): Promise<TiffFile> {
  const { size } = await handle.stat();
  const header = viewOf(await readBytes(handle, size, 0, Math.min(16, size)));
  const littleEndian = header.getUint16(0) === 0x4949;
  const big = header.getUint16(2, littleEndian) === 43;
  const first = big ? Number(header.getBigUint64(8, littleEndian)) : header.getUint32(4, littleEndian);
  return { handle, size, littleEndian, big, first, bytesLeft: MAX_DIRECTORY_BYTES };
}

/**
 * Reads the wanted tags of the directory at an offset, and where the next one lies (0: there is none).
 * Throws a plain Error, or a RangeError where the file is cut short.
 */
export async function readDirectory(
  tiff: TiffFile,
  offset: number,
  wanted: ReadonlySet<number>,
): Promise<{ entries: TiffEntries; next: number }> {
  const { big, littleEndian, handle, size } = tiff;
  const countBytes = big ? 8 : 2;
  const entryBytes = big ? 20 : 12;
  const offsetBytes = big ? 8 : 4;
  const counter = viewOf(await readBytes(handle, size, offset, countBytes));
  const count = big ? Number(counter.getBigUint64(0, littleEndian)) : counter.getUint16(0, littleEndian);
  takeBytes(tiff, count * entryBytes);
  const table = viewOf(await readBytes(handle, size, offset + countBytes, count * entryBytes + offsetBytes));
  const entries = new Map<number, TiffEntry>();
  for (let i = 0; i < count; i++) {
    const at = i * entryBytes;
    const tag = table.getUint16(at, littleEndian);
    if (!wanted.has(tag)) continue;
    const type = table.getUint16(at + 2, littleEndian);
    const length = readOffset(table, at + 4, tiff);
    const bytes = length * (TYPE_BYTES[type] ?? 0);
    if (bytes === 0) continue;
    const isText = type === TYPE.ascii || tag === TAG.xmp;
    if (isText && bytes > MAX_TEXT_BYTES) continue;
    takeBytes(tiff, isText ? TEXT_WEIGHT * bytes : bytes);
    const valueAt = at + 4 + offsetBytes;
    const values =
      bytes <= offsetBytes
        ? new Uint8Array(table.buffer, table.byteOffset + valueAt, bytes)
        : await readBytes(handle, size, readOffset(table, valueAt, tiff), bytes);
    entries.set(tag, { type, count: length, bytes: values });
  }
  return { entries, next: readOffset(table, count * entryBytes, tiff) };
}

function takeBytes(tiff: TiffFile, bytes: number): void {
  tiff.bytesLeft -= bytes;
  if (!(tiff.bytesLeft >= 0)) throw new Error('its TIFF directories claim to be larger than those of any slide');
}

/** An entry's values as numbers; none where they are no numbers. */
export function numbersOf(entry: TiffEntry | undefined, littleEndian: boolean): number[] {
  if (entry === undefined) return [];
  const view = viewOf(entry.bytes);
  const read = READERS[entry.type];
  return read === undefined ? [] : Array.from({ length: entry.count }, (_, i) => read(view, i, littleEndian));
}

/** One of an entry's values, by its index; undefined where it is no number. */
export function numberAt({ type, count, bytes }: TiffEntry, index: number, littleEndian: boolean): number | undefined {
  return index < count ? READERS[type]?.(viewOf(bytes), index, littleEndian) : undefined;
}

/** Where the last of some parts ends in the file, from an entry of where they begin and one of their lengths. */
export function endOfParts(
  offsets: TiffEntry | undefined,
  byteCounts: TiffEntry | undefined,
  littleEndian: boolean,
): number {
  // The arrays of a large slide are long: nothing is made of their numbers.
  const readOffset = offsets && READERS[offsets.type];
  if (offsets === undefined || readOffset === undefined) return 0;
  const readCount = byteCounts && READERS[byteCounts.type];
  const offsetView = viewOf(offsets.bytes);
  const countView = byteCounts && viewOf(byteCounts.bytes);
  const counts = byteCounts?.count ?? 0;
  let end = 0;
  for (let i = 0; i < offsets.count; i++) {
    const length = countView && readCount && i < counts ? readCount(countView, i, littleEndian) : 0;
    end = Math.max(end, readOffset(offsetView, i, littleEndian) + length);
  }
  return end;
}

const READERS: Record<number, (view: DataView, index: number, littleEndian: boolean) => number> = {
  [TYPE.byte]: (view, i) => view.getUint8(i),
  [TYPE.short]: (view, i, littleEndian) => view.getUint16(2 * i, littleEndian),
  [TYPE.long]: (view, i, littleEndian) => view.getUint32(4 * i, littleEndian),
  [TYPE.rational]: (view, i, littleEndian) =>
    view.getUint32(8 * i, littleEndian) / view.getUint32(8 * i + 4, littleEndian),
  [TYPE.ifd]: (view, i, littleEndian) => view.getUint32(4 * i, littleEndian),
  [TYPE.long8]: (view, i, littleEndian) => Number(view.getBigUint64(8 * i, littleEndian)),
  [TYPE.ifd8]: (view, i, littleEndian) => Number(view.getBigUint64(8 * i, littleEndian)),
};

function readOffset(view: DataView, at: number, { big, littleEndian }: TiffFile): number {
  return big ? Number(view.getBigUint64(at, littleEndian)) : view.getUint32(at, littleEndian);
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

async function readBytes(handle: FileHandle, size: number, position: number, length: number): Promise<Uint8Array> {
  if (position + length > size) throw new Error(`the file is truncated: it ends at byte ${size}, before its directory`);
  const bytes = new Uint8Array(length);
  await handle.read(bytes, 0, length, position);
  return bytes;
}

import { type FileHandle, open } from 'node:fs/promises';

/** What one image file directory (IFD) of a TIFF says of its picture; TIFF 6.0 and BigTIFF. */
export interface TiffDirectory {
  width: number;
  height: number;
  /** Null where the picture is stored in strips. */
  tile: { width: number; height: number } | null;
  /** Pixels per centimetre along x and y; null where the file gives no unit or no value. */
  pixelsPerCentimetre: [x: number, y: number] | null;
  description: string;
  /** Where the last of its pixel data ends in the file. */
  dataEnd: number;
  subDirectories: TiffDirectory[];
}

/** Tags by their numbers in TIFF 6.0. */
const TAG = {
  width: 256,
  height: 257,
  description: 270,
  stripOffsets: 273,
  stripByteCounts: 279,
  xResolution: 282,
  yResolution: 283,
  resolutionUnit: 296,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  subDirectories: 330,
} as const;
const WANTED: ReadonlySet<number> = new Set(Object.values(TAG));

/** Bytes of a value of each TIFF type, index = type. */
const TYPE_BYTES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];
const ASCII = 2;

/** More than any slide has; a damaged file may claim any number. */
const MAX_DIRECTORIES = 10_000;
const MAX_DESCRIPTION_BYTES = 1 << 20;

interface TiffFile {
  handle: FileHandle;
  size: number;
  littleEndian: boolean;
  big: boolean;
}

/** The directories of a TIFF in the file's order, so that index = page. Throws a plain Error saying what is damaged. */
export async function readTiffDirectories(file: string): Promise<TiffDirectory[]> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const header = await readBytes(handle, size, 0, Math.min(16, size));
    const littleEndian = header.getUint16(0) === 0x4949;
    const big = header.getUint16(2, littleEndian) === 43;
    const tiff: TiffFile = { handle, size, littleEndian, big };
    const first = big ? Number(header.getBigUint64(8, littleEndian)) : header.getUint32(4, littleEndian);
    const directories = await readChain(tiff, first, new Set());
    if (directories.length === 0) throw new Error('it holds no image');
    return directories;
  } catch (error) {
    // A DataView names an offset that means nothing to a reader.
    if (error instanceof RangeError) throw new Error('a directory of the TIFF is cut short', { cause: error });
    throw error;
  } finally {
    await handle.close();
  }
}

async function readChain(tiff: TiffFile, first: number, seen: Set<number>): Promise<TiffDirectory[]> {
  const directories: TiffDirectory[] = [];
  for (let offset = first; offset !== 0; ) {
    if (seen.has(offset) || seen.size >= MAX_DIRECTORIES) throw new Error('its TIFF directories form a loop');
    seen.add(offset);
    const { tags, next } = await readDirectory(tiff, offset);
    const subDirectories: TiffDirectory[] = [];
    for (const child of tags.get(TAG.subDirectories)?.numbers ?? []) {
      // A SubIFD is one picture; what may be chained behind it cannot be named by libvips.
      if (seen.has(child)) throw new Error('its TIFF directories form a loop');
      seen.add(child);
      subDirectories.push(toDirectory((await readDirectory(tiff, child)).tags, []));
    }
    directories.push(toDirectory(tags, subDirectories));
    offset = next;
  }
  return directories;
}

interface TagValue {
  numbers: number[];
  text: string;
}

async function readDirectory(tiff: TiffFile, offset: number): Promise<{ tags: Map<number, TagValue>; next: number }> {
  const { big, littleEndian, handle, size } = tiff;
  const countBytes = big ? 8 : 2;
  const entryBytes = big ? 20 : 12;
  const offsetBytes = big ? 8 : 4;
  const counter = await readBytes(handle, size, offset, countBytes);
  const count = big ? Number(counter.getBigUint64(0, littleEndian)) : counter.getUint16(0, littleEndian);
  const table = await readBytes(handle, size, offset + countBytes, count * entryBytes + offsetBytes);
  const tags = new Map<number, TagValue>();
  for (let i = 0; i < count; i++) {
    const at = i * entryBytes;
    const tag = table.getUint16(at, littleEndian);
    if (!WANTED.has(tag)) continue;
    const type = table.getUint16(at + 2, littleEndian);
    const length = readOffset(table, at + 4, tiff);
    const bytes = length * (TYPE_BYTES[type] ?? 0);
    if (bytes === 0) continue;
    if (type === ASCII && bytes > MAX_DESCRIPTION_BYTES) continue;
    const inline = bytes <= offsetBytes;
    const values = inline
      ? new DataView(table.buffer, table.byteOffset + at + 4 + offsetBytes, bytes)
      : await readBytes(handle, size, readOffset(table, at + 4 + offsetBytes, tiff), bytes);
    tags.set(tag, decodeValues(values, type, length, littleEndian));
  }
  return { tags, next: readOffset(table, count * entryBytes, tiff) };
}

function readOffset(view: DataView, at: number, { big, littleEndian }: TiffFile): number {
  return big ? Number(view.getBigUint64(at, littleEndian)) : view.getUint32(at, littleEndian);
}

function decodeValues(view: DataView, type: number, length: number, littleEndian: boolean): TagValue {
  if (type === ASCII) {
    const bytes = new Uint8Array(view.buffer, view.byteOffset, length);
    return { numbers: [], text: new TextDecoder().decode(bytes).replace(/\0+$/, '') };
  }
  const numbers: number[] = [];
  for (let i = 0; i < length; i++) {
    if (type === 1) numbers.push(view.getUint8(i));
    else if (type === 3) numbers.push(view.getUint16(2 * i, littleEndian));
    else if (type === 4 || type === 13) numbers.push(view.getUint32(4 * i, littleEndian));
    else if (type === 5) numbers.push(view.getUint32(8 * i, littleEndian) / view.getUint32(8 * i + 4, littleEndian));
    else if (type === 16 || type === 18) numbers.push(Number(view.getBigUint64(8 * i, littleEndian)));
  }
  return { numbers, text: '' };
}

function toDirectory(tags: Map<number, TagValue>, subDirectories: TiffDirectory[]): TiffDirectory {
  const first = (tag: number): number | undefined => tags.get(tag)?.numbers[0];
  const width = first(TAG.width) ?? 0;
  const height = first(TAG.height) ?? 0;
  const tileWidth = first(TAG.tileWidth);
  const tileHeight = first(TAG.tileHeight);
  const tiled = tileWidth !== undefined && tileHeight !== undefined;
  const offsets = tags.get(tiled ? TAG.tileOffsets : TAG.stripOffsets)?.numbers ?? [];
  const byteCounts = tags.get(tiled ? TAG.tileByteCounts : TAG.stripByteCounts)?.numbers ?? [];
  let dataEnd = 0;
  for (let i = 0; i < offsets.length; i++) dataEnd = Math.max(dataEnd, offsets[i] + (byteCounts[i] ?? 0));
  return {
    width,
    height,
    tile: tiled ? { width: tileWidth, height: tileHeight } : null,
    pixelsPerCentimetre: resolution(first(TAG.xResolution), first(TAG.yResolution), first(TAG.resolutionUnit) ?? 2),
    description: tags.get(TAG.description)?.text ?? '',
    dataEnd,
    subDirectories,
  };
}

/** ResolutionUnit: 1 none, 2 inch (the default), 3 centimetre. */
function resolution(x: number | undefined, y: number | undefined, unit: number): [number, number] | null {
  if (x === undefined || y === undefined || (unit !== 2 && unit !== 3)) return null;
  const perUnit = unit === 2 ? 2.54 : 1;
  return [x / perUnit, y / perUnit];
}

async function readBytes(handle: FileHandle, size: number, position: number, length: number): Promise<DataView> {
  if (position + length > size) throw new Error(`the file is truncated: it ends at byte ${size}, before its directory`);
  const bytes = new Uint8Array(length);
  await handle.read(bytes, 0, length, position);
  return new DataView(bytes.buffer);
}

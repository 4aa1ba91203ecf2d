import { open } from 'node:fs/promises';
import {
  endOfParts,
  numbersOf,
  openTiff,
  readDirectory,
  TAG,
  type TiffEntries,
  type TiffEntry,
  type TiffFile,
  TYPE,
} from './tiff-file.ts';
import type { TiffSamples } from './tiff-samples.ts';

/** What one image file directory (IFD) of a TIFF says of its picture; TIFF 6.0 and BigTIFF. */
export interface TiffDirectory extends TiffSamples {
  width: number;
  height: number;
  /** Null where the picture is stored in strips. */
  tile: { width: number; height: number } | null;
  /** Pixels per centimetre along x and y; null where the file gives no unit or no value. */
  pixelsPerCentimetre: [x: number, y: number] | null;
  description: string;
  /** NewSubfileType: bits that say what the picture is to the others. */
  subfileType: number;
  /** By its number in TIFF 6.0: 1 is none. */
  compression: number;
  /** What wrote the file. */
  software: string;
  /** XMP, or what scanners put in its place. */
  xmp: string;
  /** Whether it has the tag that every picture of a Hamamatsu NDPI has. */
  isHamamatsu: boolean;
  /** Tiles or strips that its size takes, and those of which it says where they lie. */
  parts: { expected: number; found: number };
  /** Where the last of its pixel data ends in the file. */
  dataEnd: number;
  subDirectories: TiffDirectory[];
}

const WANTED: ReadonlySet<number> = new Set([
  TAG.newSubfileType,
  TAG.width,
  TAG.height,
  TAG.bitsPerSample,
  TAG.compression,
  TAG.photometric,
  TAG.description,
  TAG.stripOffsets,
  TAG.samplesPerPixel,
  TAG.rowsPerStrip,
  TAG.stripByteCounts,
  TAG.planarConfiguration,
  TAG.xResolution,
  TAG.yResolution,
  TAG.resolutionUnit,
  TAG.software,
  TAG.tileWidth,
  TAG.tileHeight,
  TAG.tileOffsets,
  TAG.tileByteCounts,
  TAG.subDirectories,
  TAG.extraSamples,
  TAG.sampleFormat,
  TAG.chromaSubsampling,
  TAG.xmp,
  TAG.hamamatsu,
]);

const SEPARATE_PLANES = 2;
const UNSIGNED = 1;

/** XMP is bytes, or of no type. */
const TEXT_TYPES: ReadonlySet<number> = new Set([TYPE.byte, TYPE.ascii, TYPE.undefined]);

/** More than any slide has; a damaged file may claim any number. */
const MAX_DIRECTORIES = 10_000;

/** The directories of a TIFF in the file's order, so that index = page. Throws a plain Error saying what is damaged. */
export async function readTiffDirectories(file: string): Promise<TiffDirectory[]> {
  const handle = await open(file);
  try {
    const tiff = await openTiff(handle);
    const directories = await readChain(tiff);
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

/**
 * Whether a TIFF is a Hamamatsu NDPI of over 4 GiB: it says where its directory lies in 8 bytes, though the rest of it is no
 * BigTIFF, and nothing but that can be understood here.
 */
export async function isLargeHamamatsu(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const tiff = await openTiff(handle);
    if (tiff.big || !tiff.littleEndian || tiff.size < 2 ** 32) return false;
    const { buffer } = await handle.read(Buffer.alloc(8), 0, 8, 4);
    const { entries } = await readDirectory(tiff, Number(buffer.readBigUInt64LE()), new Set([TAG.hamamatsu]));
    return entries.has(TAG.hamamatsu);
  } catch {
    return false;
  } finally {
    await handle.close();
  }
}

async function readChain(tiff: TiffFile): Promise<TiffDirectory[]> {
  const seen = new Set<number>();
  const directories: TiffDirectory[] = [];
  for (let offset = tiff.first; offset !== 0; ) {
    if (seen.has(offset) || seen.size >= MAX_DIRECTORIES) throw new Error('its TIFF directories form a loop');
    seen.add(offset);
    const { entries, next } = await readDirectory(tiff, offset, WANTED);
    const subDirectories: TiffDirectory[] = [];
    for (const child of numbersOf(entries.get(TAG.subDirectories), tiff.littleEndian)) {
      // A SubIFD is one picture; what may be chained behind it cannot be named by libvips.
      if (seen.has(child) || seen.size >= MAX_DIRECTORIES) throw new Error('its TIFF directories form a loop');
      seen.add(child);
      subDirectories.push(toDirectory((await readDirectory(tiff, child, WANTED)).entries, tiff.littleEndian, []));
    }
    directories.push(toDirectory(entries, tiff.littleEndian, subDirectories));
    offset = next;
  }
  return directories;
}

function toDirectory(entries: TiffEntries, littleEndian: boolean, subDirectories: TiffDirectory[]): TiffDirectory {
  const first = (tag: number): number | undefined => {
    const entry = entries.get(tag);
    return entry && numbersOf({ ...entry, count: 1 }, littleEndian)[0];
  };
  const width = first(TAG.width) ?? 0;
  const height = first(TAG.height) ?? 0;
  const tileWidth = first(TAG.tileWidth);
  const tileHeight = first(TAG.tileHeight);
  const tiled = tileWidth !== undefined && tileHeight !== undefined;
  const offsets = entries.get(tiled ? TAG.tileOffsets : TAG.stripOffsets);
  const byteCounts = entries.get(tiled ? TAG.tileByteCounts : TAG.stripByteCounts);
  const rowsPerStrip = Math.min(first(TAG.rowsPerStrip) || height, height);
  const inPlane = tiled
    ? Math.ceil(width / tileWidth) * Math.ceil(height / tileHeight)
    : Math.ceil(height / Math.max(1, rowsPerStrip));
  const samples = first(TAG.samplesPerPixel) ?? 1;
  const planes = first(TAG.planarConfiguration) === SEPARATE_PLANES ? samples : 1;
  return {
    width,
    height,
    tile: tiled ? { width: tileWidth, height: tileHeight } : null,
    pixelsPerCentimetre: resolution(first(TAG.xResolution), first(TAG.yResolution), first(TAG.resolutionUnit) ?? 2),
    description: textOf(entries.get(TAG.description)),
    subfileType: first(TAG.newSubfileType) ?? 0,
    compression: first(TAG.compression) ?? 1,
    samples,
    isPlanar: planes > 1,
    bits: first(TAG.bitsPerSample) ?? 1,
    sampleFormat: first(TAG.sampleFormat) ?? UNSIGNED,
    photometric: first(TAG.photometric),
    isSubsampled: (first(TAG.chromaSubsampling) ?? 2) > 1,
    extraSample: first(TAG.extraSamples),
    software: textOf(entries.get(TAG.software)),
    xmp: textOf(entries.get(TAG.xmp)),
    isHamamatsu: entries.has(TAG.hamamatsu),
    parts: { expected: planes * inPlane, found: offsets?.count ?? 0 },
    dataEnd: endOfParts(offsets, byteCounts, littleEndian),
    subDirectories,
  };
}

/** ResolutionUnit: 1 none, 2 inch (the default), 3 centimetre. */
function resolution(x: number | undefined, y: number | undefined, unit: number): [number, number] | null {
  if (x === undefined || y === undefined || (unit !== 2 && unit !== 3)) return null;
  const perUnit = unit === 2 ? 2.54 : 1;
  return [x / perUnit, y / perUnit];
}

function textOf(entry: TiffEntry | undefined): string {
  const isText = entry !== undefined && TEXT_TYPES.has(entry.type);
  return isText ? new TextDecoder().decode(entry.bytes).replace(/\0+$/, '') : '';
}

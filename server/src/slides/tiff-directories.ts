import { open } from 'node:fs/promises';
import { numbersOf, openTiff, readDirectory, TAG, type TiffEntries, type TiffFile, TYPE } from './tiff-file.ts';

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

const WANTED: ReadonlySet<number> = new Set([
  TAG.width,
  TAG.height,
  TAG.description,
  TAG.stripOffsets,
  TAG.stripByteCounts,
  TAG.xResolution,
  TAG.yResolution,
  TAG.resolutionUnit,
  TAG.tileWidth,
  TAG.tileHeight,
  TAG.tileOffsets,
  TAG.tileByteCounts,
  TAG.subDirectories,
]);

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
      if (seen.has(child)) throw new Error('its TIFF directories form a loop');
      seen.add(child);
      subDirectories.push(toDirectory((await readDirectory(tiff, child, WANTED)).entries, tiff.littleEndian, []));
    }
    directories.push(toDirectory(entries, tiff.littleEndian, subDirectories));
    offset = next;
  }
  return directories;
}

function toDirectory(entries: TiffEntries, littleEndian: boolean, subDirectories: TiffDirectory[]): TiffDirectory {
  const numbers = (tag: number): number[] => numbersOf(entries.get(tag), littleEndian);
  const first = (tag: number): number | undefined => numbers(tag)[0];
  const width = first(TAG.width) ?? 0;
  const height = first(TAG.height) ?? 0;
  const tileWidth = first(TAG.tileWidth);
  const tileHeight = first(TAG.tileHeight);
  const tiled = tileWidth !== undefined && tileHeight !== undefined;
  const offsets = numbers(tiled ? TAG.tileOffsets : TAG.stripOffsets);
  const byteCounts = numbers(tiled ? TAG.tileByteCounts : TAG.stripByteCounts);
  let dataEnd = 0;
  for (let i = 0; i < offsets.length; i++) dataEnd = Math.max(dataEnd, offsets[i] + (byteCounts[i] ?? 0));
  return {
    width,
    height,
    tile: tiled ? { width: tileWidth, height: tileHeight } : null,
    pixelsPerCentimetre: resolution(first(TAG.xResolution), first(TAG.yResolution), first(TAG.resolutionUnit) ?? 2),
    description: textOf(entries),
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

function textOf(entries: TiffEntries): string {
  const entry = entries.get(TAG.description);
  return entry?.type === TYPE.ascii ? new TextDecoder().decode(entry.bytes).replace(/\0+$/, '') : '';
}

import type { FileHandle } from 'node:fs/promises';
import type { Size } from '../../../shared/geometry/deep-zoom.ts';
import type { TiffLevel } from './slide.ts';
import {
  numberAt,
  numbersOf,
  openTiff,
  readDirectory,
  TAG,
  type TiffEntries,
  type TiffEntry,
  type TiffFile,
  TYPE,
} from './tiff-file.ts';
import { hasOtherSamples } from './tiff-samples.ts';

/** Where the tiles of one level of a TIFF lie in its file, and everything that decoding one of them takes. */
export interface TileLayout {
  /** Pixels of a tile, and tiles along a row and a column of the level. */
  tile: Size;
  columns: number;
  rows: number;
  /** Where tiles begin in the file, and their bytes, as stored: of a large slide there are a million. See `placeOfTile`. */
  offsets: TiffEntry;
  byteCounts: TiffEntry;
  /** Index in them of the level's first tile; the others follow row by row. */
  firstTile: number;
  /** Whether pixels have samples beside their colours that are no alpha: those are passed over. */
  hasOthers: boolean;
  /** The level's own: its profile is part of `coding`. */
  hasInkProfile: boolean;
  /** The byte order of the file, and of the values of `coding`. */
  littleEndian: boolean;
  /** The directory's tags that tell how the tiles are coded: compression, predictor, colours, tables. */
  coding: TiffEntries;
}

/** Tags that decoding depends on, by their numbers in TIFF 6.0 and its supplements. */
const CODING_TAGS: readonly number[] = [
  TAG.bitsPerSample,
  TAG.compression,
  TAG.photometric,
  TAG.samplesPerPixel,
  TAG.planarConfiguration,
  266, // FillOrder
  317, // Predictor
  320, // ColorMap
  332, // InkSet
  334, // NumberOfInks
  TAG.extraSamples,
  TAG.sampleFormat,
  347, // JPEGTables
  529, // YCbCrCoefficients
  TAG.chromaSubsampling,
  531, // YCbCrPositioning
  532, // ReferenceBlackWhite
];

/** A third dimension of pictures and tiles: nothing that is known here. */
const DEPTH_TAGS: readonly number[] = [32997, 32998];

const CHAIN_ONLY: ReadonlySet<number> = new Set();
const PAGE_OF_SUBIFDS: ReadonlySet<number> = new Set([TAG.subDirectories]);
const WANTED: ReadonlySet<number> = new Set([
  ...CODING_TAGS,
  ...DEPTH_TAGS,
  TAG.width,
  TAG.height,
  TAG.tileWidth,
  TAG.tileHeight,
  TAG.tileOffsets,
  TAG.tileByteCounts,
  TAG.profile,
]);

const JPEG = 7;
/** None, LZW, JPEG, Deflate, PackBits, Deflate by its older number: each tile is decoded by itself. */
const COMPRESSIONS: ReadonlySet<number> = new Set([1, 5, JPEG, 8, 32773, 32946]);

const WHITE_IS_ZERO = 0;
const YCBCR = 6;
/** White is 0, black is 0, RGB, palette, CMYK, YCbCr. */
const COLOURS: ReadonlySet<number> = new Set([0, 1, 2, 3, 5, YCBCR]);

const CONTIGUOUS = 1;

/** Enough for the largest slides; a damaged file may claim any number. */
const MAX_TILES = 16_000_000;

/**
 * The tiles of a level, or null where tiles of such a kind are better left to libvips and the whole file: odd depths,
 * compressions and colours that are no slide's. Throws an Error where the directory is damaged.
 */
export async function readTileLayout(handle: FileHandle, level: TiffLevel): Promise<TileLayout | null> {
  const tiff = await openTiff(handle);
  const entries = await directoryOf(tiff, level);
  const { littleEndian } = tiff;
  const numbers = (tag: number) => numbersOf(entries.get(tag), littleEndian);
  const first = (tag: number, otherwise = 0) => numbers(tag)[0] ?? otherwise;
  const tile = { width: first(TAG.tileWidth), height: first(TAG.tileHeight) };
  if (first(TAG.width) !== level.width || first(TAG.height) !== level.height) return null;
  if (!(tile.width > 0 && tile.height > 0) || !isCodedPlainly(numbers)) return null;
  if ((level.plane === undefined) !== (first(TAG.planarConfiguration, CONTIGUOUS) === CONTIGUOUS)) return null;
  if (DEPTH_TAGS.some((tag) => entries.has(tag))) return null;
  const columns = Math.ceil(level.width / tile.width);
  const rows = Math.ceil(level.height / tile.height);
  const tiles = columns * rows;
  const inFile = level.plane === undefined ? tiles : tiles * first(TAG.samplesPerPixel, 1);
  const offsets = entries.get(TAG.tileOffsets);
  const byteCounts = entries.get(TAG.tileByteCounts);
  if (inFile > MAX_TILES || offsets?.count !== inFile || byteCounts?.count !== inFile) return null;
  const firstTile = tiles * (level.plane ?? 0);
  const hasInkProfile = level.hasInkProfile === true;
  const isCoding = (tag: number) => CODING_TAGS.includes(tag) || (hasInkProfile && tag === TAG.profile);
  const stored = new Map([...entries].filter(([tag]) => isCoding(tag)));
  const coding = level.plane === undefined ? stored : codingOfPlane(stored, littleEndian);
  // Written into a TIFF of the older kind, which has no such types.
  if ([...coding.values()].some(({ type }) => type === TYPE.long8 || type === TYPE.ifd8)) return null;
  const hasOthers = hasOtherSamples({
    samples: level.plane === undefined ? first(TAG.samplesPerPixel, 1) : 1,
    photometric: numbers(TAG.photometric)[0],
    extraSample: numbers(TAG.extraSamples)[0],
  });
  return { tile, columns, rows, offsets, byteCounts, firstTile, hasOthers, hasInkProfile, littleEndian, coding };
}

/** Where a tile, by its row-major number, begins in the file, and its bytes; 0 where the file tells no such numbers. */
export function placeOfTile(
  { offsets, byteCounts, firstTile, littleEndian }: TileLayout,
  tile: number,
): { offset: number; length: number } {
  const at = (entry: TiffEntry) => numberAt(entry, firstTile + tile, littleEndian) ?? 0;
  return { offset: at(offsets), length: at(byteCounts) };
}

/** Whether each tile is a JPEG stream (TIFF Technical Note 2). */
export function isJpeg({ coding, littleEndian }: TileLayout): boolean {
  return numbersOf(coding.get(TAG.compression), littleEndian)[0] === JPEG;
}

/** One plane, by itself, is grey. */
function codingOfPlane(stored: TiffEntries, littleEndian: boolean): TiffEntries {
  const coding = new Map(stored);
  const one = { type: TYPE.short, count: 1, bytes: Uint8Array.from(littleEndian ? [1, 0] : [0, 1]) };
  coding.set(TAG.samplesPerPixel, one);
  if (numbersOf(stored.get(TAG.photometric), littleEndian)[0] !== WHITE_IS_ZERO) coding.set(TAG.photometric, one);
  for (const tag of [TAG.bitsPerSample, TAG.sampleFormat]) {
    const entry = stored.get(tag);
    if (entry) coding.set(tag, { ...entry, count: 1, bytes: entry.bytes.slice(0, entry.bytes.length / entry.count) });
  }
  for (const tag of [TAG.planarConfiguration, TAG.extraSamples]) coding.delete(tag);
  return coding;
}

async function directoryOf(tiff: TiffFile, { page, subifd }: TiffLevel): Promise<TiffEntries> {
  let offset = tiff.first;
  for (let index = 0; index < page; index++) offset = (await readDirectory(tiff, offset, CHAIN_ONLY)).next;
  if (subifd < 0) return (await readDirectory(tiff, offset, WANTED)).entries;
  const { entries } = await readDirectory(tiff, offset, PAGE_OF_SUBIFDS);
  const child = numbersOf(entries.get(TAG.subDirectories), tiff.littleEndian)[subifd];
  return (await readDirectory(tiff, child, WANTED)).entries;
}

function isCodedPlainly(numbers: (tag: number) => number[]): boolean {
  const compression = numbers(TAG.compression)[0] ?? 1;
  const photometric = numbers(TAG.photometric)[0];
  const bits = numbers(TAG.bitsPerSample);
  return (
    COMPRESSIONS.has(compression) &&
    COLOURS.has(photometric) &&
    // Uncompressed YCbCr goes through a conversion that treats the tiles at a picture's edge on their own.
    (photometric !== YCBCR || compression === JPEG) &&
    bits.length > 0 &&
    bits.every((depth) => depth === bits[0] && (depth === 8 || depth === 16))
  );
}

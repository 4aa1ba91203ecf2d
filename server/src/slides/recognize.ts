import { stat } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { DESCRIPTOR_BYTES, deepZoomKind } from './deep-zoom-source.ts';
import { fileProblem, firstBytes, pictureFormat, reason, unreadable } from './image-file.ts';
import { isSourceText, SOURCE_BYTES, SOURCE_EXAMPLE } from './remote/source-file.ts';
import type { ReaderName } from './slide.ts';
import { isAperioJpeg2000 } from './tiff-compression.ts';
import { isLargeHamamatsu, readTiffDirectories, type TiffDirectory } from './tiff-directories.ts';
import { mainPage } from './tiff-levels.ts';
import { isVmsPart } from './vms-parts.ts';
import { xmlText } from './xml-attributes.ts';

/**
 * Endings of the files that a catalogue of slides lists. What a file is, its contents say: a TIFF with another ending is
 * read all the same when it is named.
 */
export const SLIDE_ENDINGS = [
  ...['.jpg', '.jpeg', '.png', '.webp', '.tif', '.tiff'],
  ...['.svs', '.ndpi', '.vms', '.vmu', '.scn', '.mrxs', '.bif', '.svslide', '.dcm'],
  ...['.dzi', '.dzc'],
  '.json',
] as const;

/** Folders of tiles beside them, which are no slides. */
export const SLIDE_PARTS = [{ file: '.dzi', folder: '_files' }] as const;

/** Ends of the names of folders that are a slide as a whole. */
export const SLIDE_FOLDER_ENDINGS = ['.zarr'] as const;

/** What tells of a Zarr group, version 3 or 2, and what Zarr 2 says of an image. */
const ZARR_INDEXES = ['zarr.json', '.zattrs'] as const;

/** Files that say what a slide that is a folder is. */
export function indexFiles(file: string): string[] {
  const isFolder = SLIDE_FOLDER_ENDINGS.some((ending) => file.toLowerCase().endsWith(ending));
  return isFolder ? ZARR_INDEXES.map((index) => join(file, index)) : [];
}

/** What a file is, and which reader reads it. */
export interface Recognized {
  file: string;
  reader: ReaderName;
  format: string;
  /** Of a folder, the file in it that says what it is. */
  index?: string;
  /** Of a TIFF, in the file's order; else empty. */
  directories: TiffDirectory[];
}

const FORMATS_READ = 'JPEG, PNG, WebP, TIFF, Deep Zoom, OME-Zarr and the slide formats of OpenSlide';

/** DICOM's signature lies behind a preamble. */
const DICOM_SIGNATURE_AT = 128;
const START_BYTES = 132;

/**
 * Tells what a file is by its contents, so that no decoder for drawings or documents ever sees it. A kind of file always has
 * the same reader, whatever is installed: a slide must not change when a library does.
 * @param formatsRead what a file that is none of them is told
 * @throws Problem `not-found`, `unreadable-slide`
 */
export async function recognize(file: string, formatsRead = FORMATS_READ): Promise<Recognized> {
  const found = await stat(file).catch((error: unknown) => {
    throw fileProblem(file, error);
  });
  const index = found.isDirectory() ? await zarrIndex(file) : undefined;
  if (index !== undefined) return { file, index, reader: 'zarr', format: 'OME-Zarr', directories: [] };
  if (!found.isFile()) throw unreadable(file, 'it is a folder or a device, a file was expected');
  const start = await firstBytes(file, START_BYTES);
  if (start.length === 0) throw unreadable(file, 'the file is empty');
  if (/^(49492a00|4d4d002a|49492b00|4d4d002b)/.test(start.toString('hex'))) return recognizeTiff(file);
  const named = { file, directories: [] };
  if (await isMirax(file)) return { ...named, reader: 'openslide', format: 'MIRAX' };
  const picture = pictureFormat(start);
  if (picture !== null) return { ...named, reader: 'picture', format: picture };
  const slide = libraryFormat(start);
  if (slide !== null) return { ...named, reader: 'openslide', format: slide };
  if (isJson(start)) {
    if (await isRemoteSource(file)) return { ...named, reader: 'remote', format: 'remote' };
    throw unreadable(
      file,
      `it is JSON, of which ${SOURCE_EXAMPLE}, of type dzi, iiif or template, was expected to tell of a tile server`,
    );
  }
  if (await isDeepZoom(file, start)) return { ...named, reader: 'deep-zoom', format: 'Deep Zoom' };
  throw unreadable(file, `it is none of the formats that are read: ${formatsRead}`);
}

/** What is no TIFF and read through OpenSlide. */
function libraryFormat(start: Buffer): string | null {
  const text = start.toString('latin1');
  if (text.startsWith('[Virtual Microscope Specimen]')) return 'Hamamatsu VMS';
  if (text.startsWith('[Uncompressed Virtual Microscope Specimen]')) return 'Hamamatsu VMU';
  if (text.startsWith('SQLite format 3\0')) return 'Sakura SVSLIDE';
  if (text.startsWith('DICM', DICOM_SIGNATURE_AT)) return 'DICOM';
  return null;
}

/** A MIRAX slide's file is a picture of it, or anything: what it is, the folder beside it tells. */
async function isMirax(file: string): Promise<boolean> {
  const { dir, name, ext } = parse(file);
  if (ext.toLowerCase() !== '.mrxs') return false;
  return stat(join(dir, name, 'Slidedat.ini')).then(
    (found) => found.isFile(),
    () => false,
  );
}

/**
 * Whether a file tells of an image of another server. Not every JSON file does: most are sidecars of slides.
 * @throws Problem `not-found`, `unreadable-slide`
 */
export async function isRemoteSource(file: string): Promise<boolean> {
  // Whoever opens a pipe waits for somebody to write.
  if (!(await stat(file)).isFile()) return false;
  return isSourceText((await firstBytes(file, SOURCE_BYTES)).toString());
}

function isJson(start: Buffer): boolean {
  return /^\ufeff?\s*\{/.test(start.toString());
}

/**
 * Whether a file with one of the endings is listed: a JSON file only where it tells of a tile server, a JPEG unless it is part
 * of a slide of Hamamatsu.
 */
export async function isListedSlide(file: string): Promise<boolean> {
  if (/\.json$/i.test(file)) return isRemoteSource(file).catch(() => false);
  return !/\.jpe?g$/i.test(file) || !(await isVmsPart(file).catch(() => false));
}

/** The metadata of a Zarr group, version 3 or 2. */
async function zarrIndex(folder: string): Promise<string | undefined> {
  for (const index of ZARR_INDEXES) {
    const found = await stat(join(folder, index)).catch(() => null);
    if (found?.isFile()) return index;
  }
  return undefined;
}

/** @throws Problem `unreadable-slide` for a collection, which is many images */
async function isDeepZoom(file: string, start: Buffer): Promise<boolean> {
  if (!/^\s*</.test(xmlText(start))) return false;
  const kind = deepZoomKind(xmlText(await firstBytes(file, DESCRIPTOR_BYTES)));
  if (kind !== 'collection') return kind === 'image';
  throw unreadable(file, 'it is a Deep Zoom collection of many images, the .dzi of one of them was expected');
}

async function recognizeTiff(file: string): Promise<Recognized> {
  if (await isLargeHamamatsu(file)) return { file, reader: 'openslide', format: 'Hamamatsu NDPI', directories: [] };
  const directories = await readTiffDirectories(file).catch((error: unknown) => {
    throw unreadable(file, reason(error), error);
  });
  const [{ description, software, isHamamatsu }] = directories;
  const found = (reader: ReaderName, format: string) => ({ file, reader, format, directories });
  // These put their picture together from tiles that overlap, from parts, or from tiles that are not stored.
  if (isHamamatsu) return found('openslide', 'Hamamatsu NDPI');
  if (description.includes('http://www.leica-microsystems.com/scn/')) return found('openslide', 'Leica SCN');
  if (directories.some(({ xmp }) => xmp.includes('<iScan'))) return found('openslide', 'Ventana BIF');
  if (software.startsWith('MedScan')) return found('openslide', 'Trestle');
  if (software.startsWith('Philips')) return found('openslide', 'Philips TIFF');
  if (description.startsWith('Aperio')) {
    const { compression } = directories[mainPage(directories)];
    return isAperioJpeg2000(compression) ? found('openslide', 'Aperio SVS (JPEG 2000)') : found('tiff', 'Aperio SVS');
  }
  return found('tiff', isOme(description) ? 'OME-TIFF' : 'TIFF');
}

/** OME-XML in the description of the first directory makes a TIFF an OME-TIFF. */
function isOme(description: string): boolean {
  return description.trimStart().startsWith('<') && /<(\w+:)?OME[\s>]/.test(description);
}

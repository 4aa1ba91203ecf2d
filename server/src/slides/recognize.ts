import { open, stat } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { fileProblem, reason, unreadable } from './image-file.ts';
import type { ReaderName } from './slide.ts';
import { isAperioJpeg2000 } from './tiff-compression.ts';
import { isLargeHamamatsu, readTiffDirectories, type TiffDirectory } from './tiff-directories.ts';
import { mainPage } from './tiff-levels.ts';

/**
 * Endings of the files that a catalogue of slides lists. What a file is, its contents say: a TIFF with another ending is
 * read all the same when it is named.
 */
export const SLIDE_ENDINGS = [
  ...['.jpg', '.jpeg', '.png', '.webp', '.tif', '.tiff'],
  ...['.svs', '.ndpi', '.vms', '.vmu', '.scn', '.mrxs', '.bif', '.svslide', '.dcm'],
] as const;

/** What a file is, and which reader reads it. */
export interface Recognized {
  file: string;
  reader: ReaderName;
  format: string;
  /** Of a TIFF, in the file's order; else empty. */
  directories: TiffDirectory[];
}

const FORMATS_READ = 'JPEG, PNG, WebP, TIFF and the slide formats of OpenSlide';

/** DICOM's signature lies behind a preamble. */
const DICOM_SIGNATURE_AT = 128;
const START_BYTES = 132;

/**
 * Tells what a file is by its contents, so that no decoder for drawings or documents ever sees it. A kind of file always has
 * the same reader, whatever is installed: a slide must not change when a library does.
 * @throws Problem `not-found`, `unreadable-slide`
 */
export async function recognize(file: string): Promise<Recognized> {
  const found = await stat(file).catch((error: unknown) => {
    throw fileProblem(file, error);
  });
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
  throw unreadable(file, `it is none of the formats that are read: ${FORMATS_READ}`);
}

function pictureFormat(start: Buffer): string | null {
  const hex = start.toString('hex', 0, 8);
  if (hex.startsWith('ffd8ff')) return 'JPEG';
  if (hex === '89504e470d0a1a0a') return 'PNG';
  if (start.toString('latin1', 0, 4) === 'RIFF' && start.toString('latin1', 8, 12) === 'WEBP') return 'WebP';
  return null;
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

async function firstBytes(file: string, length: number): Promise<Buffer> {
  try {
    const handle = await open(file);
    try {
      const buffer = Buffer.alloc(length);
      const { bytesRead } = await handle.read(buffer, 0, length, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fileProblem(file, error);
  }
}

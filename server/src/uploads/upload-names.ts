import { randomBytes } from 'node:crypto';
import { Problem } from '../errors.ts';
import type { Recognized } from '../slides/recognize.ts';

/**
 * An id that cannot be guessed (128 random bits). No file of a folder has such an id, for it has no ending.
 */
export function newUploadId(): string {
  return `upload:${randomBytes(16).toString('base64url')}`;
}

/** Whether an id can be that of an upload. */
export function isUploadId(id: string): boolean {
  return /^upload:[\w-]{22}$/.test(id);
}

/** Characters of a name that are kept: with what is written beside it, below the 255 bytes of a file system. */
const LONGEST_NAME = 50;

/** What is one file and nothing beside it. */
const FORMATS_OF_ONE_FILE = [
  ...['JPEG', 'PNG', 'WebP', 'TIFF', 'OME-TIFF', 'Aperio SVS', 'Aperio SVS (JPEG 2000)', 'Hamamatsu NDPI'],
  ...['Leica SCN', 'Ventana BIF', 'Philips TIFF', 'Trestle', 'Sakura SVSLIDE'],
];

/** The same for people. */
export const FORMATS_TAKEN = 'JPEG, PNG, WebP, TIFF and slides of OpenSlide that are one file';

/**
 * A name for a file of one's own folder by what its sender calls it: letters, digits, spaces and `. _ -`, its last 50
 * characters; `image` where nothing is left.
 */
export function fileNameOf(name: string): string {
  const plain = name
    .normalize('NFC')
    .replace(/[^\p{L}\p{N}._ -]/gu, '_')
    .trim();
  const end = [...plain].slice(-LONGEST_NAME).join('');
  return end.replace(/^[. ]+/, '') || 'image';
}

/**
 * Refuses what is not all there: a slide of several files, or one that only says where its pixels lie.
 * @throws Problem `unreadable-slide`
 */
export function checkOneFile({ format }: Pick<Recognized, 'format'>, name: string): void {
  const isMirax = name.toLowerCase().endsWith('.mrxs');
  if (FORMATS_OF_ONE_FILE.includes(format) && !isMirax) return;
  const found = format === 'remote' ? 'the address of a tile server' : `a part of one (${isMirax ? 'MIRAX' : format})`;
  throw new Problem(
    'unreadable-slide',
    `${name} cannot be added: an image that is one file was expected, found ${found}`,
  );
}

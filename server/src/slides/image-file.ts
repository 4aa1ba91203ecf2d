import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import sharp, { type Metadata, type Sharp, type SharpOptions } from 'sharp';
import { Problem } from '../errors.ts';

// libvips keeps opened files and decoded tiles by name: a replaced file would be served stale, and a lock around each
// kept file makes concurrent reads of it twice as slow (measured; nothing is lost on single ones).
sharp.cache(false);

/**
 * Pixels as stored: no colour profile, and no rotation unless it is asked for. Below `warning` libvips gives black pixels for
 * a damaged tile of a TIFF and for the rest of a damaged JPEG, and says nothing.
 */
const READ_OPTIONS: SharpOptions = {
  limitInputPixels: false,
  unlimited: true,
  ignoreIcc: true,
  autoOrient: false,
  failOn: 'warning',
};

/** Opens one picture of a file, or of a file's bytes; nothing is read before the pipeline's end is asked for. */
export function openImage(file: string | Uint8Array, options: SharpOptions = {}): Sharp {
  return sharp(file, { ...READ_OPTIONS, ...options });
}

/**
 * 8-bit RGB of any input: grey and palette expanded, CMYK converted, the high byte of 16-bit samples, alpha over white.
 * @param hasOthers whether pixels have samples beside their colours that are no alpha: those are passed over
 */
export function asRgb(image: Sharp, hasOthers = false): Sharp {
  const opaque = hasOthers ? image : image.flatten({ background: '#ffffff' });
  return opaque.toColourspace('srgb').removeAlpha();
}

/**
 * Whether a picture is CMYK and has a profile of CMYK of its own: ink has no colours that could be left as they are, so
 * that it is not asked what is shown and what models see.
 */
export function hasInkProfile({ space, icc }: Metadata): boolean {
  return space === 'cmyk' && icc !== undefined && profileSpace(icc) === 'CMYK';
}

/**
 * What libvips says of a page of a file, which has samples that become RGB.
 * @throws Problem `unreadable-slide`
 */
export async function checkSamples(file: string, page: number): Promise<Metadata> {
  const metadata = await openImage(file, { page })
    .metadata()
    .catch((error: unknown) => {
      throw unreadable(file, reason(error), error);
    });
  if (metadata.depth !== 'uchar' && metadata.depth !== 'ushort') {
    throw unreadable(
      file,
      `8 or 16 bits per channel without sign were expected, its samples are of type ${metadata.depth}`,
    );
  }
  return metadata;
}

/** The ICC profile that a page of a file names as that of its colours; one of other colours says nothing of them. */
export async function profileIn(file: string, page: number): Promise<Uint8Array | undefined> {
  const { icc, space } = await openImage(file, { page }).metadata();
  return icc !== undefined && profileSpace(icc) === profileSpaceOf(space) ? icc : undefined;
}

/** How a profile names the colours that libvips has as `space`; what has no name of its own becomes RGB by itself. */
function profileSpaceOf(space: Metadata['space']): string {
  if (space === 'cmyk') return 'CMYK';
  if (space === 'b-w' || space === 'grey16') return 'GRAY';
  return space === 'lab' || space === 'labq' || space === 'labs' ? 'Lab ' : 'RGB ';
}

/** Bytes of an ICC profile's header that name the colours that it is of (ICC.1, 7.2). */
const SPACE = { at: 16, end: 20 };

/**
 * The colours that an ICC profile is of, by their signature of four letters: `RGB `, `GRAY`, `CMYK`. Of bytes that are no
 * profile whatever stands there, and empty where they end earlier.
 */
export function profileSpace(profile: Uint8Array): string {
  return Buffer.from(profile.subarray(SPACE.at, SPACE.end)).toString('latin1');
}

/** What the first bytes of a file say; null where it is none of the pictures that are read. */
export function pictureFormat(start: Buffer): string | null {
  const hex = start.toString('hex', 0, 8);
  if (hex.startsWith('ffd8ff')) return 'JPEG';
  if (hex === '89504e470d0a1a0a') return 'PNG';
  if (start.toString('latin1', 0, 4) === 'RIFF' && start.toString('latin1', 8, 12) === 'WEBP') return 'WebP';
  return null;
}

/** At most so many bytes from a file's start. @throws Problem `not-found`, `unreadable-slide` */
export async function firstBytes(file: string, length: number): Promise<Buffer> {
  try {
    // A pipe that nobody writes to would be waited for.
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
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

/** The Problem behind a failed open, stat or read of the user's file. */
export function fileProblem(file: string, error: unknown): Problem {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new Problem('not-found', `${file}: expected a slide, found no such file`, { cause: error });
  }
  if (code === 'EISDIR') return unreadable(file, 'it is a folder, a file was expected', error);
  if (code === 'EACCES' || code === 'EPERM') return unreadable(file, 'this user may not read the file', error);
  return unreadable(file, reason(error), error);
}

/** `unreadable-slide`, one sentence that names the file. */
export function unreadable(file: string, because: string, cause?: unknown): Problem {
  return new Problem('unreadable-slide', `${basename(file)} cannot be read as a slide: ${because}`, { cause });
}

/** The first line of a library's error, shortened, for the end of a sentence. */
export function reason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    // What sharp puts before what libvips said.
    .filter((line) => line !== '' && !line.startsWith('Warning treated as error'));
  const [first = 'unknown reason', second = ''] = lines;
  return (first.endsWith(':') ? `${first} ${second}` : first).replace(/[:\s]+$/, '').slice(0, 160);
}

import { stat, statfs } from 'node:fs/promises';
import type { Size } from '../../../shared/geometry/deep-zoom.ts';
import { Problem } from '../errors.ts';
import { fileVersion } from './file-version.ts';
import { fileProblem, unreadable } from './image-file.ts';
import { type Conversion, losslessPyramid, PYRAMID_BYTES, PYRAMID_TILE_SIZE } from './lossless-pyramid.ts';
import type { DescriptionOptions } from './readers.ts';
import type { SlideDescription, SlideHeader } from './slide.ts';
import { readTiffDirectories } from './tiff-directories.ts';
import { tiffLevels } from './tiff-levels.ts';

/** Pixels of a picture that is decoded whole, in memory: progressive, interlaced, WebP, turned. 800 MB. */
const MOST_WHOLE_PIXELS = 2 ** 28;

/** Pixels of any picture that is converted: a pyramid of 34 GB. */
const MOST_PIXELS = 2 ** 33;

/** RGB bytes to a byte of the file, in pictures beyond `MOST_WHOLE_PIXELS`; blank glass as JPEG has 100. */
const MOST_EXPANSION = 400;

/**
 * Describes a slide by the lossless pyramid in the store, which is made of it with its first use.
 * @param picture which page of the file it is, whether it is to be turned as EXIF says, and what its samples are
 * @throws Problem `unreadable-slide`, or `failed` where the store cannot be written
 */
export async function convertedSlide(
  { file, format, reader, width, height, mpp }: SlideHeader,
  picture: Pick<Conversion, 'hasInkProfile' | 'hasOthers' | 'page' | 'turned'>,
  { fingerprint, store, mostConverted = MOST_PIXELS, onProgress, onTemporary, signal }: DescriptionOptions,
): Promise<SlideDescription> {
  const size = { width, height };
  if (width * height > mostConverted) throw untiled(file, size, mostConverted);
  const conversion = { file, ...picture, size, fingerprint };
  const regionFile = await losslessPyramid(conversion, store, {
    onProgress,
    onTemporary,
    signal,
    checkRoom: (folder) => checkRoom(folder, size),
  });
  const levels = tiffLevels(await readTiffDirectories(regionFile));
  const version = await fileVersion(regionFile);
  return {
    file,
    format,
    reader,
    width,
    height,
    mpp,
    regionFile,
    levels,
    tileSize: PYRAMID_TILE_SIZE,
    fingerprint,
    version,
  };
}

/**
 * Refuses what would fill memory or disk when it is converted: a header may claim any size, and little data may unpack to
 * very much.
 * @param isWhole whether it has to be decoded whole
 * @throws Problem `unreadable-slide`
 */
export async function checkConvertible(file: string, { width, height }: Size, isWhole: boolean): Promise<void> {
  const pixels = width * height;
  if (isWhole && pixels > MOST_WHOLE_PIXELS) {
    throw unreadable(
      file,
      `it has ${width} x ${height} pixels, which have to be decoded all at once; at most ${MOST_WHOLE_PIXELS} pixels were expected, or a tiled TIFF`,
    );
  }
  if (pixels > MOST_PIXELS) throw untiled(file, { width, height }, MOST_PIXELS);
  const { size } = await stat(file).catch((error: unknown) => {
    throw fileProblem(file, error);
  });
  if (pixels > MOST_WHOLE_PIXELS && 3 * pixels > MOST_EXPANSION * size) {
    throw unreadable(
      file,
      `${size} bytes would unpack to ${width} x ${height} pixels; at most ${MOST_EXPANSION} times its size was expected`,
    );
  }
}

function untiled(file: string, { width, height }: Size, most: number): Problem {
  return unreadable(
    file,
    `it has ${width} x ${height} pixels and no tiles to read them by; at most ${most} pixels were expected, or a tiled TIFF`,
  );
}

/** @throws Problem `failed` where the pyramid would fill the disk */
async function checkRoom(folder: string, { width, height }: Size): Promise<void> {
  const needed = width * height * PYRAMID_BYTES;
  const found = await statfs(folder).catch(() => null);
  if (found === null || found.bavail * found.bsize >= needed) return;
  const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(1);
  throw new Problem(
    'failed',
    `${folder} cannot be written: the tiled pyramid of a slide of ${width} x ${height} pixels takes ${gigabytes(needed)} GB, ${gigabytes(found.bavail * found.bsize)} GB are free`,
  );
}

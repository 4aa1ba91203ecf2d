import { open } from 'node:fs/promises';
import { readTiffDirectories } from './tiff-directories.ts';
import { openTiff, readDirectory, TAG } from './tiff-file.ts';
import { mainPage } from './tiff-levels.ts';

const NOTHING: ReadonlySet<number> = new Set();
const PROFILE: ReadonlySet<number> = new Set([TAG.profile]);

/**
 * The ICC profile of the picture that is the slide, of a TIFF that libvips need not understand, or undefined.
 * @throws Error where it is no TIFF
 */
export async function tiffProfile(file: string): Promise<Uint8Array | undefined> {
  const page = mainPage(await readTiffDirectories(file));
  const handle = await open(file);
  try {
    const tiff = await openTiff(handle);
    let offset = tiff.first;
    for (let index = 0; index < page; index++) offset = (await readDirectory(tiff, offset, NOTHING)).next;
    return (await readDirectory(tiff, offset, PROFILE)).entries.get(TAG.profile)?.bytes;
  } finally {
    await handle.close();
  }
}

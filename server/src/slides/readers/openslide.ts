import { createHash } from 'node:crypto';
import type { Rectangle } from '../../../../shared/geometry/deep-zoom.ts';
import type { Problem } from '../../errors.ts';
import { copyOverlap, type RegionPixels } from '../copy-pixels.ts';
import { fileVersion } from '../file-version.ts';
import { reason, unreadable } from '../image-file.ts';
import { LibraryError, type LibraryFile, type LibrarySlide, openLibrary } from '../openslide/library.ts';
import type { Reader, RegionSource } from '../readers.ts';
import type { Recognized } from '../recognize.ts';
import { squareMpp } from '../resolution.ts';
import type { OpenSlideLevel, SlideDescription, SlideHeader } from '../slide.ts';
import { levelDistance } from '../tiff-levels.ts';
import { tiffProfile } from '../tiff-profile.ts';
import { servedTileSize } from '../tile-grid.ts';

const INSTALL =
  'install it (Debian, Ubuntu: apt-get install libopenslide0; Fedora: dnf install openslide; macOS: brew install openslide)';

/** Pixels that are asked for at once, along a side. */
const BLOCK = 2048;

/** Levels of which width and height are reduced differently, by more than this, are no levels of the slide. */
const SAME_RATIO = 0.01;

/** One for all slides of this process. */
const library = openLibrary();

/** What OpenSlide reads and nothing else here does; the library is called in a process of its own. */
export const openslideReader: Reader = {
  async header(recognized) {
    const slide = { file: recognized.file, version: await fileVersion(recognized.file) };
    return headerOf(recognized, await describe(recognized, slide));
  },

  async describe(recognized, { fingerprint, version }) {
    const { file, format } = recognized;
    const described = await describe(recognized, { file, version });
    const { reader, width, height, mpp } = headerOf(recognized, described);
    const description: SlideDescription = {
      ...{ file, format, reader, width, height, mpp, regionFile: file, version },
      levels: usableLevels(described.levels),
      tileSize: servedTileSize({ width: Number(described.tileWidth), height: Number(described.tileHeight) }),
      fingerprint: wholeFingerprint(fingerprint, described.quickhash),
    };
    const pixel = { x: 0, y: 0, width: 1, height: 1, data: new Uint8Array(3) };
    await openSource(description).fill(0, [pixel]);
    return description;
  },

  open: openSource,

  // OpenSlide 4.0 tells it of some formats, older ones of none: what it is must not depend on that.
  profile: async ({ file, version }) =>
    (await library.profile({ file, version })) ?? (await tiffProfile(file).catch(() => undefined)),

  associated: {
    async list({ file }) {
      const slide = { file, version: await fileVersion(file) };
      return library.associated(slide).catch((error: unknown) => {
        throw problem(file, error);
      });
    },
    async read({ file }, { name, width, height }) {
      const slide = { file, version: await fileVersion(file) };
      const data = await library.readAssociated(slide, { name, width, height }).catch((error: unknown) => {
        throw problem(file, error, `its image ${name} cannot be decoded`);
      });
      return { width, height, data };
    },
  },
};

function openSource(description: SlideDescription): RegionSource {
  const { file, version } = description;
  return {
    async fill(number, regions) {
      const level = openSlideLevel(description, number);
      await Promise.all(
        regions.flatMap((region) => blocks(region).map((block) => fillBlock(description, level, block, region))),
      );
    },
    async encoded(number, { x, y, width, height }, coding) {
      if (width > BLOCK || height > BLOCK) return null;
      const level = openSlideLevel(description, number);
      return reading(description, level, { x, y, width, height }, (slide, place) =>
        library.encode(slide, level.index, place, coding),
      );
    },
    close: async () => library.close({ file, version }),
  };
}

/** Squares that a region is read in, from its own corner on: what is asked for beside it changes no bit. */
function blocks({ x, y, width, height }: Rectangle): Rectangle[] {
  const found: Rectangle[] = [];
  for (let down = 0; down < height; down += BLOCK) {
    for (let across = 0; across < width; across += BLOCK) {
      const size = { width: Math.min(BLOCK, width - across), height: Math.min(BLOCK, height - down) };
      found.push({ x: x + across, y: y + down, ...size });
    }
  }
  return found;
}

async function fillBlock(
  description: SlideDescription,
  level: OpenSlideLevel,
  block: Rectangle,
  target: RegionPixels,
): Promise<void> {
  const data = await reading(description, level, block, (slide, place) => library.read(slide, level.index, place));
  copyOverlap({ ...block, data }, target);
}

/** @param read is given the block with its corner in pixels of level 0 */
async function reading<T>(
  { file, version, levels }: SlideDescription,
  level: OpenSlideLevel,
  block: Rectangle,
  read: (slide: LibraryFile, place: Rectangle) => Promise<T>,
): Promise<T> {
  const x = Math.round(block.x * level.downsample);
  const y = Math.round(block.y * level.downsample);
  try {
    return await read({ file, version }, { ...block, x, y });
  } catch (error) {
    const where = `its pixels at ${block.x}, ${block.y} of level ${levels.indexOf(level)} cannot be decoded`;
    throw problem(file, error, where);
  }
}

function openSlideLevel({ levels }: SlideDescription, number: number): OpenSlideLevel {
  const level = levels[number];
  if (!('index' in level)) throw new TypeError(`level ${number} is not one of OpenSlide`);
  return level;
}

async function describe({ file, format }: Recognized, slide: LibraryFile): Promise<LibrarySlide> {
  try {
    return await library.describe(slide);
  } catch (error) {
    if (error instanceof LibraryError && error.isMissing) {
      throw unreadable(file, `${format} is read through OpenSlide, and ${error.message}: ${INSTALL}`, error);
    }
    if (format === 'DICOM') throw problem(file, error, 'DICOM needs OpenSlide 4.0 or later, and a slide');
    throw problem(file, error);
  }
}

function problem(file: string, error: unknown, what?: string): Problem {
  if (!(error instanceof LibraryError)) throw error;
  return unreadable(file, what === undefined ? reason(error) : `${what} (${reason(error)})`, error);
}

function headerOf({ file, format }: Recognized, { levels, mppX, mppY, objective }: LibrarySlide): SlideHeader {
  const { width, height } = levels[0] ?? { width: 0, height: 0 };
  if (!(width > 0 && height > 0))
    throw unreadable(file, `its size is ${width} x ${height}, at least one pixel on each side was expected`);
  return {
    ...{ file, format, reader: 'openslide', width, height, channels: [] },
    mpp: mppX === null ? null : squareMpp(Number(mppX), Number(mppY ?? mppX)),
    objective: Number(objective) || null,
    levels: usableLevels(levels).map((level) => ({ width: level.width, height: level.height })),
  };
}

/** Levels that are the whole slide, smaller and smaller. */
function usableLevels(levels: readonly OpenSlideLevel[]): OpenSlideLevel[] {
  const [full] = levels;
  const usable = [full];
  for (const level of levels.slice(1)) {
    if (level.downsample <= usable[usable.length - 1].downsample) continue;
    const ratio = full.width / level.width / (full.height / level.height);
    if (levelDistance(full, level) !== null || Math.abs(ratio - 1) <= SAME_RATIO) usable.push(level);
  }
  return usable;
}

/** Of all files of a slide: what was named may be a small one of them. */
function wholeFingerprint(fingerprint: string, quickhash: string | null): string {
  return createHash('sha256').update(`${fingerprint} ${quickhash}`).digest('hex').slice(0, 16);
}

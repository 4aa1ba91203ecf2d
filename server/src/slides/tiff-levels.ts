import type { Size } from '../../../shared/geometry/deep-zoom.ts';
import type { TiffLevel, TiffPlace } from './slide.ts';
import type { TiffDirectory } from './tiff-directories.ts';
import { planesOf } from './tiff-samples.ts';

/** Tiles above this many pixels a side are no way to read a region; such a file is converted as a striped one is. */
const LARGEST_TILE = 2048;

/**
 * A pyramid whose smallest level is larger than this on a side has no level for an overview: each overview tile would
 * decode all of it.
 */
const LARGEST_OVERVIEW = 4096;

/** The picture of a TIFF that is the slide: the largest page. */
export function mainPage(directories: readonly TiffDirectory[]): number {
  let main = 0;
  directories.forEach(({ width, height }, page) => {
    if (width * height > directories[main].width * directories[main].height) main = page;
  });
  return main;
}

/**
 * The levels that regions can be read from, full resolution first: the main page, then those pages or SubIFDs of it
 * whose size is that of the main page divided by a power of two, rounded up or down, and that are tiled. Labels,
 * thumbnails and macro pictures have other proportions. Empty where the main page itself is not tiled.
 */
export function tiffLevels(directories: readonly TiffDirectory[]): TiffLevel[] {
  const page = mainPage(directories);
  const main = directories[page];
  if (!hasUsableTiles(main)) return [];
  const levels = new Map<number, TiffLevel>([[0, levelAt(main, { page, subifd: -1 })]]);
  const add = (directory: TiffDirectory, where: { page: number; subifd: number }) => {
    const distance = levelDistance(main, directory);
    if (distance === null || levels.has(distance) || !hasUsableTiles(directory)) return;
    levels.set(distance, levelAt(directory, where));
  };
  main.subDirectories.forEach((directory, subifd) => {
    add(directory, { page, subifd });
  });
  directories.forEach((directory, other) => {
    if (other !== page) add(directory, { page: other, subifd: -1 });
  });
  return [...levels].sort(([a], [b]) => a - b).map(([, level]) => level);
}

function levelAt(directory: TiffDirectory, where: { page: number; subifd: number }): TiffLevel {
  const size = { width: directory.width, height: directory.height };
  const [first, green, blue] = planesOf(directory) ?? [];
  if (first === undefined) return { ...size, ...where };
  const one = { ...size, ...where, plane: first };
  if (green === undefined || blue === undefined) return one;
  return {
    ...one,
    planes: [
      { ...where, plane: green },
      { ...where, plane: blue },
    ],
  };
}

/**
 * The levels of a picture whose red, green and blue are pages of their own, each with its pyramid in SubIFDs, the first three
 * of its size; or null where they are not.
 */
export function colourPlaneLevels(directories: readonly TiffDirectory[]): TiffLevel[] | null {
  const page = mainPage(directories);
  const { width, height } = directories[page];
  const isPlane = (at: number) => directories[at]?.width === width && directories[at]?.height === height;
  const isGrey = directories.slice(page, page + 3).every(({ samples }) => samples === 1);
  if (!isGrey || !isPlane(page + 1) || !isPlane(page + 2)) return null;
  const [red, green, blue] = [0, 1, 2].map((plane) => planeLevels(directories, page + plane));
  const levels = red.filter((_, i) => isSameSize(red[i], green[i]) && isSameSize(red[i], blue[i]));
  return levels.map((level, i) => ({ ...level, planes: [place(green[i]), place(blue[i])] }));
}

/** What lies at a page and below it. */
function planeLevels(directories: readonly TiffDirectory[], page: number): TiffLevel[] {
  return tiffLevels([directories[page]]).map((level) => ({ ...level, page }));
}

function isSameSize(one: Size, other: Size | undefined): boolean {
  return one.width === other?.width && one.height === other.height;
}

function place({ page, subifd }: TiffLevel): TiffPlace {
  return { page, subifd };
}

/** n of the 2^n, n >= 1, by which `full` was divided to give `reduced`, or null where it was not. */
export function levelDistance(full: Size, reduced: Size): number | null {
  const distance = Math.round(Math.log2(Math.max(full.width / reduced.width, full.height / reduced.height)));
  if (!(distance >= 1)) return null;
  const fits = (length: number, part: number) => Math.abs(part - length / 2 ** distance) < 1;
  // A side of one pixel is never divided further.
  const side = (length: number, part: number) => fits(length, part) || (part === 1 && length < 2 ** distance);
  return side(full.width, reduced.width) && side(full.height, reduced.height) ? distance : null;
}

/** Whether the smallest level is small enough to serve overviews from. */
export function hasOverview(levels: readonly Size[]): boolean {
  const smallest = levels.at(-1);
  return smallest !== undefined && Math.max(smallest.width, smallest.height) <= LARGEST_OVERVIEW;
}

function hasUsableTiles({ tile }: TiffDirectory): boolean {
  return tile !== null && Math.max(tile.width, tile.height) <= LARGEST_TILE;
}

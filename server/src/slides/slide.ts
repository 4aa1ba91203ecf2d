import type { Rectangle, Size } from '../../../shared/geometry/deep-zoom.ts';
import type { RegionPixels } from './copy-pixels.ts';

/** What is known of a slide; plain data, so that it travels to worker processes. */
export interface SlideDescription extends Size {
  /** The user's file. */
  file: string;
  /** The file that regions are read from: the user's, or the lossless tiled pyramid made of it. */
  regionFile: string;
  /** `JPEG`, `PNG`, `WebP`, `TIFF`. */
  format: string;
  /** Microns per slide pixel; null where the file does not say, or says something no microscope does. */
  mpp: number | null;
  /** Full resolution first. */
  levels: SlideLevel[];
  /** Deep Zoom tile size: the file's own where square and 256 to 1024, else 256. */
  tileSize: number;
  /** Hash of size, modification time and spread blocks of the user's file. */
  fingerprint: string;
  /** Of `regionFile`, when it was described. */
  version: string;
}

/** One resolution stored in `regionFile`. */
export interface SlideLevel extends Size {
  page: number;
  /** -1 where the level is the page itself. */
  subifd: number;
}

/** Reads pixels of an opened slide. Tests may implement it. */
export interface SlideReader {
  readonly description: SlideDescription;
  /**
   * RGB pixels, row-major, 3 bytes each, of a rectangle that lies inside `levels[level]`, in that level's pixels.
   * @throws Problem `unreadable-slide` where the file is damaged there
   */
  readRegion(level: number, region: Rectangle): Promise<Uint8Array>;
  /**
   * Reads several such rectangles into memory that is there: what they share is decoded once.
   * @throws Problem `unreadable-slide` where the file is damaged in one of them
   */
  fill(level: number, regions: readonly RegionPixels[]): Promise<void>;
}

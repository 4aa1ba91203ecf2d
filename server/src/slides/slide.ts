import type { Rectangle, Size } from '../../../shared/geometry/deep-zoom.ts';
import type { RegionPixels } from './copy-pixels.ts';
import type { DeepZoomLevel } from './deep-zoom-source.ts';
import type { PictureCoding } from './picture-coding.ts';
import type { RemoteLevel } from './remote/remote-image.ts';

/** What reads a slide: a file of `readers/` each. */
export type ReaderName = 'deep-zoom' | 'openslide' | 'picture' | 'remote' | 'tiff' | 'zarr';

/** What a slide's header tells. */
export interface SlideHeader extends Size {
  /** What the user named. */
  file: string;
  /** As people know it: `JPEG`, `TIFF`, `Aperio SVS`, `Hamamatsu NDPI`. */
  format: string;
  reader: ReaderName;
  /** For people, where the file tells one. */
  title?: string;
  /** Microns per slide pixel; null where the file does not say, or says something no microscope does. */
  mpp: number | null;
  /** Magnification of the microscope's objective, where the file tells. */
  objective: number | null;
  /** Names of the channels, where there are others than red, green and blue or grey. */
  channels: string[];
  /** Resolutions that the file itself has, full resolution first. */
  levels: Size[];
}

/** What is known of a slide; plain data, so that it travels to worker processes. */
export interface SlideDescription extends Pick<SlideHeader, 'file' | 'format' | 'reader' | 'width' | 'height' | 'mpp'> {
  /** The file, or folder, that regions are read from: the user's, or the lossless tiled pyramid made of it. */
  regionFile: string;
  /** Full resolution first. */
  levels: SlideLevel[];
  /** Deep Zoom tile size: the file's own where square and 256 to 1024, else 256. */
  tileSize: number;
  /** Hash of size, modification time and spread blocks of the user's file. */
  fingerprint: string;
  /** Further files and folders that it consists of; one that changes makes it another slide. */
  companions?: string[];
  /** Of `regionFile` and of them, when it was described. */
  version: string;
  /** Part of a sentence: where its user can say its microns per pixel, unless that is its sidecar. */
  mppPlace?: string;
  /** The end of a sentence: how its user can say them here. */
  mppRemedy?: string;
}

/** One resolution stored in `regionFile`: its size, and where its reader finds it. */
export type SlideLevel = DeepZoomLevel | OpenSlideLevel | RemoteLevel | TiffLevel | ZarrLevel;

export interface TiffLevel extends Size, TiffPlace {
  /** Where its green and its blue lie, when the place itself has no more than red. */
  planes?: [green: TiffPlace, blue: TiffPlace];
  /** True where its pixels have samples beside their colours that are no alpha: those are passed over. */
  hasOthers?: true;
  /** True where it is CMYK and has a profile of CMYK of its own, by which it becomes RGB. */
  hasInkProfile?: true;
}

/** One picture of a TIFF. */
export interface TiffPlace {
  page: number;
  /** -1 where it is the page itself. */
  subifd: number;
  /** Which of its samples, where these lie apart, in tiles of their own. */
  plane?: number;
}

export interface OpenSlideLevel extends Size {
  /** OpenSlide's number of the level. */
  index: number;
  /** Slide pixels along a side of one of its pixels, as OpenSlide has it: not always a whole number. */
  downsample: number;
}

export interface ZarrLevel extends Size {
  /** Path of its array in the folder. */
  array: string;
  zarrFormat: 2 | 3;
  /** Which of the array's axes these are. */
  axes: { x: number; y: number; c?: number };
  /** The channels that are red, green and blue, or the one that is grey. */
  samples: number[];
}

/** A picture that a file has beside the slide: `thumbnail`, `label`, `macro`. */
export interface AssociatedImage extends Size {
  name: string;
}

/** RGB pixels, row-major, 3 bytes each. */
export interface RgbImage extends Size {
  data: Uint8Array;
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
  /** The JPEG file that the slide itself has of exactly such a rectangle, or null where pixels have to be encoded. */
  storedJpeg?(level: number, region: Rectangle): Promise<Uint8Array | null>;
  /** A picture file of such a rectangle, made where its pixels are, or null where they have to be read first. */
  encoded?(level: number, region: Rectangle, coding: PictureCoding): Promise<Uint8Array | null>;
}

/** A reader that somebody keeps. */
export interface OpenedSlide extends SlideReader {
  /** Lets go of what it holds; reads under way come to their end first. */
  close(): Promise<void>;
}

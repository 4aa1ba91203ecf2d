import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';
import type { RegionPixels } from './copy-pixels.ts';
import type { OnProgress } from './lossless-pyramid.ts';
import type { PictureCoding } from './picture-coding.ts';
import type { Recognized } from './recognize.ts';
import type { AssociatedImage, ReaderName, RgbImage, SlideDescription, SlideHeader } from './slide.ts';
import type { TileReader } from './tile-reader.ts';

/**
 * One way to read slides, a file of `readers/` each. What it reads need not be a file of this machine: whatever its levels
 * and the description's `regionFile` say is for itself to understand, in any process.
 */
export interface Reader {
  /** Reads no pixels. @throws Problem `unreadable-slide` */
  header(recognized: Recognized): Promise<SlideHeader>;
  /** Everything that `open` needs; finds out whether pixels can be read at all. @throws Problem `unreadable-slide`, `failed` */
  describe(recognized: Recognized, options: DescriptionOptions): Promise<SlideDescription>;
  /** Whether what cannot be seen from here still is as it was described; asked often, so it answers by what it knows. */
  isCurrent?(description: SlideDescription): boolean;
  /** Costs nothing: what reading needs is opened with the first read. */
  open(description: SlideDescription, options: OpenOptions): RegionSource;
  /** The ICC profile that the colours of a slide are in, if any; missing where such files have none. */
  profile?(description: SlideDescription): Promise<Uint8Array | undefined>;
  /** Missing where such files have nothing beside the slide. */
  associated?: AssociatedReader;
}

/** Pictures that a file has beside the slide. */
export interface AssociatedReader {
  /** @throws Problem `unreadable-slide` */
  list(recognized: Recognized): Promise<AssociatedImage[]>;
  /** @param image one of the list @throws Problem `unreadable-slide` */
  read(recognized: Recognized, image: AssociatedImage): Promise<RgbImage>;
}

/** Where the pixels of an opened slide come from. */
export interface RegionSource {
  /**
   * Fills rectangles that lie inside a level; calls may overlap in time. The bytes of a rectangle depend on no other one.
   * @throws Problem `unreadable-slide`
   */
  fill(level: number, regions: readonly RegionPixels[]): Promise<void>;
  /**
   * The JPEG file that the slide itself has of exactly these pixels, or null; missing where it never has one.
   * @throws Problem `unreadable-slide`
   */
  storedJpeg?(level: number, region: Rectangle): Promise<Uint8Array | null>;
  /**
   * A picture file of these pixels, made where they are and in one step, or null where they have to be read first; missing
   * where that is always so.
   * @throws Problem `unreadable-slide`
   */
  encoded?(level: number, region: Rectangle, coding: PictureCoding): Promise<Uint8Array | null>;
  close(): Promise<void>;
}

export interface DescriptionOptions {
  /** Of the user's file. */
  fingerprint: string;
  version: string;
  /** Folder of the server's data; the pyramids that had to be made lie in its `slides`. */
  store: string;
  /** Pixels of a picture of which a pyramid has to be made; 2^33 unless given. */
  mostConverted?: number;
  /** Called, 0 to 1, while a pyramid is made. */
  onProgress?: OnProgress;
  /** Told in a sentence, once for each process, where pyramids cannot be kept and are made in a temporary folder. */
  onTemporary?: (message: string) => void;
  /** Ends the wait for a pyramid. */
  signal?: AbortSignal;
}

export interface OpenOptions {
  /** May be shared by the readers of many slides. */
  tiles: TileReader;
}

const READERS: Record<ReaderName, () => Promise<Reader>> = {
  'deep-zoom': async () => (await import('./readers/deep-zoom.ts')).deepZoomReader,
  openslide: async () => (await import('./readers/openslide.ts')).openslideReader,
  picture: async () => (await import('./readers/picture.ts')).pictureReader,
  remote: async () => (await import('./readers/remote.ts')).remoteReader,
  tiff: async () => (await import('./readers/tiff.ts')).tiffReader,
  zarr: async () => (await import('./readers/zarr.ts')).zarrReader,
};

/** A reader by its name, loaded with its first use. */
export function readerNamed(name: ReaderName): Promise<Reader> {
  return READERS[name]();
}
